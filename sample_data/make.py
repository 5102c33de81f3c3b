"""Draw the two sample datasets: cartoon people with their persons, faces and hands labelled.

Every picture is a 320x240 JPEG: a softly varied backdrop with nobody, one or two cartoon people on
it. A person is a head of hair around a face (eyes, smile), a shirt, trousers, shoes and two arms
held away from the body, each ending in a big bright glove with five fingers. Poses, sizes, places
and colours vary; faces and hands are never hidden.

``labelme/``     14 pictures with labelme's JSON files, in nested folders with awkward names. Among
                 them polygons, rectangles (some with their corners reversed), circles, one mask
                 with a hole, one person cut in two by a lamp post (two polygons, one group), one
                 picture without people, one imagePath with backslashes; and a ``labels.txt``.
``humanparts/``  22 pictures in the layout of the HumanParts dataset, Pascal VOC with quirks:
                 split files directly in ImageSets/, untidy names, ``none`` objects, 0-based
                 fractional edges, file names without extension, <size> or <difficult> left out.

How the truth stays exact: all people are painted through masks of quarter pixels (4x4 to a pixel)
filled by this script's own scan-line code, and every box, polygon and mask is read back from the
masks that were painted. A box gives edges, not pixel indices: it spans x0..x1 of a 320 wide plane.

Each picture has its own random.Random, seeded with SEED and its name, so the annotations are the
same bytes on every run. Both folders are deleted and written anew:

    python sample_data/make.py [--out DIR]
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import random
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

SEED = "dataforge sample data 1"

WIDTH, HEIGHT = 320, 240  # of a picture, in pixels
SUB = 4  # quarter pixels along one side of a pixel
SUB_WIDTH, SUB_HEIGHT = WIDTH * SUB, HEIGHT * SUB
JPEG_QUALITY = 85

# Asked of every drawing, so that a detector that sees it at 256 pixels still finds everything.
MIN_PERSON_WIDTH, MIN_PERSON_HEIGHT, MIN_FACE, MIN_HAND = 70, 130, 34, 30

Point = tuple[float, float]
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]  # x0, y0, x1, y1: edges in pixels
Mask = Image.Image  # mode "L", SUB_WIDTH x SUB_HEIGHT, 0 outside and 255 inside

# --------------------------------------------------------------------------------------- masks


def fill(points: Sequence[Point]) -> Mask:
    """The quarter pixels whose centres lie in a polygon (even-odd rule, pixel coordinates)."""
    # Rounded, so that the last bit of a C library's sin() can never move a quarter pixel.
    corners = [(round(x * SUB, 3), round(y * SUB, 3)) for x, y in points]
    crossings: dict[int, list[float]] = {}
    for index, (xa, ya) in enumerate(corners):
        xb, yb = corners[index - 1]
        if ya > yb:
            xa, ya, xb, yb = xb, yb, xa, ya
        for row in range(max(0, math.ceil(ya - 0.5)), min(SUB_HEIGHT, math.ceil(yb - 0.5))):
            x = xa + (row + 0.5 - ya) * (xb - xa) / (yb - ya)
            crossings.setdefault(row, []).append(x)
    pixels = bytearray(SUB_WIDTH * SUB_HEIGHT)
    for row, xs in crossings.items():
        xs.sort()
        for left, right in zip(xs[::2], xs[1::2], strict=True):
            first = min(max(math.ceil(left - 0.5), 0), SUB_WIDTH)
            last = min(max(math.ceil(right - 0.5), first), SUB_WIDTH)
            start = row * SUB_WIDTH
            pixels[start + first : start + last] = b"\xff" * (last - first)
    return Image.frombytes("L", (SUB_WIDTH, SUB_HEIGHT), bytes(pixels))


def union(masks: Iterable[Mask]) -> Mask:
    """The quarter pixels that are in any of the masks."""
    whole = Image.new("L", (SUB_WIDTH, SUB_HEIGHT), 0)
    for mask in masks:
        whole = ImageChops.lighter(whole, mask)
    return whole


def touch(one: Mask, other: Mask) -> bool:
    """Whether two masks share a quarter pixel."""
    return ImageChops.darker(one, other).getbbox() is not None


def extent(mask: Mask) -> Box:
    """The edges of the smallest box around a mask, in pixels (exact quarters)."""
    box = mask.getbbox()
    if box is None:
        raise ValueError("nothing was drawn")
    return (box[0] / SUB, box[1] / SUB, box[2] / SUB, box[3] / SUB)


def outline(mask: Mask, tolerance: float = 0.4) -> list[Point]:
    """The polygon around a mask that is one piece without holes, thinned to a tolerance.

    The walk follows the edges between the quarter pixels, the inside at its right hand. The four
    extreme points survive the thinning, so the polygon has the very extent of the mask.
    """
    pixels = mask.tobytes()

    def inside(x: int, y: int) -> bool:
        return 0 <= x < SUB_WIDTH and 0 <= y < SUB_HEIGHT and pixels[y * SUB_WIDTH + x] != 0

    start_y, start_x = divmod(pixels.index(255), SUB_WIDTH)
    x, y, dx, dy = start_x, start_y, 1, 0
    walk: list[tuple[int, int]] = []
    twice_area = 0
    while True:
        walk.append((x, y))
        twice_area += x * (y + dy) - (x + dx) * y
        x, y = x + dx, y + dy
        if (x, y) == (start_x, start_y):
            break
        if not inside(x + (dx - dy - 1) // 2, y + (dy + dx - 1) // 2):
            dx, dy = -dy, dx  # nothing ahead at the right: turn right
        elif inside(x + (dx + dy - 1) // 2, y + (dy - dx - 1) // 2):
            dx, dy = dy, -dx  # something ahead at the left as well: turn left
    # A few quarter pixels may differ: specks of background caught where two fingers part.
    if abs(twice_area / 2 - pixels.count(255)) > SUB * SUB:
        raise ValueError("a polygon cannot tell this mask: it has a hole or several pieces")

    # Thin the walk between its extreme points, then leave quarter pixels for pixels.
    count = len(walk)
    extremes = {
        min(range(count), key=lambda i: walk[i][0]),
        min(range(count), key=lambda i: walk[i][1]),
        max(range(count), key=lambda i: walk[i][0]),
        max(range(count), key=lambda i: walk[i][1]),
    }
    stops = sorted(extremes)
    kept: list[Point] = []
    for index, stop in enumerate(stops):
        following = stops[index + 1] if index + 1 < len(stops) else stops[0] + count
        stretch = [walk[i % count] for i in range(stop, following + 1)]
        kept.extend(thin(stretch, tolerance * SUB)[:-1])
    return [(px / SUB, py / SUB) for px, py in kept]


def thin(line: Sequence[Point], tolerance: float) -> list[Point]:
    """Douglas-Peucker: leave out points while the line strays no further than the tolerance."""
    keep = {0, len(line) - 1}
    pending = [(0, len(line) - 1)]
    while pending:
        first, last = pending.pop()
        (xa, ya), (xb, yb) = line[first], line[last]
        length = math.hypot(xb - xa, yb - ya)
        worst, at = tolerance, -1
        for index in range(first + 1, last):
            x, y = line[index]
            if length > 0:
                distance = abs((xb - xa) * (y - ya) - (yb - ya) * (x - xa)) / length
            else:
                distance = math.hypot(x - xa, y - ya)
            if distance > worst:
                worst, at = distance, index
        if at >= 0:
            keep.add(at)
            pending += [(first, at), (at, last)]
    return [line[index] for index in sorted(keep)]


# -------------------------------------------------------------------------------------- shapes


def snap(value: float) -> float:
    """The nearest quarter pixel."""
    return round(value * SUB) / SUB


def towards(origin: Point, degrees: float, distance: float, side: int = 1) -> Point:
    """A step from a point; 0 degrees is level, positive is down, side -1 mirrors it leftwards."""
    angle = math.radians(degrees)
    return (origin[0] + side * distance * math.cos(angle), origin[1] + distance * math.sin(angle))


def ellipse(centre: Point, rx: float, ry: float) -> Mask:
    """A filled ellipse."""
    turns = [2 * math.pi * step / 96 for step in range(96)]
    return fill([(centre[0] + rx * math.cos(t), centre[1] + ry * math.sin(t)) for t in turns])


def limb(start: Point, end: Point, half_width: float) -> Mask:
    """A straight bar with round ends."""
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    rim: list[Point] = []
    for centre, base in ((end, heading - math.pi / 2), (start, heading + math.pi / 2)):
        for step in range(13):
            angle = base + math.pi * step / 12
            rim.append(
                (
                    centre[0] + half_width * math.cos(angle),
                    centre[1] + half_width * math.sin(angle),
                )
            )
    return fill(rim)


def rectangle(box: Box) -> Mask:
    """A filled upright rectangle."""
    x0, y0, x1, y1 = box
    return fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


# -------------------------------------------------------------------------------------- people

SKINS: tuple[Colour, ...] = ((250, 214, 180), (236, 188, 148), (198, 142, 104), (134, 88, 60))
HAIRS: tuple[Colour, ...] = ((40, 30, 28), (96, 56, 30), (170, 96, 40), (70, 66, 76), (120, 30, 40))
SHIRTS: tuple[Colour, ...] = (
    (38, 92, 190),
    (30, 130, 78),
    (128, 60, 160),
    (20, 130, 150),
    (70, 70, 90),
    (190, 70, 120),
)
TROUSERS: tuple[Colour, ...] = (
    (36, 44, 84),
    (84, 62, 48),
    (60, 66, 62),
    (26, 80, 96),
    (96, 40, 70),
)
GLOVES: tuple[Colour, ...] = ((238, 50, 40), (255, 204, 30), (255, 122, 20), (250, 60, 150))
SHOES: Colour = (30, 26, 26)

# How the two parts of an arm point, as ranges of degrees from level (positive is down): the upper
# arm, then the forearm relative to it. The narrow ones leave room for somebody beside.
ARMS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "raised": ((-62, -50), (-8, 8)),
    "lowered": ((47, 56), (-6, 10)),
    "waving": ((10, 28), (-100, -88)),
    "level": ((-20, 20), (-25, 25)),
    "level, straight": ((-10, 10), (-6, 6)),
    "on the hip": ((38, 42), (93, 97)),
}
ANY_ARMS = ("raised", "lowered", "waving", "level")
NARROW_ARMS = ("raised", "lowered", "waving")


@dataclass(frozen=True)
class Pose:
    """Where somebody stands and how; lengths are multiplied by scale."""

    x: float  # of the body's axis
    ground: float  # y of the soles
    scale: float
    arms: tuple[tuple[float, float], tuple[float, float]]  # left, right: (upper arm, forearm)
    stride: float  # from the axis to a foot
    oval_face: bool


@dataclass(frozen=True)
class Figure:
    """A drawn person: what to paint, in order, and the masks that make the truth."""

    paint: list[tuple[Colour, Mask]]
    person: Mask
    face: Mask
    face_circle: tuple[Point, float]  # centre and radius; true only if the face is not oval
    hands: tuple[Mask, Mask]


def hand_mask(centre: Point, degrees: float, side: int, scale: float) -> Mask:
    """A glove: a round palm, four fingers fanned out ahead and a thumb on the upper side."""
    parts = [ellipse(centre, 14 * scale, 14 * scale)]
    for spread, reach in ((-84, 20), (-38, 22), (-12, 23), (14, 23), (40, 21.5)):
        tip = towards(centre, degrees + spread, (reach - 3.8) * scale, side)
        parts.append(limb(centre, tip, 3.8 * scale))
    return union(parts)


def draw_figure(pose: Pose, rng: random.Random) -> Figure:
    """One person in a pose, in random colours."""
    s = pose.scale
    skin, shirt = rng.choice(SKINS), rng.choice(SHIRTS)
    # Hair that stands out from the skin, so that the rim of the face shows.
    hair = rng.choice([hair for hair in HAIRS if abs(sum(hair) - sum(skin)) >= 120])
    trousers, glove = rng.choice(TROUSERS), rng.choice(GLOVES)
    axis = snap(pose.x)
    top = snap(pose.ground - 154 * s)  # y of the face's centre; everything hangs from it

    def at(x: float, y: float) -> Point:
        return (axis + x * s, top + y * s)

    legs, shoes = [], []
    for side in (-1, 1):
        legs.append(limb(at(side * 10, 88), at(side * pose.stride, 142), 9 * s))
        shoes.append(ellipse(at(side * (pose.stride + 3), 148), 11.5 * s, 6 * s))
    torso = union(
        [
            fill([at(-25, 30), at(-17, 24), at(17, 24), at(25, 30), at(20, 92), at(-20, 92)]),
            limb(at(-12, 88), at(12, 88), 8 * s),
        ]
    )

    sleeves, hands = [], []
    for side, (upper, fore) in zip((-1, 1), pose.arms, strict=True):
        shoulder = at(side * 20, 32)
        elbow = towards(shoulder, upper, 29 * s, side)
        wrist = towards(elbow, upper + fore, 31 * s, side)
        sleeves += [limb(shoulder, elbow, 7.5 * s), limb(elbow, wrist, 6.5 * s)]
        hands.append(hand_mask(wrist, upper + fore, side, s))

    radius = snap(20 * s)
    tall = snap(radius * 1.1) if pose.oval_face else radius
    centre = (axis, top)
    face = ellipse(centre, radius, tall)
    hair_mask = ellipse((axis, top - 3.5 * s), radius + 3.5 * s, tall + 3.5 * s)
    neck = limb(at(0, 12), at(0, 26), 7 * s)
    eyes = [ellipse(at(side * 7.5, -3.5), 2.9 * s, 3.6 * s) for side in (-1, 1)]
    smile = [towards(at(0, 5), 180 * step / 16, 9 * s) for step in range(17)]

    paint = [
        (trousers, union(legs)),
        (SHOES, union(shoes)),
        (skin, neck),
        (shirt, torso),
        (shirt, union(sleeves)),
        (hair, hair_mask),
        (skin, face),
        ((24, 20, 24), union(eyes)),
        ((168, 30, 44), fill(smile)),
        (glove, union(hands)),
    ]
    person = union(mask for _, mask in paint)

    x0, y0, x1, y1 = extent(person)
    assert x1 - x0 >= MIN_PERSON_WIDTH and y1 - y0 >= MIN_PERSON_HEIGHT
    for mask, least in ((face, MIN_FACE), (hands[0], MIN_HAND), (hands[1], MIN_HAND)):
        x0, y0, x1, y1 = extent(mask)
        assert min(x1 - x0, y1 - y0) >= least, (x1 - x0, y1 - y0, least)
    rest = union([hair_mask, face, *hands[1:]])
    assert not touch(hands[0], rest) and not touch(hands[1], union([hair_mask, face]))
    return Figure(paint, person, face, (centre, radius), (hands[0], hands[1]))


def pick_arm(kind: str, rng: random.Random) -> tuple[float, float]:
    """Random angles for an arm of a kind in ARMS."""
    upper, fore = ARMS[kind]
    return (rng.uniform(*upper), rng.uniform(*fore))


def place(
    rng: random.Random,
    room: tuple[float, float],
    *,
    oval_face: bool,
    arms: tuple[str, str] | None = None,
    stride: tuple[float, float] = (14, 20),
    at_left: bool = False,
) -> Figure:
    """A random person whose extent lies between two x; at_left: touching the first of them."""
    narrow = room[1] - room[0] < WIDTH / 2
    for _ in range(100):
        kinds = arms or tuple(rng.choice(NARROW_ARMS if narrow else ANY_ARMS) for _ in "lr")
        pose = Pose(
            x=WIDTH / 2,
            ground=snap(rng.uniform(223, 235)),
            scale=rng.uniform(0.93, 1.0) if narrow else rng.uniform(0.95, 1.12),
            arms=(pick_arm(kinds[0], rng), pick_arm(kinds[1], rng)),
            stride=rng.uniform(*stride),
            oval_face=oval_face,
        )
        colours = rng.getrandbits(32)  # the same for the trial in the middle and the one in place
        x0, y0, x1, _ = extent(draw_figure(pose, random.Random(colours)).person)
        spare = (room[1] - room[0]) - (x1 - x0)
        if spare < 0 or y0 < 3:
            continue
        shift = room[0] - x0 + (0 if at_left else snap(rng.uniform(0, spare)))
        moved = Pose(
            pose.x + shift, pose.ground, pose.scale, pose.arms, pose.stride, pose.oval_face
        )
        return draw_figure(moved, random.Random(colours))
    raise RuntimeError("no pose fits the room")


def rooms(people: int) -> list[tuple[float, float]]:
    """The x ranges that so many people may fill."""
    return [(3, WIDTH - 3)] if people == 1 else [(3, WIDTH / 2 - 1), (WIDTH / 2 + 1, WIDTH - 3)]


# ------------------------------------------------------------------------------------- pictures


def backdrop(rng: random.Random) -> Image.Image:
    """A canvas of quarter pixels: a soft patchwork of pale colours over a rolling pale ground."""

    def pale(base: Colour, spread: int) -> Colour:
        red, green, blue = (min(255, part + rng.randint(-spread, spread)) for part in base)
        return (red, green, blue)

    def patchwork(base: Colour, spread: int) -> Image.Image:
        small = Image.new("RGB", (6, 5))
        for y in range(5):
            for x in range(6):
                small.putpixel((x, y), pale(base, spread))
        return small.resize((SUB_WIDTH, SUB_HEIGHT), Image.Resampling.BICUBIC)

    sky = rng.choice(((204, 224, 238), (226, 220, 236), (232, 230, 214), (212, 232, 224)))
    ground = rng.choice(((188, 206, 168), (206, 196, 174), (190, 194, 200)))
    canvas = patchwork(sky, 14)
    horizon, waves = rng.uniform(150, 195), rng.uniform(0, 2 * math.pi)
    hills: list[Point] = [(0, HEIGHT)]
    for x in range(0, WIDTH + 8, 8):
        hills.append((x, horizon + 7 * math.sin(waves + x / 45)))
    hills.append((WIDTH, HEIGHT))
    canvas.paste(patchwork(ground, 12), mask=fill(hills))
    return canvas


def paint_all(canvas: Image.Image, paint: Iterable[tuple[Colour, Mask]]) -> None:
    """Paint colours through masks, in order."""
    for colour, mask in paint:
        canvas.paste(colour, mask=mask)


def save_picture(canvas: Image.Image, path: Path) -> None:
    """Average the quarter pixels into pixels and write them as a JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.reduce(SUB).save(path, "JPEG", quality=JPEG_QUALITY, optimize=True)


