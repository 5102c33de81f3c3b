"""The command that lists what is wrong with a dataset, after it was read for something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dataforge.cli.output import tell
from dataforge.codes import code
from dataforge.datasets import KeepingRoot, guess_format
from dataforge.errors import InputError, plural
from dataforge.findings import Finding
from dataforge.io import Root, is_image
from dataforge.shell import command_line, path_word

_FILE_PER_IMAGE = ("labelme", "voc")


class Check(NamedTuple):
    """What is to be checked, and how.

    Attributes:
        source: folder or file.
        reads: the format that was read; empty if it was found out.
        layout: that was given.
        options: of the reader.
        follow_links: whether links were followed.
    """

    source: str
    reads: str
    layout: str | None = None
    options: Mapping[str, Any] = {}
    follow_links: bool = False

    def words(self, images: Mapping[str, int], root: Root | None = None) -> list[str]:
        """The words of the command, with --from if another format would be guessed.

        Args:
            images: split -> number of images that were read.
            root: the source, if it has been listed.
        """
        words = ["dataforge", "check", path_word(self.source)]
        if self.reads:
            root = root or KeepingRoot(self.source, follow_links=self.follow_links)
            if not (self._are_most(root, images) or _guessed(root) == self.reads):
                words += ["--from", self.reads]
        words += ["--layout", self.layout] if self.layout else []
        for name, value in self.options.items():
            flag = name.replace("_", "-")
            words += [f"--{'no-' * (value is False)}{flag}"]
            words += [] if isinstance(value, bool) else [str(value)]
        return words + ["--follow-links"] * self.follow_links

    def _are_most(self, root: Root, images: Mapping[str, int]) -> bool:
        """Whether most files are annotations that were read, so that nothing else is guessed."""
        read = max(images.values(), default=0)
        number = sum(not is_image(name) for name in root.files())
        return self.reads in _FILE_PER_IMAGE and 2 * read > number


def _guessed(root: Root) -> str:
    """The format of a folder as `dataforge check` guesses it; empty if it finds none."""
    try:
        return guess_format(root)
    except InputError:
        return ""


def show_how_to_list(
    findings: Sequence[Finding],
    check: Check,
    images: Mapping[str, int],
    root: Root | None = None,
) -> None:
    """Print how many errors and warnings there are, and the command that lists those of the data.

    Args:
        findings: what has been shown.
        check: what is to be checked; no command is given where a word of it has what a terminal
            would obey.
        images, root: see `Check.words`.
    """
    counts = Counter[str]()
    for finding in findings:
        if code(finding.code).group != "writing":
            counts[finding.severity] += finding.count
    numbers = [plural(counts[name], name) for name in ("error", "warning") if counts[name]]
    if numbers:
        command = command_line(*check.words(images, root))
        tell(", ".join(numbers) + (f"; {command} shows them" if command else ""))
