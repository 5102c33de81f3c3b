"""A tiny dataset whose AP, confusion and mistakes are worked out by hand.

Three images of 100 x 100 pixels; boxes are 20 x 20 and named by their corner. IoU of two such boxes
that are 10 pixels apart in x is 200 / 600 = 1/3, 4 apart 320 / 480 = 2/3.

    image  objects                    detections (score)
    0      cat (0, 0)  dog (50, 0)    cat (0, 0) 0.9     right
                                      cat (4, 0) 0.8     duplicate: IoU 2/3, found already
                                      cat (50, 0) 0.7    class: it is the dog
    1      cat (0, 0)  cat (50, 50)   cat (10, 0) 0.6    location: IoU 1/3
                                      dog (80, 0) 0.5    background
                       (50, 50) has nothing near it: missed
    2      dog (0, 0)  dog, crowd     dog (0, 0) 0.4     right
           (60, 60, 40 x 40)          dog (60, 60) 0.95  in the crowd: does not count
                                      cat (10, 0) 0.3    both: IoU 1/3 with the dog

At IoU 0.5:

cat, 3 objects: scores .9 R, .8 -, .7 -, .6 -, .3 -; recall 1/3 at precision 1. Recall 0 ... 0.33
are 34 of 101 points: AP50 = 34/101. At IoU 0.55 and above the same.
dog, 2 objects: .5 -, .4 R: precision 1/2 up to recall 1/2, 51 points: AP50 = 51/2/101.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CAT, DOG = 7, 3  # ids of categories, in the order of the file
AP50_CAT = 34 / 101
AP50_DOG = 51 / 2 / 101
AP50 = (AP50_CAT + AP50_DOG) / 2

OBJECTS = [
    (0, CAT, (0, 0, 20, 20), 0),
    (0, DOG, (50, 0, 20, 20), 0),
    (1, CAT, (0, 0, 20, 20), 0),
    (1, CAT, (50, 50, 20, 20), 0),
    (2, DOG, (0, 0, 20, 20), 0),
    (2, DOG, (60, 60, 40, 40), 1),
]
DETECTIONS = [
    (0, CAT, (0, 0, 20, 20), 0.9),
    (0, CAT, (4, 0, 20, 20), 0.8),
    (0, CAT, (50, 0, 20, 20), 0.7),
    (1, CAT, (10, 0, 20, 20), 0.6),
    (1, DOG, (80, 0, 20, 20), 0.5),
    (2, DOG, (0, 0, 20, 20), 0.4),
    (2, DOG, (60, 60, 20, 20), 0.95),
    (2, CAT, (10, 0, 20, 20), 0.3),
]


def annotations(names: tuple[str, str] = ("cat", "dog")) -> dict[str, Any]:
    """The objects as COCO; an id is 0, which pycocotools takes for none."""
    return {
        "images": [
            {"id": 10 + at, "file_name": f"{at}.jpg", "width": 100, "height": 100}
            for at in range(3)
        ],
        "categories": [{"id": CAT, "name": names[0]}, {"id": DOG, "name": names[1]}],
        "annotations": [
            {"id": at, "image_id": 10 + image, "category_id": category, "bbox": list(box),
             "area": box[2] * box[3], "iscrowd": crowd}
            for at, (image, category, box, crowd) in enumerate(OBJECTS)
        ],
    }  # fmt: skip


def results() -> list[dict[str, Any]]:
    """The detections as COCO's results."""
    return [
        {"image_id": 10 + image, "category_id": category, "bbox": list(box), "score": score}
        for image, category, box, score in DETECTIONS
    ]


def written(folder: Path, **given: Any) -> tuple[Path, Path]:
    """The annotations and the results as files; `given` are in the place of them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "instances.json", folder / "results.json"
    contents = given.get("annotations", annotations()), given.get("results", results())
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content))
    return paths