def lamp_post(x: float) -> list[tuple[Colour, Mask]]:
    """A street lamp, 9 pixels thick, whose post begins at x."""
    return [
        ((255, 244, 190), ellipse((x + 4.5, 14), 10, 10)),
        ((74, 78, 82), rectangle((x, 20, x + 9, 237))),
        ((74, 78, 82), rectangle((x - 6, 231, x + 15, 237))),
    ]


def crate(rng: random.Random, avoid: Mask) -> tuple[Box, list[tuple[Colour, Mask]]]:
    """A wooden crate somewhere on the ground, clear of a mask."""
    for _ in range(500):
        wide, high = rng.randint(26, 38), rng.randint(22, 30)
        x0, y1 = rng.randint(4, WIDTH - 4 - wide), rng.randint(222, 236)
        box = (float(x0), float(y1 - high), float(x0 + wide), float(y1))
        whole = rectangle(box)
        if touch(whole, avoid):
            continue
        slat = rectangle((box[0], box[1] + high / 2 - 2, box[2], box[1] + high / 2 + 2))
        return box, [((176, 128, 72), whole), ((128, 88, 44), slat)]
    raise RuntimeError("no room for a crate")


# -------------------------------------------------------------------------------------- labelme


@dataclass(frozen=True)
class Look:
    """How the shapes of one person are told in a labelme file.

    polygon; rectangle, reversed (a rectangle from its lower right corner to the upper left one);
    circle (faces); mask (one arm on the hip), post (cut in two by a lamp post) (persons).
    """

    person: str
    face: str
    hand: str


