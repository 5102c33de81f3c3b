"""``dataforge doctor``."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.cli import options
from dataforge.cli.command import Command
from dataforge.cli.output import Output, say, tell
from dataforge.verbs.doctor import MMCV, MMDET, MMENGINE, OPENCV, Diagnosis, Facts, doctor, supports

_HELP = """Explain what the Python that trains has, and what is wrong with it.

Imports numpy, OpenCV, pycocotools, torch, torchvision, mmengine, mmcv and mmdet there, one after
the other, and runs nms and RoIAlign, forward and backward, on the CPU, and on the GPU if there is
one. What is wrong comes first, with the way out. Nothing is downloaded, and nothing is changed.

Exit code 0: a framework can be driven; 3: none can, or something that training needs is broken.
"""

_OPERATORS = "nms and RoIAlign"


def command() -> Command:
    """The command."""
    return Command(
        "doctor",
        _doctor,
        help=_HELP,
        params=[options.python_option(), options.output(exit_zero=False, report=False)],
    )


def _doctor(python: str | None, output: Output) -> int:
    diagnosis = doctor(python)
    output.give(diagnosis, show_diagnosis)
    return 0 if diagnosis.ready else 3


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Print what is wrong, what there is, and what can be driven."""
    _show_problems(diagnosis, "error", "warning")
    facts = diagnosis.facts
    about = [f"{facts.implementation} {facts.python}", *filter(None, [facts.platform])]
    tell(f"{facts.executable}: {', '.join(about)}")
    rows = [*_has(facts)]
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        tell(f"  {name:{width}}  {text}")
    for one in diagnosis.datasets:
        tell(f"dataset {one.name} ({', '.join(one.frameworks) or 'gone'}): {one.folder}")
    for framework in diagnosis.frameworks:
        if framework.ready:
            whose = f", with the operators of {framework.operators}" if framework.operators else ""
            say(f"{framework.title} can be driven{whose}")
        elif framework.installed:
            say(f"{framework.title} cannot be driven: {framework.reason}")
    if not any(framework.installed for framework in diagnosis.frameworks):
        say("no framework can be driven: none is installed")
    _show_problems(diagnosis, "note")


def _show_problems(diagnosis: Diagnosis, *severities: str) -> None:
    for problem in diagnosis.problems:
        if problem.severity in severities:
            say(f"{problem.severity} {problem.name}: {problem.message}", wrap=True)
            say(f"  way out: {problem.way_out}")


def _has(facts: Facts) -> Iterator[tuple[str, str]]:
    """What there is: names and texts."""
    torch = facts.torch
    if facts.has("torch"):
        build = f"CUDA {torch.cuda}" if torch.cuda else f"ROCm {torch.hip}" if torch.hip else "CPU"
        yield "torch", facts.packages["torch"] + (f", built for {build}" if torch.version else "")
    yield from _gpus(facts)
    for module, packages in (
        ("torchvision", ["torchvision"]),
        ("mmcv", MMCV),
        ("mmengine", MMENGINE),
        ("mmdet", MMDET),
        ("numpy", ["numpy"]),
        ("OpenCV", OPENCV),
        ("pycocotools", ["pycocotools"]),
    ):
        versions = [
            facts.packages[name] if name == module else f"{name} {facts.packages[name]}"
            for name in packages
            if name in facts.packages
        ]
        if versions:
            yield module, "; ".join([" and ".join(versions), *_operators(facts, module)])


def _gpus(facts: Facts) -> Iterator[tuple[str, str]]:
    torch = facts.torch
    drivers = {gpu.driver: None for gpu in facts.gpus if gpu.driver}
    for device in torch.devices:
        known = "supported" if supports(torch.archs, device) else "not supported"
        yield (
            "GPU",
            f"{device.name}, compute capability {device.major}.{device.minor}, {known} by torch",
        )
    if torch.devices:
        newest = [f"supports CUDA up to {torch.cuda_of_driver}"] if torch.cuda_of_driver else []
        if drivers or newest:
            yield "driver", ", ".join([*drivers, *newest])
        return
    for gpu in facts.gpus:
        yield "GPU", f"{gpu.name}, compute capability {gpu.capability}, not used by torch"
    if not facts.gpus:
        yield "GPU", "none"


def _operators(facts: Facts, module: str) -> Iterator[str]:
    """What is to be said of a module's operators."""
    if module == "mmcv" and facts.works("mmcv") and not facts.tried["mmcv"].compiled:
        yield "without compiled operators"
    tried = {"CPU": facts.tried.get(module), "GPU": facts.tried.get(f"{module} on cuda")}
    run = [where for where, step in tried.items() if step and step.operators]
    for where in run:
        right = facts.operators_work(module, {"CPU": "cpu", "GPU": "cuda"}[where])
        yield f"{_OPERATORS} {'run' if right else 'stop'} on the {where}"
