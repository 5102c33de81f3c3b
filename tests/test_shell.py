"""Commands that are printed: what a shell makes of them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.shell import command_line, path_word

SHELLS = [path for name in ("sh", "dash", "bash", "zsh", "fish") if (path := shutil.which(name))]
WORDS = [
    "a b", "it's", "a\\", "\\'", "a\\'b", "$(touch x)", "`id`", "!!", "=ls", "%1", "~", "~root",
    "*", "", "#x", "a;b", "a&&b", "{a,b}", "a|b", ">x", "人 物", "תמונה", "\\\\", "a\\nb", '"',
    "$HOME", "-x",
]  # fmt: skip


def words_of(shell: str, line: str) -> list[str]:
    """The words that a shell takes from a line."""
    script = f"printf '%s\\0' {line}"
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_takes_the_same_words(shell: str) -> None:
    assert words_of(shell, command_line(*WORDS)) == WORDS


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=3))
def test_words_come_back_or_there_is_no_command(words: list[str]) -> None:
    line = command_line(*words)
    assert line.isprintable()
    assert line == "" or words_of("sh", line) == words


@pytest.mark.parametrize(
    "word",
    [
        "a\nb", "a\rb", "a\x07", "\x1b[31m", "\u202egpj", "a\u2028b", "caf\udce9", "##vso[x]",
        "x" * 9999,
    ],
)  # fmt: skip
def test_names_that_cannot_be_shown_give_no_command(word: str) -> None:
    assert command_line("dataforge", "check", word) == ""


def test_a_path_is_no_option() -> None:
    assert command_line("dataforge", "check", path_word("-x")) == "dataforge check ./-x"
