"""Bytes between two passes; TMPDIR is blamed only where another folder would help."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from helpers import REPO

from dataforge.errors import OutputError
from dataforge.io import Spool, temporary_data, whole


def test_what_was_put_is_there() -> None:
    spool = Spool()
    places = [spool.put(data) for data in (b"one", b"", b"three")]
    assert [spool.get(place) for place in reversed(places)] == [b"three", b"", b"one"]
    spool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_another_process_reads_it_itself() -> None:
    """What is sent to it is where the bytes are; there it is the bytes."""
    spool = Spool()
    data = bytes(range(256)) * 1000
    spool.put(b"before")
    later = spool.later(spool.put(data))
    assert whole(later) == data
    sent = pickle.dumps(later)
    assert len(sent) < 200
    code = "import pickle, sys, zlib; print(zlib.crc32(pickle.load(sys.stdin.buffer)))"
    command = [sys.executable, "-c", code]
    read = subprocess.run(command, input=sent, stdout=subprocess.PIPE, check=True, cwd=REPO)
    assert read.stdout.split() == [str(zlib.crc32(data)).encode()]
    spool.close()


@pytest.mark.parametrize("closed", ["no /proc", "of another user"])
def test_what_another_process_cannot_open_is_sent(
    monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    if closed == "no /proc":
        monkeypatch.setattr(os.path, "exists", lambda _: False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: -1)
    spool = Spool()
    assert spool.later(spool.put(b"data")) == b"data"
    spool.close()


@pytest.mark.parametrize(
    ("number", "blamed"),
    [
        (errno.ENOSPC, True),
        (errno.EDQUOT, True),
        (errno.EACCES, True),
        (errno.EFBIG, False),
        (errno.EMFILE, False),
        (errno.EIO, False),
    ],
)
def test_tmpdir_is_blamed_only_where_it_is_at_fault(number: int, blamed: bool) -> None:
    with pytest.raises(OutputError) as caught, temporary_data():
        raise OSError(number, os.strerror(number))
    said = str(caught.value)
    assert said.startswith("temporary data cannot be written: ")
    assert os.strerror(number) in said
    assert ("set TMPDIR" in said) == blamed
    assert ("ulimit -f" in said) == (number == errno.EFBIG)


def test_no_folder_for_temporary_files_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Any:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/x']")

    monkeypatch.setattr(tempfile, "_get_default_tempdir", nowhere)
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(OutputError, match=r"No usable temporary directory .* set TMPDIR"):
        Spool()


def test_a_full_disk_shows_in_put_and_not_in_close() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    spool = Spool()
    spool._file.close()
    spool._file = Path("/dev/full").open("wb")  # noqa: SIM115
    spool._file.write(b"buffered")  # by an earlier `put`
    with pytest.raises(OutputError, match="No space left"):
        spool.put(b"x" * 100_000)
    spool.close()
