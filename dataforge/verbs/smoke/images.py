"""The images of a preflight: whether they exist, decode, and have the stated size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dataforge.errors import ParseError
from dataforge.findings import Finding
from dataforge.frameworks import BuiltDataset
from dataforge.io import Root, open_image, too_large
from dataforge.verbs.evaluate import told
from dataforge.verbs.smoke.findings import finding
from dataforge.verbs.smoke.report import BadImage

MOST_DECODED = 1000
"""Images of a split that are decoded completely; of more, an evenly spaced sample of this size."""


def check_images(
    dataset: BuiltDataset, where: str, bad: list[BadImage], log: Callable[[str], None]
) -> Iterator[Finding]:
    """Compare the image files of a dataset with its annotations.

    Args:
        dataset: of a split.
        where: it stands in the config.
        bad: gets all faulty images.
        log: called from time to time with what is done.
    """
    total = len(dataset.images)
    stride = max(1, -(-total // MOST_DECODED))
    missing: dict[str, str] = {}
    broken: dict[str, str] = {}
    other_size: dict[str, str] = {}
    large: list[str] = []
    images = told(dataset.images, total, lambda text: log(f"{where}: {text}"))
    for index, info in enumerate(images):
        path = info.path
        if not path.is_file():
            missing[str(path)] = "does not exist"
            continue
        try:
            width, height = Root(path.parent, follow_links=True).image_size(path.name)
            if index % stride == 0:
                with open_image(path) as image:
                    if why := too_large(image, reduced=True):
                        large.append(f"{path} ({why})")
                    else:
                        image.draft("L", (1, 1))
                        image.load()
        except (ParseError, OSError, SyntaxError, ValueError) as error:
            message = error.message if isinstance(error, ParseError) else str(error)
            broken[str(path)] = message
            continue
        if info.width is None or info.height is None:
            other_size[str(path)] = f"{path} is {width}x{height}, its annotations state no size"
        elif (info.width, info.height) != (width, height):
            ratio = f"{info.width / width:g} and {info.height / height:g} times as large"
            other_size[str(path)] = (
                f"{path} is {width}x{height}, its annotations are for "
                f"{info.width}x{info.height} ({ratio})"
            )
    if stride > 1:
        message = (
            f"1 of every {stride} of the {total} images was decoded in full, the rest by its header"
        )
        yield finding("images-sampled", where, message, severity="note")
    if large:
        message = f"{len(large)} of {total} images were not decoded in full, the first: {large[0]}"
        remedy = "make sure that training can: it decodes them"
        yield finding("images-sampled", where, message, remedy, severity="warning")
    yield from _named(where, total, bad, missing, broken, other_size)


def _named(
    where: str,
    total: int,
    bad: list[BadImage],
    missing: dict[str, str],
    broken: dict[str, str],
    other_size: dict[str, str],
) -> Iterator[Finding]:
    """The findings on images that cannot be used: path -> what is wrong with it."""
    for code, what, faulty, remedy in (
        (
            "image-missing",
            "images are missing",
            missing,
            "restore them, or fix where images are looked for",
        ),
        ("unreadable-image", "images cannot be decoded", broken, "replace them"),
        (
            "image-size-differs",
            "images have a different size than their annotations state",
            other_size,
            "use the images that the boxes were drawn on",
        ),
    ):
        if faulty:
            bad += [BadImage(where, name, fault) for name, fault in faulty.items()]
            name, fault = next(iter(faulty.items()))
            first = {"image-missing": name, "image-size-differs": fault}.get(
                code, f"{name} ({fault})"
            )
            message = f"{len(faulty)} of {total} {what}, the first: {first}"
            yield finding(code, where, message, remedy)
