"""How lines look on a terminal: coloured by severity, and wrapped at words.

Elsewhere, as in a pipe or a file, lines stay as they are. rich decides about colours: NO_COLOR and
TERM=dumb turn them off.
"""

from __future__ import annotations

import re
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_STYLES = (
    (r"^(?P<error>error)(?: (?P<code>[a-z][a-z0-9-]*))?:", {"error": "bold red", "code": "bold"}),
    (r"^(?P<warning>warning)(?: (?P<code>[a-z][a-z0-9-]*))?:", {"warning": "bold yellow"}),
    (r"^(?P<note>note)(?: (?P<code>[a-z][a-z0-9-]*))?:", {"note": "bold cyan"}),
    (r"^(?:error|warning|note) (?P<code>[a-z][a-z0-9-]*):", {"code": "bold"}),
    (r"^  (?! |->|\.\.\. )(?P<place>\S(?:.*?\S)?)(?=: )", {"place": "cyan"}),
    (r"^\s+(?P<remedy>-> .*)", {"remedy": "green"}),
    (r"^\s+(?P<more>\.\.\. and .* more\b.*)", {"more": "dim"}),
    (r"^\s*(?P<head>(?:class|code|kind)  (?!\s*[\d,.-]+(?:\s|$)).*)", {"head": "bold"}),
    (r"^(?P<label>next|prove it|train it|undo it):", {"label": "bold"}),
    (r"^(?P<proved>proved)\b", {"proved": "bold green"}),
    (r"^(?P<failed>not proved)\b", {"failed": "bold red"}),
)
_PATTERNS = [(re.compile(pattern), styles) for pattern, styles in _STYLES]


def print_styled(text: str, stream: TextIO, *, wrap: bool) -> None:
    """Print lines of text that is safe on a stream that is a terminal.

    Args:
        text: has no control characters but line breaks.
        stream: the terminal.
        wrap: break lines that are wider than it between words; further lines are indented by two
            more. A word that is wider, such as a path, stays whole. Not for commands: what is
            copied from the screen would have the breaks in it.
    """
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    for line in text.split("\n"):
        styled = Text(line)
        for pattern, styles in _PATTERNS:
            if found := pattern.match(line):
                for group, style in styles.items():
                    styled.stylize(style, *found.span(group))
        for part in _wrapped(styled, console) if wrap else [styled]:
            console.print(part, soft_wrap=True)


def _wrapped(line: Text, console: Console) -> list[Text]:
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    breaks, used, margin = [], indent, 0
    for word in re.finditer(r"\S+\s*", line.plain):
        width = cell_len(word[0].rstrip())
        if used + width > console.width and used > indent + margin:
            breaks.append(word.start())
            margin = 2
            used = indent + margin
        used += cell_len(word[0])
    first, *more = line.divide(breaks)
    return [first, *(Text(" " * (indent + 2)) + part for part in more)]
