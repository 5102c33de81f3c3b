"""Standard output and standard error that never stop the work: a reader that has gone (``| head``),
a full disk behind ``>``, a stream that was closed (``>&-``)."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class Sink(io.RawIOBase):
    """Writes as long as that is possible, and then drops everything.

    Attributes:
        error: why writing became impossible; None also if nobody reads any longer.
    """

    def __init__(self, stream: TextIO) -> None:
        self.error: OSError | None = None
        self._to = getattr(stream.buffer, "raw", stream.buffer)
        self._open = True

    def write(self, data: Any) -> int:
        """Write at least one byte, or drop all."""
        size = memoryview(data).nbytes
        try:
            while self._open:
                if done := self._to.write(data):
                    return int(done)
                select.select([], [self._to], [])  # another program made it non-blocking
        except BrokenPipeError:
            self._open = False
        except OSError as error:
            self._open, self.error = False, error
        return size

    def writable(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """That of the stream."""
        return int(self._to.fileno())

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return bool(self._to.isatty())


class SafeStreams:
    """Makes standard output and standard error safe in a block; gives the sink of the first.

    Streams that a caller in this process has put in their place are left alone: then it is None.
    """

    def __enter__(self) -> Sink | None:
        _fill_gaps()
        self._before = sys.stdout, sys.stderr
        out = _sink(sys.stdout, sys.__stdout__)
        if out:
            sys.stdout = _over(out, sys.stdout)
        if err := _sink(sys.stderr, sys.__stderr__):
            sys.stderr = _over(err, sys.stderr)
        return out

    def __exit__(self, *_: object) -> None:
        if not sys.stdout.closed:
            sys.stdout.flush()
        sys.stdout, sys.stderr = self._before


def _fill_gaps() -> None:
    """Open what was closed: otherwise the next file gets its number, and what is printed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            while (opened := os.open(os.devnull, os.O_RDWR)) < number:
                pass
            if opened != number:  # a thread was faster
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _sink(stream: TextIO, original: TextIO | None) -> Sink | None:
    return Sink(stream) if stream is original and hasattr(stream, "buffer") else None


def _over(sink: Sink, stream: TextIO) -> TextIO:
    with suppress(OSError):  # what follows fails likewise
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(sink),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.isatty(),
    )
