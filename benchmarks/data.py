"""Datasets of a stated size, made up: the same files for the same arguments.

Objects come from a pool of some hundred distinct ones, and images are hard links to a few, so that
200,000 files are made in a minute.
"""

from __future__ import annotations

import base64
import io
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SIZE = WIDTH, HEIGHT = 1280, 720
NAMES = ("person", "face", "hand")
LINKS = 20_000
"""Hard links to one image; ext4 allows 65,000."""

Polygon = list[tuple[float, float]]


def labelme(
    folder: Path,
    images: int,
    *,
    shapes: int = 10,
    points: int = 20,
    indent: int | None = 2,
    digits: int = 14,
    image_data: int = 0,
    distinct: int = 0,
) -> Path:
    """A JSON file and an image for each.

    Args:
        folder: that does not exist.
        images: how many.
        shapes: polygons in each.
        points: corners of each polygon.
        indent: of the JSON; labelme writes 2.
        digits: behind the point.
        image_data: bytes of JPEG in each `imageData`; 0 for null.
        distinct: edge in pixels of the images, which are then all different; 0 for links to a few.
    """
    folder.mkdir(parents=True)
    rng = random.Random(0)
    size = (distinct, distinct) if distinct else SIZE
    jpegs = [jpeg(rng, size, image_data) for _ in range(4)]
    encoded = [json.dumps(base64.b64encode(data).decode()) for data in jpegs]
    pool = []
    for _ in range(500):
        corners = [[round(x, digits), round(y, digits)] for x, y in polygon(rng, points, size)]
        shape: dict[str, Any] = {"label": rng.choice(NAMES), "points": corners, "group_id": None}
        shape |= {"description": "", "shape_type": "polygon", "flags": {}, "mask": None}
        pool.append(json.dumps(shape, indent=indent))
    gap = "\n" if indent else ""
    for index, name in enumerate(names(images)):
        text = f',{gap}"shapes": [{gap}' + f",{gap}".join(rng.choices(pool, k=shapes)) + f"{gap}]"
        text = f'{{{gap}"version": "5.4.1",{gap}"flags": {{}}{text},{gap}"imagePath": "{name}.jpg"'
        data = encoded[index % len(encoded)] if image_data else "null"  # as `link` does
        text += f',{gap}"imageData": {data},{gap}"imageHeight": {size[1]}'
        (folder / f"{name}.json").write_text(f'{text},{gap}"imageWidth": {size[0]}{gap}}}')
    if distinct:
        for name in names(images):
            (folder / f"{name}.jpg").write_bytes(jpeg(rng, size))
    else:
        link(folder, images, jpegs)
    return folder


def voc(folder: Path, images: int, *, objects: int = 13) -> Path:
    """Annotations, JPEGImages, and a list for train; datumaro wants the map of labels."""
    (folder / "Annotations").mkdir(parents=True)
    rng = random.Random(0)
    pool = []
    for _ in range(500):
        x0, y0, x1, y1 = (round(value) for value in box(rng))
        corners = f"<xmin>{x0}</xmin>\n\t\t\t<ymin>{y0}</ymin>\n\t\t\t"
        corners += f"<xmax>{x1}</xmax>\n\t\t\t<ymax>{y1}</ymax>"
        pool.append(
            f"\t<object>\n\t\t<name>{rng.choice(NAMES)}</name>\n\t\t<pose>Unspecified</pose>\n"
            "\t\t<truncated>0</truncated>\n\t\t<difficult>0</difficult>\n"
            f"\t\t<bndbox>\n\t\t\t{corners}\n\t\t</bndbox>\n\t</object>\n"
        )
    for name in names(images):
        (folder / "Annotations" / f"{name}.xml").write_text(
            f"<annotation>\n\t<folder>JPEGImages</folder>\n\t<filename>{name}.jpg</filename>\n"
            f"\t<size>\n\t\t<width>{WIDTH}</width>\n\t\t<height>{HEIGHT}</height>\n"
            "\t\t<depth>3</depth>\n\t</size>\n\t<segmented>0</segmented>\n"
            + "".join(rng.choices(pool, k=objects))
            + "</annotation>\n"
        )
    link(folder / "JPEGImages", images, [jpeg(rng, SIZE)])
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("".join(f"{name}\n" for name in names(images)))
    listed = "".join(f"{name}:::\n" for name in ("background", *NAMES))
    (folder / "labelmap.txt").write_text(f"# label:color_rgb:parts:actions\n{listed}")
    return folder


