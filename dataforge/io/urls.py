"""Locations that are URLs: which file system reads them, and what must not stand in them."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable
from typing import Any, TypeGuard, TypeVar

from dataforge.errors import InputError, MissingDependencyError, UsageError, masked

T = TypeVar("T")

_S3 = "'s3fs>=2025.3' 'aiobotocore>=2.16'"
_PACKAGES = {
    "s3": _S3,
    "s3a": _S3,
    "gs": "'gcsfs>=2025.3'",
    "gcs": "'gcsfs>=2025.3'",
} | dict.fromkeys(("http", "https"), "'aiohttp>=3.8'")
"""Scheme -> the packages that read it, those of the extras."""

_TRIES = 4
_FIRST_WAIT = 0.25  # seconds; each further one is twice as long
WITH_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs"})
"""Schemes of stores; their packages try again themselves, with longer and longer waits."""

_FINAL = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError,
          NotADirectoryError, NotImplementedError)  # fmt: skip


def is_url(location: str) -> bool:
    """Whether a location is not a path."""
    return "://" in location


def scheme_of(url: str) -> str:
    """The part before ``://``, in lower case."""
    return url.partition("://")[0].lower()


def without_file_scheme(location: str) -> str:
    """The path that a URL of a local file stands for; others unchanged.

    >>> without_file_scheme("file:///data/set"), without_file_scheme("s3://bucket/set")
    ('/data/set', 's3://bucket/set')
    """
    return location[7:] if location.lower().startswith("file://") else location


def file_system(url: str) -> tuple[Any, str]:
    """(the fsspec file system of a URL, the path in it).

    Raises:
        UsageError: the URL has credentials or a query, is chained, or of an unknown scheme.
        MissingDependencyError: a package is needed that is not installed.
    """
    scheme, _, rest = url.partition("://")
    if "::" in url:
        raise UsageError(f"{masked(url)}: chained URLs are not read; name one location")
    if "@" in rest.split("/", 1)[0]:
        raise UsageError(
            f"{masked(url)}: credentials do not belong into a URL; use the environment, or the "
            "configuration files of the service"
        )
    if scheme.lower() in WITH_BUCKETS and not rest.partition("/")[0]:
        raise UsageError(f"{url}: names no bucket")
    if scheme.lower() in ("http", "https") and "?" in url:
        raise UsageError(f"{masked(url)}: URLs with a query are not read; download the file first")
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(f"{scheme.lower()}://{rest}")
    except ImportError as error:
        packages = _PACKAGES.get(scheme.lower())
        how = f"pip install {packages}" if packages else one_sentence(error)
        raise MissingDependencyError(f"{url}: requires a package that is missing: {how}") from error
    except ValueError as error:
        known = "file, memory, s3, gs, http and https"
        raise UsageError(f"{url}: cannot be opened ({one_sentence(error)}); usual are {known}"
                         ) from error  # fmt: skip
    return fs, str(path).rstrip("/")


def tag_of(info: dict[str, Any]) -> str:
    """What a store says that changes with the content of an object; empty if it has none."""
    return str(info.get("ETag") or info.get("etag") or "")


def state_of(info: dict[str, Any]) -> str:
    """Differs after an object was written with another content, or at all where it has no tag."""
    when = info.get("LastModified") or info.get("mtime") or info.get("created") or ""
    return tag_of(info) or f"{info.get('size')} {when}"


def attempt(work: Callable[[], T], url: str) -> T:
    """Call something that asks a store, and again if it may be better by then.

    Args:
        work: to be called.
        url: of what is asked for.

    Raises:
        OSError: the store says that it is not there, that it may not be read, or the like.
        InputError: the store cannot be reached, or fails again and again.
    """
    tries = 1 if scheme_of(url) in WITH_BUCKETS else _TRIES
    for number in range(1, tries + 1):
        try:
            return work()
        except Exception as error:  # packages raise whatever they like
            cause = error.__cause__
            if isinstance(error, FileNotFoundError) and _is_of_network(cause) and _may_pass(cause):
                error = cause  # as which that of HTTP passes all of its troubles off
            if isinstance(error, _FINAL) or getattr(error, "errno", None) == errno.ESTALE:
                raise
            if number == tries or not _may_pass(error):
                raise InputError(f"{url}: cannot be read: {one_sentence(error)}") from error
            time.sleep(_FIRST_WAIT * 2 ** (number - 1))
    raise AssertionError  # pragma: no cover


def _may_pass(error: Exception) -> bool:
    """Whether an error is one of the network or of a server that is busy."""
    status = getattr(error, "status", None)
    if isinstance(status, int) and status:
        return status >= 500 or status in (408, 429)
    return isinstance(error, OSError) or _is_of_network(error)


def _is_of_network(error: BaseException | None) -> TypeGuard[Exception]:
    # By their names, as to import asyncio takes a while.
    return isinstance(error, Exception) and (
        type(error).__name__ == "TimeoutError" or type(error).__module__.startswith("aiohttp.")
    )


def one_sentence(error: Exception) -> str:
    """What an exception says, without secrets."""
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
        return "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return masked(re.sub(r"\s+", " ", str(text)).strip().rstrip("."))
