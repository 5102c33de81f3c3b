"""What a framework runs on, and what its import may raise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dataforge.errors import DataforgeError, InputError, MissingDependencyError, UsageError
from dataforge.frameworks.adapter import Adapter
from dataforge.shell import keeping_variables

DOCTOR = "`dataforge doctor` explains"


@contextmanager
def hidden_gpus() -> Iterator[None]:
    """No GPU for torch, if it is imported inside, nor for processes that are started inside."""
    with keeping_variables("CUDA_VISIBLE_DEVICES"):
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        yield


@contextmanager
def explained() -> Iterator[None]:
    """Import a framework: what fails, as an environment may fail in any way, says who explains it.

    Raises:
        DataforgeError: what is raised inside, as a MissingDependencyError if it is one.
    """
    try:
        yield
    except MissingDependencyError as error:
        raise MissingDependencyError(f"{error}; {DOCTOR}") from error
    except (InputError, UsageError):  # of the config or the call
        raise
    except DataforgeError as error:
        raise DataforgeError(f"{error}; {DOCTOR}") from error
    except Exception as error:
        message = f"the framework cannot be imported: {type(error).__name__}: {error}"
        raise DataforgeError(f"{message}; {DOCTOR}") from error


def prepare_device(adapter: Adapter, wanted: str) -> str:
    """`cuda` or `cpu`.

    Raises:
        InputError: CUDA is requested but not available.
        MissingDependencyError: the framework is not installed.
    """
    adapter.require()
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise InputError(f"--device cuda: torch finds no GPU; use --device cpu, or {DOCTOR}")
    return "cuda"


def describe_device(device: str) -> str:
    """``cpu (2 threads)`` or the GPU's name."""
    import torch

    if device == "cpu":
        return f"cpu ({torch.get_num_threads()} threads)"
    return str(torch.cuda.get_device_name(0))
