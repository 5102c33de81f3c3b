"""nms and RoIAlign on the device, forward and backward, against double precision on the CPU.

    python operators.py FILE FRAMEWORK

FILE gets JSON: device, whether nms keeps the same boxes, and the largest differences of RoIAlign's
output and of the features' gradient. The operators are torchvision's, or those of mmcv for a
FRAMEWORK of mmdetection, whoever serves them; the other side is torchvision's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

TOLERANCE = {torch.float32: 1e-4, torch.float16: 2e-2}


def main() -> int:
    exact_nms, exact_roi_align = of_torchvision()
    nms, roi_align = of_torchvision() if sys.argv[2] == "torchvision" else of_mmcv()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    kinds = [torch.float32] + [torch.float16] * (device == "cuda")
    found: dict[str, Any] = {"device": device, "equal": True}
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(3000, 2, generator=generator, dtype=torch.float64) * 400
    sides = torch.rand(3000, 2, generator=generator, dtype=torch.float64) * 80 + 1
    boxes = torch.cat([corners, corners + sides], 1)
    scores = torch.randperm(3000, generator=generator).double() / 3000
    # Rounded, so that no overlap is near the threshold by the precision of the device alone.
    boxes = boxes.round()
    kept = exact_nms(boxes, scores, 0.5).tolist()
    found["kept"] = len(kept)
    found["nms"] = nms(boxes.float().to(device), scores.float().to(device), 0.5).tolist() == kept
    rois = torch.cat([torch.arange(200).double()[:, None] % 2, boxes[:200]], 1)
    features = torch.randn(2, 32, 64, 64, generator=generator, dtype=torch.float64)
    weight = torch.randn(200, 32, 7, 7, generator=generator, dtype=torch.float64)
    for ratio in (0, 2):
        expected = both(exact_roi_align, features, rois, weight, ratio, "cpu", torch.float64)
        for kind in kinds:
            got = both(roi_align, features, rois, weight, ratio, device, kind)
            names = (
                f"roi_align_{kind}_{ratio}".replace("torch.", "") + part for part in ("", "_grad")
            )
            for name, here, there in zip(names, got, expected, strict=True):
                scale = there.abs().max().item()
                found[name] = (here - there).abs().max().item() / scale
                found["equal"] &= found[name] <= TOLERANCE[kind]
    found["equal"] &= found["nms"]
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1), "utf-8")
    print(json.dumps(found))
    return 0 if found["equal"] else 1


def both(
    roi_align: Callable[..., Any],
    features: Any,
    rois: Any,
    weight: Any,
    ratio: int,
    device: str,
    kind: torch.dtype,
) -> list[Any]:
    """The output and the features' gradient, in double precision on the CPU."""
    given = features.detach().clone().to(device, kind).requires_grad_()
    places = torch.float32 if kind == torch.float16 else kind  # as detectors have them
    output = roi_align(given, rois.to(device, places), ratio)
    (output * weight.to(device, kind)).sum().backward()
    return [tensor.detach().cpu().double() for tensor in (output, given.grad)]


def of_mmcv() -> tuple[Callable[..., Any], Callable[..., Any]]:
    from mmcv.ops import RoIAlign, nms

    def indices(boxes: Any, scores: Any, threshold: float) -> Any:
        return nms(boxes, scores, threshold)[1]

    def roi_align(features: Any, rois: Any, ratio: int) -> Any:
        return RoIAlign((7, 7), spatial_scale=1 / 8, sampling_ratio=ratio)(features, rois)

    return indices, roi_align


def of_torchvision() -> tuple[Callable[..., Any], Callable[..., Any]]:
    from torchvision.ops import nms, roi_align

    def pooled(features: Any, rois: Any, ratio: int) -> Any:
        # In mixed precision torch gives it single precision; half of it would move the boxes.
        with torch.autocast(features.device.type, enabled=features.dtype == torch.float16):
            return roi_align(features, rois, (7, 7), 1 / 8, ratio, aligned=True)

    return nms, pooled


if __name__ == "__main__":
    sys.exit(main())