def coco(
    folder: Path, images: int, annotations: int, *, points: int = 20, linked: bool = True
) -> Path:
    """`annotations/instances_train.json` with polygons, and the images that it names.

    Args:
        folder: that does not exist.
        images: how many.
        annotations: in all.
        points: corners of each polygon.
        linked: whether the images are there.
    """
    (folder / "annotations").mkdir(parents=True)
    rng = random.Random(0)
    if linked:
        link(folder / "images", images, [jpeg(rng, SIZE)])
    pool = []
    for _ in range(1000):
        corners = [(round(x, 2), round(y, 2)) for x, y in polygon(rng, points)]
        (x0, y0), (x1, y1) = (
            tuple(f(axis) for axis in zip(*corners, strict=True)) for f in (min, max)
        )
        entry = {"category_id": rng.randint(1, len(NAMES)), "iscrowd": 0, "area": area(corners)}
        entry["bbox"] = [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)]
        entry["segmentation"] = [[value for corner in corners for value in corner]]
        pool.append(json.dumps(entry)[1:])
    categories = [{"id": number, "name": name} for number, name in enumerate(NAMES, 1)]
    with (folder / "annotations" / "instances_train.json").open("w") as stream:
        stream.write(f'{{"categories": {json.dumps(categories)}, "images": [')
        for number, name in enumerate(names(images), 1):
            comma = ", " if number > 1 else ""
            text = f'{{"id": {number}, "file_name": "{name}.jpg", "width": {WIDTH}, '
            stream.write(f'{comma}{text}"height": {HEIGHT}}}')
        stream.write('], "annotations": [')
        for number in range(annotations):
            comma = ", " if number else ""
            of = number * images // annotations + 1
            stream.write(f'{comma}{{"id": {number + 1}, "image_id": {of}, {rng.choice(pool)}')
        stream.write("]}")
    return folder


def yolo(folder: Path, images: int, *, objects: int = 7) -> Path:
    """data.yaml, images/train and labels/train."""
    labels = folder / "labels" / "train"
    labels.mkdir(parents=True)
    rng = random.Random(0)
    pool = []
    for _ in range(500):
        x0, y0, x1, y1 = box(rng)
        numbers = (x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH
        row = " ".join(f"{number:.6f}" for number in (*numbers, (y1 - y0) / HEIGHT))
        pool.append(f"{rng.randrange(len(NAMES))} {row}\n")
    for name in names(images):
        (labels / f"{name}.txt").write_text("".join(rng.sample(pool, k=objects)))
    link(folder / "images" / "train", images, [jpeg(rng, SIZE)])
    listed = "".join(f"  {number}: {name}\n" for number, name in enumerate(NAMES))
    text = f"path: {folder}\ntrain: images/train\nval: images/train\nnames:\n{listed}"
    (folder / "data.yaml").write_text(text)
    return folder


# Parts -------------------------------------------------------------------------------------------


def names(images: int) -> Iterator[str]:
    """Of images, without extension."""
    return (f"{index:07}" for index in range(images))


def polygon(rng: random.Random, points: int, size: tuple[int, int] = SIZE) -> Polygon:
    """A star-shaped outline inside the image."""
    most = min(size) / 8
    cx, cy = (rng.uniform(most, edge - most) for edge in size)
    turn = 2 * math.pi / points
    radii = [rng.uniform(0.2, 1) * most for _ in range(points)]
    return [
        (cx + radius * math.cos(k * turn), cy + radius * math.sin(k * turn))
        for k, radius in enumerate(radii)
    ]


def box(rng: random.Random) -> tuple[float, float, float, float]:
    """Corners in pixels, inside the image."""
    x, y = rng.uniform(2, WIDTH - 202), rng.uniform(2, HEIGHT - 202)
    return x, y, x + rng.uniform(20, 200), y + rng.uniform(20, 200)


def area(corners: Polygon) -> float:
    """In square pixels."""
    following = [*corners[1:], corners[0]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following, strict=True))) / 2


def jpeg(rng: random.Random, size: tuple[int, int], at_least: int = 0) -> bytes:
    """Patches of colour; with grain, and segments that decoders skip, until it is large enough."""
    from PIL import Image

    patches = Image.frombytes("RGB", (8, 6), rng.randbytes(8 * 6 * 3))
    image = patches.resize(size, Image.Resampling.BICUBIC)
    if at_least:
        grain = Image.frombytes("L", size, rng.randbytes(size[0] * size[1])).convert("RGB")
        image = Image.blend(image, grain, 0.1)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    data = stream.getvalue()
    while (rest := at_least - len(data)) > 0:
        length = min(max(rest, 4) - 2, 0xFFFF)  # of the segment, without its marker
        data = data[:2] + b"\xff\xef" + length.to_bytes(2, "big") + bytes(length - 2) + data[2:]
    return data


def link(folder: Path, images: int, jpegs: Sequence[bytes]) -> None:
    """A .jpg for each name; hard links to a few where the file system has them."""
    folder.mkdir(parents=True, exist_ok=True)
    first: list[Path] = []
    for index, name in enumerate(names(images)):
        path = folder / f"{name}.jpg"
        turn = index % LINKS
        if turn < len(jpegs):
            path.write_bytes(jpegs[turn])
            first = [*first[: turn if turn else 0], path]
        else:
            try:
                os.link(first[index % len(jpegs)], path)
            except OSError:
                path.write_bytes(jpegs[index % len(jpegs)])
