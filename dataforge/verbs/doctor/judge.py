"""Concludes from what a Python has: which frameworks train there, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from dataforge.errors import first_of, plural
from dataforge.frameworks import Framework, frameworks, get_framework
from dataforge.shell import command_line
from dataforge.verbs.doctor.combinations import COMBINATIONS, Combination, Severity
from dataforge.verbs.doctor.conditions import MMCV, pair
from dataforge.verbs.doctor.facts import ON_CUDA, Facts, Tried
from dataforge.verbs.doctor.probe import MODULES, STEPS
from dataforge.verbs.register import Registered

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_ORDER = {"error": 0, "warning": 1, "note": 2}

_BEFORE: Mapping[str, Sequence[str]] = {
    "torch": (),
    "torchvision": ("torch",),
    "mmengine": ("numpy", "cv2", "torch"),
    "mmcv": ("numpy", "cv2", "torch", "torchvision", "mmengine"),
    "mmdet": ("numpy", "cv2", "torch", "torchvision", "mmengine", "pycocotools", "mmcv"),
}
"""Step -> those that it fails with."""

_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless", "PIL": "pillow", "yaml": "pyyaml", "sklearn": "scikit-learn",
    "skimage": "scikit-image", "pkg_resources": "'setuptools<81'",
}  # fmt: skip
"""Module -> distribution, where the names differ."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong, and the way out.

    Attributes:
        severity: `error`: training stops; `warning`: much of it does; `note`: little of it.
        name: of the row in the table of combinations; else of the kind of fault, such as
            `import-fails`.
        message: what is wrong.
        way_out: what to do, in one line.
    """

    severity: Severity
    name: str
    message: str
    way_out: str


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """Whether dataforge can drive a framework.

    Attributes:
        name, title: of the framework.
        installed: whether it is.
        reason: why it cannot be driven; empty if it can.
        operators: whose nms and RoIAlign it uses, `mmcv` or `torchvision`.
    """

    name: str
    title: str
    installed: bool
    reason: str = ""
    operators: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be driven."""
        return not self.reason


def driven(facts: Facts) -> list[Driven]:
    """Every framework that dataforge knows, and whether it can be driven."""
    return [_driven(name, facts) for name in frameworks()]


def _imports(framework: Framework) -> list[str]:
    """What a framework imports and the probe tries."""
    return [step for step in framework.imports if step in STEPS]


def _driven(name: str, facts: Facts) -> Driven:
    framework = get_framework(name)
    imports = _imports(framework)
    answer = Driven(
        name=name, title=framework.title, installed=framework.is_installed(facts.packages)
    )
    if not answer.installed:
        return msgspec.structs.replace(answer, reason="not installed")
    reason = _why_not(imports, facts)
    own = ""
    if "torch" in imports:
        # Where mmcv's do not run, torchvision's take their place.
        own = "mmcv" if "mmcv" in imports and facts.operators_work("mmcv") else "torchvision"
    if own and not reason and not facts.operators_work(own):
        reason = f"nms and RoIAlign of {own} do not run"
    return msgspec.structs.replace(answer, reason=reason, operators="" if reason else own)


def _why_not(steps: Sequence[str], facts: Facts) -> str:
    for step in steps:
        # mmcv imports without its operators; torchvision's take their place.
        if step not in facts.tried:
            return f"{step} is not installed"
        if facts.fails(step) and not (step == "mmcv" and facts.works("mmdet")):
            return f"{step} cannot be imported"
    return ""


def problems(facts: Facts) -> list[Problem]:
    """What is wrong, the worst first."""
    rows = [row for row in COMBINATIONS if row.when(facts)]
    found = [*(_of_row(row, facts) for row in rows)]
    explained = {step for row in rows for step in row.explains if not _needs_more(step, facts)}
    found += [*_missing(facts, explained), *_failed(facts, explained)]
    return in_order(found)


def in_order(found: Iterable[Problem]) -> list[Problem]:
    """Problems, the worst first."""
    return sorted(found, key=lambda problem: _ORDER[problem.severity])