@dataclass(frozen=True)
class LabelmeScene:
    """One picture of labelme/: its path without extension, its people, its odd imagePath if any."""

    stem: str
    people: tuple[Look, ...]
    image_path: str | None = None


LABELME: tuple[LabelmeScene, ...] = (
    LabelmeScene("scene_01", (Look("polygon", "circle", "polygon"),)),
    LabelmeScene("scene_02", (Look("rectangle", "circle", "rectangle"),)),
    LabelmeScene("scene_03_empty", ()),
    LabelmeScene(
        "two friends",
        (Look("polygon", "circle", "rectangle"), Look("polygon", "circle", "polygon")),
    ),
    LabelmeScene("人物_01", (Look("polygon", "polygon", "polygon"),)),
    LabelmeScene("camera_a/a_0001", (Look("polygon", "circle", "rectangle"),)),
    LabelmeScene(
        "camera_a/a_0002",
        (Look("reversed", "circle", "polygon"), Look("polygon", "circle", "reversed")),
        image_path="..\\camera_a\\a_0002.jpg",
    ),
    LabelmeScene("camera_a/a_0003_hole", (Look("mask", "circle", "polygon"),)),
    LabelmeScene("camera_a/a_0004", (Look("polygon", "polygon", "rectangle"),)),
    LabelmeScene("camera_a/a_0005", (Look("reversed", "circle", "polygon"),)),
    LabelmeScene("camera b/day 2/b_0001_post", (Look("post", "circle", "rectangle"),)),
    LabelmeScene(
        "camera b/day 2/b_0002",
        (Look("polygon", "polygon", "polygon"), Look("rectangle", "circle", "polygon")),
    ),
    LabelmeScene("camera b/day 2/b_0003", (Look("polygon", "circle", "reversed"),)),
    LabelmeScene(
        "camera b/day 2/b_0004",
        (Look("polygon", "circle", "rectangle"), Look("polygon", "circle", "polygon")),
    ),
)

