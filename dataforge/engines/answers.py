"""What parent and workers send each other: a function, and answers of results or exceptions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from traceback import format_exception
from typing import Any

from dataforge.errors import UsageError


def pickled(function: Callable[..., Any]) -> bytes:
    """A function for workers.

    Raises:
        UsageError: it cannot be sent.
    """
    try:
        return pickle.dumps(function, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"{function!r} cannot be sent to another process: {error}") from error


def answer(load: Callable[[], Callable[[Any], Any]], item: bytes) -> bytes:
    """(result, exception, traceback text), pickled; no text if the exception contains it."""
    try:
        result = load()(pickle.loads(item))
        return pickle.dumps((result, None, ""), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        error: BaseException = MemoryError()  # without its traceback, which keeps the memory
    except BaseException as raised:  # noqa: BLE001 - SystemExit is re-raised in the parent as well
        error = raised
    text = "".join(format_exception(error))
    if _travels(error):
        return pickle.dumps((None, error, text))
    return pickle.dumps((None, RuntimeError(text), ""))


def _travels(error: BaseException) -> bool:
    """Whether an exception survives pickling; False if its arguments do not fit (lxml's)."""
    try:
        return isinstance(pickle.loads(pickle.dumps(error)), BaseException)
    except Exception:  # noqa: BLE001 - a class may fail in any way
        return False


class WorkerTraceback(Exception):  # noqa: N818 - shown as a traceback, never caught
    """The traceback of an exception in the worker, set as the cause of that exception here."""

    def __init__(self, text: str) -> None:
        super().__init__(f'\n"""\n{text}"""')


def opened(message: bytes) -> Any:
    """The result in an answer, or its exception, raised."""
    result, error, text = pickle.loads(message)
    if error is not None:
        raise error from (WorkerTraceback(text) if text else None)
    return result