def stale(datasets: Iterable[Registered], python: str | None) -> Iterator[Problem]:
    """What is wrong with the datasets that are registered for a Python."""
    for one in datasets:
        wrong = [*one.problems]
        if not one.exists and not wrong:
            wrong.append(f"{one.folder} does not exist")
        if one.missing:
            wrong.append(f"{plural(len(one.missing), 'path')} gone: {first_of(one.missing)}")
        words = ["dataforge", "unregister", one.name, *(["--python", python] if python else [])]
        for fault in wrong:
            yield Problem(
                severity="warning",
                name="dataset",
                message=f"{one.name}, registered here: {fault}",
                way_out=f"put it back, or register it anew; {command_line(*words)} forgets it",
            )


def _of_row(row: Combination, facts: Facts) -> Problem:
    shown = [f"{name} {facts.packages[name]}" for name in row.packages if name in facts.packages]
    message = row.about + (f" ({', '.join(shown)})" if shown else "")
    mmcv = next((f"{name}=={facts.packages[name]}" for name in MMCV if facts.has(name)), "mmcv")
    return Problem(
        severity=row.severity,
        name=row.name,
        message=f"{message}: {row.wrong}",
        way_out=row.way_out.format(pair=pair(facts) or "*", mmcv=mmcv),
    )


def _needs_more(step: str, facts: Facts) -> bool:
    """Whether a step fails for want of a package that is in no row."""
    missing = _NO_MODULE.search(facts.tried[step].error) if step in facts.tried else None
    return missing is not None and missing[1].split(".")[0] not in MODULES


def _missing(facts: Facts, explained: set[str]) -> Iterator[Problem]:
    """What an installed framework imports, and is not there."""
    for name in frameworks():
        for step in _needed(name, facts):
            if step not in facts.tried and step not in explained:
                explained.add(step)
                yield Problem(
                    severity="error",
                    name="not-installed",
                    message=f"{step} is not installed, which {get_framework(name).title} needs",
                    way_out=f"pip install {_DISTRIBUTIONS.get(step, step)}",
                )


def _failed(facts: Facts, explained: set[str]) -> Iterator[Problem]:
    """What failed for a reason that is in no row, each with those that fail with it."""
    needed = {step for name in frameworks() for step in _needed(name, facts)} | {"torch"}
    for step, tried in facts.tried.items():
        if step in explained or any(map(facts.fails, _BEFORE.get(step, ()))):
            continue
        module = step.removesuffix(ON_CUDA)
        severity: Severity = "error" if module in needed else "warning"
        on_cuda = " on the GPU" if step.endswith(ON_CUDA) else ""
        if tried.error:
            yield Problem(
                severity=severity,
                name="import-fails",
                message=f"import {module} fails{on_cuda}: {tried.error}",
                way_out=_way_out(module, tried, facts),
            )
        for operator, error in tried.operators.items():
            if error:
                yield Problem(
                    severity=severity,
                    name="operator-fails",
                    message=f"{operator} of {module} stops{on_cuda or ' on the CPU'}: {error}",
                    way_out=_again(module, facts),
                )
        if tried.numpy_error and "torch with numpy" not in explained:
            yield Problem(
                severity=severity,
                name="torch-without-numpy",
                message=f"torch cannot share an array with numpy: {tried.numpy_error}",
                way_out=_again("numpy", facts),
            )
        if tried.devices and tried.cuda_error:
            yield Problem(
                severity=severity,
                name="gpu-fails",
                message=f"torch cannot use {tried.devices[0].name}: {tried.cuda_error}",
                way_out="update the driver, or install a torch for another CUDA; nvidia-smi shows "
                "what the driver supports, and who else uses the GPU",
            )


def _needed(name: str, facts: Facts) -> Sequence[str]:
    framework = get_framework(name)
    return _imports(framework) if framework.is_installed(facts.packages) else ()


def _way_out(module: str, tried: Tried, facts: Facts) -> str:
    if missing := _NO_MODULE.search(tried.error):
        name = missing[1].split(".")[0]
        if name != module:
            return f"pip install {_DISTRIBUTIONS.get(name, name)}"
    if not re.match(r"\w+(Error|Exception|Warning|Exit)\b", tried.error):
        return f"python -X faulthandler -c 'import {module}' shows where; {_again(module, facts)}"
    return _again(module, facts)


def _again(module: str, facts: Facts) -> str:
    """The command that installs a package anew, in the version that is there."""
    names = MMCV if module == "mmcv" else (_DISTRIBUTIONS.get(module, module), module)
    name = next((one for one in names if one in facts.packages), module)
    version = facts.packages.get(name, "").split("+")[0]
    return f"pip install --force-reinstall --no-deps {name}" + (f"=={version}" if version else "")