# Towards the rim of a face circle from its centre: unit steps that stay exact in two decimals.
RIM_STEPS: tuple[Point, ...] = ((1, 0), (0, 1), (0.6, 0.8), (-0.8, 0.6), (0.6, -0.8))


def labelme_shape(
    label: str,
    shape_type: str,
    points: Iterable[Point],
    *,
    group_id: int | None = None,
    mask: str | None = None,
) -> dict[str, object]:
    """A shape with the keys labelme writes, in its order."""
    return {
        "label": label,
        "points": [[round(x, 2), round(y, 2)] for x, y in points],
        "group_id": group_id,
        "description": "",
        "shape_type": shape_type,
        "flags": {},
        "mask": mask,
    }


def labelme_region(label: str, form: str, mask: Mask) -> dict[str, object]:
    """A mask told as a polygon, a rectangle, a reversed rectangle or a mask."""
    if form == "polygon":
        return labelme_shape(label, "polygon", outline(mask))
    if form in ("rectangle", "reversed"):
        x0, y0, x1, y1 = extent(mask)
        corners = [(x0, y0), (x1, y1)]
        return labelme_shape(label, "rectangle", corners if form == "rectangle" else corners[::-1])
    if form == "mask":
        # A pixel belongs to it if half of its quarter pixels do. Corners are inclusive here.
        bitmap = mask.reduce(SUB).point([0] * 128 + [255] * 128)
        box = bitmap.getbbox()
        assert box is not None
        stream = io.BytesIO()
        # Stored rather than deflated: the same bytes with any zlib.
        bitmap.crop(box).convert("1").save(stream, "PNG", compress_level=0)
        png = base64.b64encode(stream.getvalue()).decode("ascii")
        corners = [(box[0], box[1]), (box[2] - 1, box[3] - 1)]
        return labelme_shape(label, "mask", corners, mask=png)
    raise ValueError(f"no such form: {form}")


