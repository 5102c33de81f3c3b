"""Pure functions on bounding boxes, polygon rings and masks.

Convention and types: `dataforge.records`. numpy and pycocotools are imported only where needed.
"""

from __future__ import annotations

from dataforge.geometry.areas import (
    has_own_area,
    outline_area,
    shape_area,
    united_area,
)
from dataforge.geometry.boxes import (
    COORDS_OFFSETS,
    Coords,
    any_overlap,
    box_area,
    box_corners,
    clip_box,
    edges_of_text,
    iou,
    ordered,
    shifted,
    text_of_edges,
    to_edges,
    turned,
)
from dataforge.geometry.joining import joined
from dataforge.geometry.many import Measured, measured
from dataforge.geometry.masks import (
    MAX_MASK_PIXELS,
    MAX_RUNS,
    TooLargeError,
    mask_area,
    mask_box,
    mask_from_crop,
    mask_from_runs,
    merge_masks,
    rasterise,
    rle_runs,
    without_empty,
)
from dataforge.geometry.outlines import mask_crop, mask_rings
from dataforge.geometry.rings import (
    circle_corners,
    circle_ring,
    clip_ring,
    convex_hull,
    is_bridged,
    is_simple,
    points_of,
    ring_area,
    ring_box,
    rings_inside,
    stroke_rings,
)
from dataforge.geometry.training import (
    ANCHOR_RATIOS,
    ANCHOR_SCALE,
    ANCHOR_STRIDES,
    TRAINING_SIZE,
    anchor_sizes,
    training_scale,
)

__all__ = [
    "ANCHOR_RATIOS",
    "ANCHOR_SCALE",
    "ANCHOR_STRIDES",
    "COORDS_OFFSETS",
    "MAX_MASK_PIXELS",
    "MAX_RUNS",
    "TRAINING_SIZE",
    "Coords",
    "Measured",
    "TooLargeError",
    "anchor_sizes",
    "any_overlap",
    "box_area",
    "box_corners",
    "circle_corners",
    "circle_ring",
    "clip_box",
    "clip_ring",
    "convex_hull",
    "edges_of_text",
    "has_own_area",
    "iou",
    "is_bridged",
    "is_simple",
    "joined",
    "mask_area",
    "mask_box",
    "mask_crop",
    "mask_from_crop",
    "mask_from_runs",
    "mask_rings",
    "measured",
    "merge_masks",
    "ordered",
    "outline_area",
    "points_of",
    "rasterise",
    "ring_area",
    "ring_box",
    "rings_inside",
    "rle_runs",
    "shape_area",
    "shifted",
    "stroke_rings",
    "text_of_edges",
    "to_edges",
    "training_scale",
    "turned",
    "united_area",
    "without_empty",
]
