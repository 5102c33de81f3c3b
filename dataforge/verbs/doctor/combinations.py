"""Known bad combinations: one row each, with what goes wrong and the way out.

A row speaks only of what its Python has: its condition is a pure function of the facts. Sources are
the issue trackers of mmdetection, mmcv, mmengine and torchvision, and trials of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from dataforge.verbs.doctor.conditions import (
    MMCV,
    MMDET,
    MMENGINE,
    NO_DISPLAY,
    OPENCV,
    has_mmcv,
    has_mmdet,
    has_no_files,
    has_nothing,
    has_several,
    is_gpu_hidden,
    is_gpu_unused,
    is_mixed,
    is_of_another_numpy,
    is_of_another_torch,
    stops_on_gpu,
    supports,
    without_operators,
)
from dataforge.verbs.doctor.facts import Facts, numbers

Severity = Literal["error", "warning", "note"]
"""An error stops training; a warning, what many do; a note is for what few do."""


class Combination(NamedTuple):
    """A row.

    Attributes:
        name: short, for reports and documentation.
        about: what is combined, without versions.
        packages: whose versions the report adds.
        when: whether a Python has it.
        wrong: what goes wrong.
        way_out: what to do, in one line. ``{pair}`` is the minor version of torchvision that goes
            with the torch that is installed, ``{mmcv}`` the mmcv that is, as a requirement.
        severity: whether training is stopped.
        explains: steps of the probe whose errors come from it, and are not reported again.
    """

    name: str
    about: str
    packages: Sequence[str]
    when: Callable[[Facts], bool]
    wrong: str
    way_out: str
    severity: Severity = "error"
    explains: Sequence[str] = ()


_COMPILE = (
    "MMCV_WITH_OPS=1 pip install --force-reinstall --no-deps --no-build-isolation --no-cache-dir "
    "{mmcv}"
)

# fmt: off
COMBINATIONS = (
    # Nothing there ------------------------------------------------------------------------------
    Combination(
        "no-wheels", "this Python without torch", [],
        lambda facts: not facts.has("torch") and (
            facts.implementation != "CPython" or facts.free_threaded
            or numbers(facts.python) >= (3, 15)),
        "torch has no wheels for it",
        "make an environment of CPython 3.11; 3.10 to 3.13 work, too",
    ),
    Combination(
        "nothing-installed", "no torch, no torchvision, no mmdet", [],
        lambda facts: has_nothing(facts) and not facts.has("torch"),
        "there is nothing to train with",
        "pip install torch torchvision pycocotools; or one of the groups mmdet2-lite and "
        "mmdet3-lite of dataforge's pyproject.toml",
    ),
    Combination(
        "torch-alone", "torch without torchvision and without mmdet", ["torch"],
        lambda facts: has_nothing(facts) and facts.has("torch"),
        "there is no detector to train",
        "pip install 'torchvision==0.{pair}.*' pycocotools, from the index that torch is from",
    ),
    Combination(
        "mmcv-without-mmdet", "mmcv without mmdet", MMCV,
        lambda facts: facts.has(*MMCV) and not facts.has(*MMDET),
        "mmcv has no detectors",
        "pip install mmdet==2.28.2 for mmcv 1.x, mmdet==3.3.0 for mmcv 2.x", "warning",
    ),
    Combination(
        "mmdet-without-mmcv", "mmdet without mmcv", MMDET,
        lambda facts: facts.has(*MMDET) and not facts.has(*MMCV),
        "mmdet cannot be imported",
        "MMCV_WITH_OPS=1 pip install --no-build-isolation mmcv-full==1.7.2 for mmdet 2, "
        "mmcv==2.1.0 for mmdet 3, after 'setuptools<81' wheel ninja; or, with MMCV_WITH_OPS=0, "
        "mmcv==1.7.2, mmcv-lite==2.1.0",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mmdet3-without-mmengine", "mmdet 3 without mmengine", MMDET,
        lambda facts: has_mmdet(facts, 3) and not facts.has(*MMENGINE),
        "mmdet cannot be imported",
        "pip install mmengine==0.10.7", explains=["mmengine", "mmcv", "mmdet"],
    ),
    Combination(
        "mmcv1-without-torchvision", "mmcv 1.x without torchvision", MMCV,
        lambda facts: has_mmcv(facts, 1) and not facts.has("torchvision"),
        "mmcv.runner cannot be imported",
        "pip install 'torchvision==0.{pair}.*', from the index that torch is from",
        explains=["torchvision", "mmcv", "mmdet"],
    ),
    # Two of a kind ------------------------------------------------------------------------------
    Combination(
        "two-mmcv", "more than one distribution of mmcv", MMCV,
        lambda facts: has_several(facts, MMCV),
        "they write into one folder, and what is imported is a mixture",
        "pip uninstall -y mmcv mmcv-full mmcv-lite onedl-mmcv, then install one that fits mmdet",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "two-mmdet", "mmdet beside its fork onedl-mmdetection", MMDET,
        lambda facts: has_several(facts, MMDET),
        "they write into one folder, and what is imported is a mixture",
        "pip uninstall -y mmdet onedl-mmdetection, then install one of them",
        explains=["mmdet"],
    ),
    Combination(
        "two-mmengine", "mmengine beside mmengine-lite or its fork onedl-mmengine", MMENGINE,
        lambda facts: has_several(facts, MMENGINE),
        "they write into one folder, and what is imported is a mixture",
        "pip uninstall -y mmengine mmengine-lite onedl-mmengine, then install one of them",
        explains=["mmengine", "mmcv", "mmdet"],
    ),
    Combination(
        "mixed-mmcv", "files of mmcv 1.x and 2.x in one folder", MMCV,
        lambda facts: is_mixed(facts, "mmcv", "runner", "transforms")
        and not has_several(facts, MMCV),
        "what is imported is a mixture, left by an installation over another one",
        "pip uninstall -y mmcv mmcv-full mmcv-lite, remove the folder mmcv, then install it again",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mixed-mmdet", "files of mmdet 2 and 3 in one folder", MMDET,
        lambda facts: is_mixed(facts, "mmdet", "core", "structures")
        and not has_several(facts, MMDET),
        "what is imported is a mixture, left by an installation over another one",
        "pip uninstall -y mmdet, remove the folder mmdet, then install it again",
        explains=["mmdet"],
    ),
    Combination(
        "mmcv-gone", "mmcv listed as installed, without its files", MMCV,
        lambda facts: has_no_files(facts, "mmcv", MMCV),
        "they went when another mmcv was uninstalled",
        "pip install --force-reinstall --no-deps the mmcv that fits mmdet",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mmdet-gone", "mmdet listed as installed, without its files", MMDET,
        lambda facts: has_no_files(facts, "mmdet", MMDET),
        "they went when another mmdet was uninstalled",
        "pip install --force-reinstall --no-deps mmdet==2.28.2, or mmdet==3.3.0",
        explains=["mmdet"],
    ),
    # Versions that refuse one another -----------------------------------------------------------
    Combination(
        "mmdet2-with-mmcv2", "mmdet 2 with mmcv 2", [*MMDET, *MMCV],
        lambda facts: has_mmdet(facts, 2) and facts.version(*MMCV) > (1, 8, 0),
        "mmdet refuses it: `MMCV is used but incompatible`",
        "pip uninstall -y mmcv mmcv-lite, then install mmcv-full==1.7.2, or mmcv==1.7.2 without "
        "compiled operators",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mmdet2-with-old-mmcv", "mmdet 2.28 with mmcv before 1.3.17", [*MMDET, *MMCV],
        lambda facts: has_mmdet(facts, 2) and () < facts.version(*MMCV) < (1, 3, 17),
        "mmdet refuses it: `MMCV is used but incompatible`",
        "install mmcv-full==1.7.2", explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mmdet3-with-mmcv1", "mmdet 3 with mmcv 1", [*MMDET, *MMCV],
        lambda facts: has_mmdet(facts, 3) and () < facts.version(*MMCV) < (2,),
        "mmdet 3 stands on mmcv 2 and mmengine",
        "pip uninstall -y mmcv mmcv-full, then install mmcv==2.1.0, or mmcv-lite==2.1.0 without "
        "compiled operators",
        explains=["mmcv", "mmdet"],
    ),
    Combination(
        "mmdet3-with-mmcv2.2", "mmdet 3.3 with mmcv 2.2 or later", [*MMDET, *MMCV],
        lambda facts: has_mmdet(facts, 3) and facts.has("mmdet")
        and facts.version(*MMCV) >= (2, 2, 0),
        "mmdet refuses it: `MMCV is used but incompatible`",
        "install mmcv==2.1.0 (or mmcv-lite==2.1.0); or, in your own script, set "
        "mmcv.__version__ = '2.1.0' before mmdet is imported",
        explains=["mmdet"],
    ),
    Combination(
        "torchvision-of-another-torch", "a torchvision that was not built for this torch",
        ["torch", "torchvision"], is_of_another_torch,
        "its operators do not load: `operator torchvision::nms does not exist`, or `Couldn't load "
        "custom C++ ops`",
        "pip install 'torchvision==0.{pair}.*' from the index that torch is from (both of PyPI, or "
        "both of download.pytorch.org/whl/cpu, cu130, ...)",
        explains=["torchvision", "torchvision on cuda", "mmcv", "mmdet"],
    ),
    Combination(
        "mmcv-of-another-torch", "mmcv's operators, compiled for another torch or CUDA",
        [*MMCV, "torch"],
        lambda facts: "_ext" in facts.contents.get("mmcv", ())
        and facts.works("torch") and facts.works("cv2")
        and facts.fails("mmcv", "undefined symbol|_ext|cannot open shared object|DLL load"),
        "they do not load",
        f"{_COMPILE}; until then, smoke uses torchvision's",
        explains=["mmcv"],
    ),
    Combination(
        "numpy2-with-old-torch", "numpy 2 with torch before 2.3", ["numpy", "torch"],
        lambda facts: facts.version("numpy") >= (2,) and () < facts.version("torch") < (2, 3),
        "torch was built against numpy 1: `Numpy is not available`, at the first batch",
        "pip install 'numpy<2' 'opencv-python-headless<4.12' 'scipy<1.14' 'matplotlib<3.10'",
        explains=["torch with numpy"],
    ),
    Combination(
        "numpy-abi", "packages that were built against another numpy", ["numpy", *OPENCV],
        is_of_another_numpy,
        "they cannot be imported",
        "pip install --force-reinstall 'numpy<2' where torch is older than 2.3; else upgrade the "
        "package that fails",
        explains=["cv2", "pycocotools", "mmdet", "mmcv", "mmengine"],
    ),
    Combination(
        "opencv-without-libgl", "OpenCV without the libraries of a display", OPENCV,
        lambda facts: facts.fails("cv2", NO_DISPLAY),
        "`import cv2` fails, and with it mmcv",
        "pip uninstall -y opencv-python opencv-contrib-python; pip install --force-reinstall "
        "--no-deps opencv-python-headless",
        explains=["cv2", "mmengine", "mmcv", "mmdet"],
    ),
    Combination(
        "adafactor-twice", "mmengine before 0.10.6 with torch 2.5 or later",
        [*MMENGINE, "torch"],
        lambda facts: () < facts.version(*MMENGINE) < (0, 10, 6)
        and facts.version("torch") >= (2, 5),
        "`Adafactor is already registered in optimizer`, when it is imported",
        "pip install mmengine==0.10.7", explains=["mmengine", "mmcv", "mmdet"],
    ),
    Combination(
        "find-loader", "mmengine with Python 3.14 or later", MMENGINE,
        lambda facts: numbers(facts.python) >= (3, 14) and facts.has("mmengine", "mmengine-lite"),
        "an optimizer with paramwise_cfg stops, and SyncBatchNorm on one GPU: `module 'pkgutil' "
        "has no attribute 'find_loader'`",
        "make an environment of CPython 3.11; 3.10 to 3.13 work, too", "warning",
    ),
    Combination(
        "yapf", "yapf 0.40.2 or later with mmcv 1.x before 1.7.2, or mmengine before 0.9",
        ["yapf", *MMCV, *MMENGINE],
        lambda facts: facts.version("yapf") >= (0, 40, 2) and (
            (1,) <= facts.version(*MMCV) < (1, 7, 2) or () < facts.version(*MMENGINE) < (0, 9)),
        "`FormatCode() got an unexpected keyword argument 'verify'`, when a config is printed",
        "pip install yapf==0.40.1",
    ),
    Combination(
        "torchvision-too-old", "torchvision before 0.16", ["torchvision"],
        lambda facts: () < facts.version("torchvision") < (0, 16) and not facts.has(*MMDET),
        "the train.py that `register` writes needs its transforms",
        "pip install 'torch>=2.1' 'torchvision>=0.16'",
    ),
    # The GPU ------------------------------------------------------------------------------------
    Combination(
        "gpu-not-supported", "a GPU for which this torch has no code", ["torch"],
        lambda facts: any(not supports(facts.torch.archs, one) for one in facts.torch.devices),
        "`no kernel image is available for execution on the device`",
        "install a torch that is built for it: a new GPU needs a new torch and CUDA "
        "(Hopper 11.8, Blackwell 12.8), an old one a torch of its time; or train with --device cpu",
        explains=["torchvision on cuda", "mmcv on cuda"],
    ),
    Combination(
        "torch-without-cuda", "a GPU, and a torch that is built without CUDA", ["torch"],
        lambda facts: is_gpu_unused(facts) and not facts.torch.cuda and not facts.torch.hip,
        "training runs on the CPU",
        "pip install --force-reinstall torch and torchvision from download.pytorch.org/whl/cu130, "
        "or the CUDA that the driver supports (nvidia-smi shows it)", "warning",
    ),
    Combination(
        "driver-too-old", "a GPU that torch, built for CUDA, cannot use", ["torch"],
        lambda facts: is_gpu_unused(facts) and bool(facts.torch.cuda),
        "training runs on the CPU; mostly, the driver is older than the CUDA of torch",
        "update the driver, or install a torch for an older CUDA (nvidia-smi shows what the driver "
        "supports)", "warning",
    ),
    Combination(
        "gpu-hidden", "a GPU, and CUDA_VISIBLE_DEVICES that hides it", [], is_gpu_hidden,
        "training runs on the CPU",
        "unset CUDA_VISIBLE_DEVICES", "warning",
    ),
    Combination(
        "mmcv-without-cuda", "a GPU, and mmcv's operators compiled without CUDA", MMCV,
        lambda facts: stops_on_gpu(facts, "not compiled with GPU|for device cuda"),
        "they stop on the GPU: `implementation for device cuda:0 not found`",
        f"FORCE_CUDA=1 {_COMPILE}, with nvcc; or install a mmcv without operators",
        explains=["mmcv on cuda"],
    ),
    Combination(
        "mmcv-of-another-gpu", "a GPU, and mmcv's operators compiled for others", MMCV,
        lambda facts: stops_on_gpu(facts, "no kernel image|invalid device function"),
        "they stop on the GPU: `no kernel image is available for execution on the device`",
        f"{_COMPILE}, with nvcc, on this machine; or install a mmcv without operators",
        explains=["mmcv on cuda"],
    ),
    Combination(
        "get-stream", "mmcv 1.x on a GPU with torch 2.1 or later", [*MMCV, "torch"],
        lambda facts: has_mmcv(facts, 1) and facts.version("torch") >= (2, 1)
        and bool(facts.torch.devices),
        "MMDataParallel stops: `'int' object has no attribute 'type'`; smoke patches it",
        "python -m dataforge.frameworks.operators tools/train.py CONFIG, which patches it, too",
        "warning",
    ),
    Combination(
        "replicated-tensor", "mmcv 1.x on several GPUs with torch 2.1 or later",
        [*MMCV, "torch"],
        lambda facts: has_mmcv(facts, 1) and facts.version("torch") >= (2, 1)
        and len(facts.torch.devices) > 1,
        "distributed training stops: `no attribute '_use_replicated_tensor_module'`, and the "
        "launcher's --local-rank is not understood",
        "start python -m dataforge.frameworks.operators tools/train.py with torchrun and "
        "--launcher pytorch", "warning",
    ),
    # What stops later, or only in part ----------------------------------------------------------
    Combination(
        "weights-only", "mmengine 0.10.7 or earlier with torch 2.6 or later", ["mmengine", "torch"],
        lambda facts: has_mmdet(facts, 3)
        and () < facts.version("mmengine", "mmengine-lite") <= (0, 10, 7)
        and facts.version("torch") >= (2, 6),
        "its own checkpoints cannot be resumed: `Weights only load failed`",
        "python -m dataforge.frameworks.operators tools/train.py CONFIG, which reads them; or "
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1, for checkpoints that you trust", "warning",
    ),
    Combination(
        "weights-only-mmcv1", "mmcv 1.x with torch 2.6 or later", [*MMCV, "torch"],
        lambda facts: has_mmcv(facts, 1) and facts.version("torch") >= (2, 6),
        "checkpoints of others that hold more than tensors do not load: `Weights only load failed`",
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1, for checkpoints that you trust", "note",
    ),
    Combination(
        "pkg-resources",
        "mmengine 0.10.7 or earlier with setuptools 82 or later, or without setuptools",
        ["mmengine", "setuptools"],
        lambda facts: has_mmdet(facts, 3)
        and () < facts.version("mmengine", "mmengine-lite") <= (0, 10, 7)
        and not () < facts.version("setuptools") < (82,),
        "a config with `_base_ = 'mmdet::...'` does not load: `No module named 'pkg_resources'`",
        "pip install 'setuptools<81'; or name the base config by its path", "warning",
    ),
    Combination(
        "no-compiled-operators", "mmcv without compiled operators", MMCV, without_operators,
        "mmdet's own tools/train.py stops: `No module named 'mmcv._ext'`; smoke uses torchvision's",
        "python -m dataforge.frameworks.operators tools/train.py CONFIG trains with torchvision's; "
        "or install mmcv-full==1.7.2 (mmdet 2), mmcv==2.1.0 (mmdet 3), compiled", "warning",
    ),
    Combination(
        "np-int", "mmdet 2 with numpy 1.24 or later", ["mmdet", "numpy"],
        lambda facts: has_mmdet(facts, 2) and facts.version("numpy") >= (1, 24),
        "OpenImages, IoUBalancedNegSampler and get_cat_ids of CustomDataset stop: `module 'numpy' "
        "has no attribute 'int'`; nothing that `register` writes uses them",
        "pip install 'numpy<1.24', if you use them", "note",
    ),
    Combination(
        "old-python", "Python older than 3.10", [],
        lambda facts: numbers(facts.python) < (3, 10),
        "dataforge does not run there: `register --python` works, `smoke` does not",
        "make an environment of CPython 3.11, or 3.10", "note",
    ),
    Combination(
        "torch-2.1-needs-3.11", "Python 3.12 or later, and nothing to train with", [],
        lambda facts: numbers(facts.python) >= (3, 12) and has_nothing(facts),
        "torch 2.1, for which the groups mmdet2 and mmdet3 compile mmcv, has no wheels for it",
        "take the groups mmdet2-lite and mmdet3-lite, or CPython 3.11", "note",
    ),
)
# fmt: on


def markdown() -> str:
    """The table for the documentation."""
    rows = ["| | combination | what goes wrong | way out |", "|---|---|---|---|"]
    for row in COMBINATIONS:
        way_out = row.way_out.format(pair="(n + 15)", mmcv="MMCV==VERSION")
        rows.append(f"| `{row.name}` ({row.severity}) | {row.about} | {row.wrong} | {way_out} |")
    return "\n".join(rows)