def labelme_person(
    look: Look, figure: Figure, post: Sequence[tuple[Colour, Mask]], rng: random.Random
) -> list[dict[str, object]]:
    """The shapes of one person: the body (two of them behind a post), the face, the hands."""
    shapes: list[dict[str, object]] = []
    if look.person == "post":
        in_front = union(mask for _, mask in post)
        assert not touch(in_front, union([figure.face, *figure.hands]))
        seen = ImageChops.subtract(figure.person, in_front)
        middle = extent(post[1][1])[0]
        sides = (rectangle((0, 0, middle, HEIGHT)), rectangle((middle, 0, WIDTH, HEIGHT)))
        for side in sides:
            part = outline(ImageChops.darker(seen, side))
            shapes.append(labelme_shape("person", "polygon", part, group_id=1))
    else:
        shapes.append(labelme_region("person", look.person, figure.person))
    if look.face == "circle":
        (x, y), radius = figure.face_circle
        step = rng.choice(RIM_STEPS)
        rim = (x + step[0] * radius, y + step[1] * radius)
        shapes.append(labelme_shape("face", "circle", [(x, y), rim]))
    else:
        shapes.append(labelme_region("face", look.face, figure.face))
    shapes.extend(labelme_region("hand", look.hand, hand) for hand in figure.hands)
    return shapes


