"""Where the files that ship beside the code are: templates/ and sample_data/."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from dataforge.errors import DataforgeError


def asset(*parts: str) -> Path:
    """A folder that ships with dataforge, such as ``asset("templates", "layouts")``.

    It stands inside the package where a wheel is installed, and beside it in a checkout.

    Raises:
        DataforgeError: it is in neither place.
    """
    packaged = Path(str(files("dataforge").joinpath(*parts)))
    if packaged.exists():
        return packaged
    checkout = Path(__file__).resolve().parents[2]
    beside = checkout.joinpath(*parts)
    # The pyproject.toml tells a checkout from a stranger's site-packages/templates.
    if (checkout / "pyproject.toml").is_file() and beside.exists():
        return beside
    raise DataforgeError(
        f"dataforge is not installed whole: neither {packaged} nor {beside} is there"
    )
