"""Explains what the Python that trains has, what of it works, and the way out of what does not.

`examine` runs a script in that Python, which imports everything in turn and runs the operators;
`problems` and `driven` conclude from its facts, and need no Python. Known bad combinations are rows
of a table.
"""

from __future__ import annotations

import msgspec

from dataforge.verbs.doctor.combinations import COMBINATIONS, markdown
from dataforge.verbs.doctor.conditions import (
    MMCV,
    MMDET,
    MMENGINE,
    OPENCV,
    supports,
)
from dataforge.verbs.doctor.examine import examine
from dataforge.verbs.doctor.facts import Facts, Tried
from dataforge.verbs.doctor.judge import Driven, Problem, driven, in_order, problems, stale
from dataforge.verbs.register import Registered, registered

__all__ = [
    "COMBINATIONS",
    "MMCV",
    "MMDET",
    "MMENGINE",
    "OPENCV",
    "Diagnosis",
    "Driven",
    "Facts",
    "Problem",
    "Tried",
    "doctor",
    "driven",
    "examine",
    "markdown",
    "problems",
    "stale",
    "supports",
]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of a Python.

    Attributes:
        ready: a framework can be driven, and nothing that training needs is broken.
        problems: what is wrong, the worst first.
        frameworks: every framework, and whether it can be driven.
        datasets: that are registered for this Python.
        facts: what it has.
    """

    ready: bool
    problems: list[Problem]
    frameworks: list[Driven]
    datasets: list[Registered]
    facts: Facts


def doctor(python: str | None = None) -> Diagnosis:
    """Examine the Python that trains. Imports nothing of it here, and changes nothing there.

    Args:
        python: an interpreter; None for the running one.

    Raises:
        UsageError: `python` is not a Python interpreter.
    """
    facts = examine(python)
    datasets = registered(python)
    found = in_order([*problems(facts), *stale(datasets, python)])
    frameworks = driven(facts)
    return Diagnosis(
        ready=any(one.ready for one in frameworks)
        and not any(problem.severity == "error" for problem in found),
        problems=found,
        frameworks=frameworks,
        datasets=datasets,
        facts=facts,
    )