def make_labelme(root: Path) -> None:
    """Write labelme/."""
    for scene in LABELME:
        rng = random.Random(f"{SEED}/labelme/{scene.stem}")
        canvas = backdrop(rng)
        shapes: list[dict[str, object]] = []
        if not scene.people:
            paint_all(canvas, [*lamp_post(rng.randint(60, 240)), *crate(rng, fill([]))[1]])
        for look, room in zip(scene.people, rooms(len(scene.people)), strict=False):
            post: list[tuple[Colour, Mask]] = []
            if look.person == "post":
                figure = place(
                    rng,
                    room,
                    oval_face=look.face != "circle",
                    arms=("lowered", "level, straight"),
                    stride=(13, 14),
                )
                (axis, _), radius = figure.face_circle
                post = lamp_post(snap(axis + 1.5 * radius))  # through the arm, clear of the feet
            else:
                arms = ("raised", "on the hip") if look.person == "mask" else None
                figure = place(rng, room, oval_face=look.face != "circle", arms=arms)
            paint_all(canvas, [*figure.paint, *post])
            shapes += labelme_person(look, figure, post, rng)
        image = root / f"{scene.stem}.jpg"
        save_picture(canvas, image)
        document: dict[str, object] = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": scene.image_path or image.name,
            "imageData": None,
            "imageHeight": HEIGHT,
            "imageWidth": WIDTH,
        }
        write_text(image.with_suffix(".json"), json.dumps(document, indent=2, ensure_ascii=False))
    write_text(root / "labels.txt", "__ignore__\n_background_\nperson\nface\nhand")


