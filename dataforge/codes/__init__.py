"""All codes of findings: one page each, ``<group>/<code>.md``.

    ---
    severity: warning
    fix: unsafe
    ---
    # An object without area

    ## What ... ## Why ... ## Example ... ## Fix ...

The front matter is all that the program knows about a code, and is defined nowhere else: `severity`
of its findings (if there are several, the first is the default), `fix`, `safe` or `unsafe`, if
``check --fix`` can fix it, `opens`, `images` if image headers have to be read to find it, or
`pixels` if images have to be decoded, and `once`, `yes` if all of its findings usually have one
cause: a report then has one, with a count and examples. A code names the problem, not the fix, in
kebab-case, and never changes.

Findings are created from their code, so that none can lack a page::

    yield code("zero-area").at(place, "'cat' has no area", "redraw or delete it")
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from dataforge.codes.pages import Page, parse_page
from dataforge.errors import DataforgeError, UsageError, did_you_mean, shortened
from dataforge.findings import Edit, Finding, Place, Severity

__all__ = ["GROUPS", "Code", "add_page", "code", "codes", "codes_of", "find_code", "groups"]

GROUPS: dict[str, str] = {
    "boxes": "boxes, polygons and masks",
    "classes": "class names and how often they occur",
    "coco": "COCO files only",
    "config": "training configs, read without running them",
    "files": "files, names and images",
    "labelme": "labelme files only",
    "reading": "reading files of any format",
    "smoke": "the preflight of `dataforge smoke`",
    "splits": "which images are for training and which for evaluation",
    "voc": "Pascal VOC files only",
    "writing": "the output of convert, register, split and coco",
    "yolo": "YOLO files only",
}
"""What `dataforge explain` says of them; a folder that is not named here is a group, too, and that
of a format has its codes."""


class Code(msgspec.Struct, frozen=True):
    """One code.

    Attributes:
        name: kebab-case.
        group: one of `GROUPS`, or a plug-in's own.
        page: what `dataforge explain` prints.
        severities: of its findings, the default first.
        fix: `safe` or `unsafe` if ``check --fix`` can fix it, else empty.
        opens: `images` if image files have to be opened to find it, `pixels` if they have to
            be decoded, else empty.
        once: a report has one of its findings for each severity, see `Finding.once`.
    """

    name: str
    group: str
    page: Page
    severities: tuple[Severity, ...]
    fix: Literal["", "safe", "unsafe"] = ""
    opens: Literal["", "images", "pixels"] = ""
    once: bool = False

    @property
    def severity(self) -> Severity:
        """The default severity of its findings."""
        return self.severities[0]

    def at(
        self,
        place: Place,
        message: str,
        remedy: str = "",
        *,
        lost: int = 0,
        edits: Iterable[Edit] = (),
        severity: Severity | None = None,
        count: int = 1,
        examples: Iterable[Place] = (),
    ) -> Finding:
        """A finding of this code.

        Args:
            place: where it is.
            message: what was expected and what was found.
            remedy: what to do; the same for each finding if possible, because it is then
                shown once.
            lost: number of shapes that do not reach the output because of it.
            edits: what fixes it.
            severity: one of `severities`; None for the default.
            count: number of objects, images or classes that it is about.
            examples: further places, if there are several.

        Raises:
            ValueError: the page does not list this severity, or says nothing of a fix.
        """
        if severity is not None and severity not in self.severities:
            raise ValueError(f"the page of {self.name} does not list the severity {severity!r}")
        edits = tuple(edits)
        if edits and not self.fix:
            raise ValueError(f"the page of {self.name} does not say that it can be fixed")
        return Finding(
            code=self.name,
            severity=severity or self.severity,
            place=place,
            message=shortened(message, _LONGEST),
            remedy=shortened(remedy, _LONGEST),
            lost=lost,
            edits=edits,
            count=count,
            once=self.once,
            examples=tuple(examples),
        )


_ADDED: dict[str, Code] = {}
_LONGEST = 2_000  # characters of a message, which may quote a label of any length


def add_page(name: str, group: str, text: str, owner: str) -> None:
    """Add the page of a plug-in's code.

    Args:
        name: of the code.
        group: one of `GROUPS`, or its own.
        text: of the page.
        owner: of the check, for the message.

    Raises:
        DataforgeError: the code exists already, or the page is not one.
    """
    if name in _ADDED or name in _built_in():
        raise DataforgeError(f"check {name!r} of {owner} clashes with an existing one")
    _ADDED[name] = _parse(name, group, text)


@cache
def _built_in() -> dict[str, str]:
    """Code -> group, of the pages beside this file."""
    return {
        page.name.removesuffix(".md"): group.name
        for group in files("dataforge.codes").iterdir()
        if group.is_dir() and not group.name.startswith("_")
        for page in group.iterdir()
        if page.name.endswith(".md")
    }


@cache
def _load(name: str) -> Code:
    group = _built_in()[name]
    page = files("dataforge.codes").joinpath(group, f"{name}.md")
    return _parse(name, group, page.read_text("utf-8"))


def _parse(name: str, group: str, text: str) -> Code:
    try:
        front, page = parse_page(text)
    except ValueError as error:
        raise DataforgeError(f"the page of the code {name!r}: {error}") from error
    return Code(name, group, page, front.severity, front.fix, front.opens, front.once == "yes")


def code(name: str) -> Code:
    """The code with a name; for creating findings.

    Raises:
        KeyError: it has no page.
    """
    return _ADDED[name] if name in _ADDED else _load(name)


def codes() -> list[str]:
    """The names of all codes, sorted."""
    return sorted({*_built_in(), *_ADDED})


def find_code(name: str) -> Code:
    """The code that the user named.

    Raises:
        UsageError: there is none.
    """
    if name not in codes():
        raise _unknown(name, [*codes(), *groups()])
    return code(name)


def groups() -> list[str]:
    """The groups that codes of dataforge itself are in: the folders here, sorted."""
    return sorted({*_built_in().values()})


def codes_of(name: str) -> frozenset[str]:
    """The codes that a code or a group means.

    Raises:
        UsageError: there is no such code or group.
    """
    groups = {**_built_in(), **{added.name: added.group for added in _ADDED.values()}}
    found = frozenset(code for code, group in groups.items() if name in (code, group))
    if not found and name not in GROUPS:
        raise _unknown(name, [*groups, *sorted({*GROUPS, *groups.values()})])
    return found


def _unknown(name: str, known: Iterable[str]) -> UsageError:
    hint = did_you_mean(name, known, "`dataforge explain` lists them")
    return UsageError(f"no code {name!r}; {hint}")
