"""``dataforge lr``."""

from __future__ import annotations

from typing import Any

import msgspec

from dataforge.cli import options
from dataforge.cli.command import Command, Option
from dataforge.cli.output import Output, say, tell
from dataforge.errors import plural
from dataforge.learning_rate import (
    BASE_BATCH,
    MMDET_SCHEDULE,
    Schedule,
    learning_rate,
)

_HELP = """Scale a learning rate to the images of a step, and fit a schedule to a small dataset.

\b
  dataforge lr --gpus 1 --per-gpu 2
  dataforge lr --per-gpu 4 --images 20

The rule is linear: base / base batch x GPUs x images per GPU. With --images it also gives the
epochs, the warm-up and the log interval for so many training images, as `register` writes them for
mmdetection. The first line is the rate alone.
"""


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed; keys are never removed."""

    lr: float
    base: float
    base_batch: int
    gpus: int
    per_gpu: int
    batch: int
    how: str
    schedule: Schedule | None = None
    why: str = ""


def command() -> Command:
    """The command."""
    number: dict[str, Any] = {"type": int, "least": 1}
    return Command(
        "lr",
        _lr,
        help=_HELP,
        params=[
            Option(
                "--base",
                type=float,
                metavar="RATE",
                default=0.02,
                show_default=True,
                help="The learning rate for the base batch, such as that of the detector's own "
                "config.",
            ),
            Option(
                "--base-batch",
                default=BASE_BATCH,
                show_default=True,
                help="Images per step that this rate is for: 8 GPUs with 2 images each.",
                **number,
            ),
            Option("--gpus", default=1, show_default=True, help="Number of GPUs.", **number),
            Option(
                "--per-gpu", default=2, show_default=True, help="Images per GPU and step.", **number
            ),
            Option("--images", help="Training images; adds the schedule.", **number),
            options.output(exit_zero=False, report=False),
        ],
    )


def _lr(
    base: float, base_batch: int, gpus: int, per_gpu: int, images: int | None, output: Output
) -> int:
    rate, batch = learning_rate(base, gpus, per_gpu, base_batch), gpus * per_gpu
    answer = _Answer(
        lr=rate,
        base=base,
        base_batch=base_batch,
        gpus=gpus,
        per_gpu=per_gpu,
        batch=batch,
        how=f"{base:g} / {base_batch} x {plural(gpus, 'GPU')} x {plural(per_gpu, 'image')}",
    )
    if images is not None:
        schedule = MMDET_SCHEDULE.fitted(images, batch)
        answer = msgspec.structs.replace(
            answer, schedule=schedule, why=schedule.why(MMDET_SCHEDULE)
        )
    return output.give(answer, _show)


def _show(answer: _Answer) -> None:
    """The rate on a line of its own, then how it came about."""
    say(f"{answer.lr:.10g}")
    tell(f"  = {answer.how}")
    if answer.schedule is not None:
        schedule = answer.schedule
        epochs = ", ".join(map(str, schedule.milestones))
        tell(
            f"{schedule.epochs} epochs, {plural(schedule.total(), 'step')} in all; a tenth of the "
            f"rate after epochs {epochs}; warm-up over {plural(schedule.warm_up, 'step')}; a line "
            f"in the log every {schedule.log_interval}"
        )
        tell(f"  {answer.why}" if answer.why else "  the schedule of mmdetection itself fits")