# ----------------------------------------------------------------------------------- humanparts

HUMANPARTS_COUNT = 22
HUMANPARTS_VAL = (3, 7, 11, 15, 19, 22)  # the others are for training
TWO_PEOPLE = (2, 6, 7, 10, 14, 15, 17, 20)
AT_LEFT_BORDER = (4, 19)  # the left hand touches x = 0
OVAL_FACES = (3, 8, 12, 16, 21)

# The quirks of the real files.
WITHOUT_EXTENSION = (1, 5, 6, 11, 14, 20)  # in <filename>
WITHOUT_SIZE = (5, 15)
WITHOUT_DIFFICULT = (2, 7, 8, 13, 16, 22)
WHOLE_NUMBERS = (1, 6, 9, 11, 12, 17, 21)  # the others have fractions
WITH_NONE = (3, 9, 16)  # one more object, named "none"
UNTIDY_NAMES: dict[int, dict[str, str]] = {
    2: {"person": "Person"},
    5: {"face": " face", "hand": "hand "},
    9: {"person": "Person", "hand": "hand "},
    11: {"face": " face"},
    15: {"person": "Person", "face": " face", "hand": "hand "},
    18: {"hand": "hand "},
}


def humanparts_xml(index: int, objects: Iterable[tuple[str, Box]]) -> str:
    """The annotation of one picture, with whatever quirks its number has."""
    root = ET.Element("annotation")

    def add(parent: ET.Element, tag: str, text: str) -> None:
        ET.SubElement(parent, tag).text = text

    add(root, "folder", "Images")
    add(root, "filename", f"{index:06d}" + ("" if index in WITHOUT_EXTENSION else ".jpg"))
    if index not in WITHOUT_SIZE:
        size = ET.SubElement(root, "size")
        for tag, value in (("width", WIDTH), ("height", HEIGHT), ("depth", 3)):
            add(size, tag, str(value))
    add(root, "segmented", "0")
    names = UNTIDY_NAMES.get(index, {})
    for label, box in objects:
        entry = ET.SubElement(root, "object")
        add(entry, "name", names.get(label, label))
        add(entry, "pose", "Unspecified")
        add(entry, "truncated", "0")
        if index not in WITHOUT_DIFFICULT:
            add(entry, "difficult", "0")
        bndbox = ET.SubElement(entry, "bndbox")
        for tag, edge in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
            add(bndbox, tag, str(round(edge) if index in WHOLE_NUMBERS else edge))
    ET.indent(root, "  ")
    return ET.tostring(root, encoding="unicode")


