"""Fuzz one reader by coverage: ``python tests/fuzz/fuzz.py TARGET --runs 200000``.

A crash, a hang of over 2 s or more than 1 GB of memory ends the run with exit code 77 or 70-71,
and leaves the input beside the new corpus; it then becomes a test. See CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parent), *map(str, Path(__file__).parents[1:3])]
# atheris never lets go of the arrays and floats whose comparisons it watches, as in geometry.
with atheris.instrument_imports(include=["dataforge"], exclude=["dataforge.geometry"]):
    import targets


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Every second time libFuzzer's own change of bytes, else one of tokens."""
    draw = random.Random(seed)
    if draw.random() < 0.5:
        return bytes(atheris.Mutate(data, max_size))
    edits = [
        (draw.randrange(2**16), draw.randrange(2**16), draw.randrange(2**16))
        for _ in range(draw.randint(1, 4))
    ]
    return targets.edited(data, edits)[:max_size]


_TIMEOUTS = {"writers": 5, "output": 5, "many": 120}
"""Seconds for one input, if not 2."""


def main() -> None:
    """Parse the call and hand over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=targets.TARGETS)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=int, default=1, help="Times the time, if busy.")
    parser.add_argument("--corpus", type=Path, help="Keep what is found here, for a longer run.")
    options = parser.parse_args()
    targets.ELEMENTS = 100_000
    found = options.corpus or Path(tempfile.mkdtemp(prefix=f"dataforge-{options.target}-"))
    found.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        f"-runs={options.runs}",
        f"-seed={options.seed}",
        f"-timeout={_TIMEOUTS.get(options.target, 2) * options.patience}",
        "-rss_limit_mb=1024",
        "-max_len=4096",
        "-print_final_stats=1",
        f"-artifact_prefix={found}/",
        str(found),
        str(targets.corpus(options.target)),
    ]
    print(f"{options.target}: {options.runs:,} runs, corpus in {found}", flush=True)
    atheris.Setup(
        arguments,
        lambda data: targets.run(options.target, data),
        custom_mutator=mutated,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