def make_humanparts(root: Path) -> None:
    """Write humanparts/."""
    for index in range(1, HUMANPARTS_COUNT + 1):
        rng = random.Random(f"{SEED}/humanparts/{index}")
        canvas = backdrop(rng)
        objects: list[tuple[str, Box]] = []
        people: list[Mask] = []
        for room in rooms(2 if index in TWO_PEOPLE else 1):
            figure = place(
                rng,
                (0, room[1]) if index in AT_LEFT_BORDER else room,
                oval_face=index in OVAL_FACES,
                at_left=index in AT_LEFT_BORDER,
            )
            paint_all(canvas, figure.paint)
            people.append(figure.person)
            objects += [("person", extent(figure.person)), ("face", extent(figure.face))]
            objects += [("hand", extent(hand)) for hand in figure.hands]
        if index in AT_LEFT_BORDER:
            assert extent(people[0])[0] == 0 and extent(figure.hands[0])[0] == 0
        if index in WITH_NONE:
            box, paint = crate(rng, union(people))
            paint_all(canvas, paint)
            objects.append(("none", box))
        save_picture(canvas, root / "Images" / f"{index:06d}.jpg")
        write_text(root / "Annotations" / f"{index:06d}.xml", humanparts_xml(index, objects))
    for split in ("train", "val"):
        ids = [
            f"{index:06d}"
            for index in range(1, HUMANPARTS_COUNT + 1)
            if (index in HUMANPARTS_VAL) == (split == "val")
        ]
        write_text(root / "ImageSets" / f"privpersonpart_{split}.txt", "\n".join(ids))


# ----------------------------------------------------------------------------------------- main


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with a newline at its end, the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"{text}\n".encode())


def main() -> None:
    """Write both datasets."""
    parser = argparse.ArgumentParser(description="Draw the sample datasets anew.")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).resolve().parent,
        help="where to put labelme/ and humanparts/ (deleted first); default: beside this script",
    )
    out: Path = parser.parse_args().out
    for name, make in (("labelme", make_labelme), ("humanparts", make_humanparts)):
        shutil.rmtree(out / name, ignore_errors=True)
        make(out / name)
        files = [path for path in (out / name).rglob("*") if path.is_file()]
        print(f"{out / name}: {len(files)} files, {sum(f.stat().st_size for f in files)} bytes")


if __name__ == "__main__":
    main()
