"""Putting a new output in place: in one step where everything there is ours, else file by file.

An output that is new, or that replaces one file, is put in place by one rename. A folder that
exists is swapped for the new one, also in one step, if it holds nothing but what is replaced, all
of it belongs to the user who runs this, and the system can swap folders (Linux, macOS).

Everything else may be somebody's: a note, an image that a labelling tool saves during the run, a
folder that a group shares. So the new files are moved there one by one, and what is not replaced
is not touched. If the run fails, what was moved is moved back. If it is killed, some of the new
files are there and some are not, each of them complete; images come first, and the files that the
caller names (an annotation file, data.yaml) come last, so if these are new, all is new.

Nothing is written through a link in an output, even if it is put there during the run.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath

from dataforge.io.folders import Folder, joined
from dataforge.io.moving import OLD, Moving, replace_unchanged
from dataforge.io.place import (
    Place,
    Signature,
    add_new,
    already_exists,
    moves_of,
    other_kind,
    read_by_this_run,
    refuse_special,
)
from dataforge.io.swapping import swapped


def put_in_place(
    stage: Folder,
    name: str,
    place: Place,
    old: Mapping[str, Signature],
    check: Callable[[], None],
) -> tuple[int, int] | None:
    """Move a new file or folder into place.

    Args:
        stage: folder that holds the new output, on the same file system, and at the end what was
            replaced.
        name: of the new output there.
        place: where it goes.
        old: what `Place.found` returned before the run: of the folders that are replaced, these
            files are removed if they are unchanged, and of a kind that is written there anew.
        check: raises OutputError if the stage was removed, which may be why it is empty.

    Returns:
        Device and inode of the folder that is now the output; None if it is none.

    Raises:
        OutputError: something exists and `force` is not set, or is a link or of another kind;
            nothing is changed.
        OSError: it cannot be moved; what was moved is moved back.
    """
    if stage.is_folder(name):
        _remove_empty(stage, name)
    status = stage.status(name)
    if status is None:
        check()
        return None
    is_folder, made = stat.S_ISDIR(status.st_mode), (status.st_dev, status.st_ino)
    out = place.open() if is_folder else None
    if out is None:
        _put_whole(stage, name, place, is_file=not is_folder)
        return made if is_folder else None
    with out, stage.inner(name) as new:
        moves = list(moves_of(new, out, place))
        old = dict(_of_the_same_kind(new, place, old))
        check()
        if len(moves) + len(old) > 1 and swapped(stage, name, new, out, place, old):
            return made
        there = out.own_status()
        Moving(stage, new, out, place).all(moves, old)
    return there.st_dev, there.st_ino


def _of_the_same_kind(
    new: Folder, place: Place, old: Mapping[str, Signature]
) -> Iterator[tuple[str, Signature]]:
    """Those of the old files whose extension one of the new files in the replaced folder has.

    So notes, and labels of another format that lie in the same folder, are kept.
    """
    kinds: dict[str, set[str]] = {top: set() for top in place.replaced}
    for path, _ in new.files():
        for top in place.tops(path):
            kinds[top].add(PurePosixPath(path).suffix)
    for path, then in old.items():
        own = [kinds[top] for top in place.tops(path)]
        same = not any(own) or any(PurePosixPath(path).suffix in some for some in own)
        if same and not place.is_input(path):
            yield path, then


def _put_whole(stage: Folder, name: str, place: Place, *, is_file: bool) -> None:
    """Put a file in place, or a folder where there is none."""
    there = place.home.status(place.name)
    if there is None:
        if is_file:
            add_new(stage, name, place.home, place.name)
        else:
            stage.replace(name, place.home, place.name)  # not over a folder that has files
        return
    refuse_special(place.path, there)
    if not place.force:
        raise already_exists(place.path)
    if not is_file or stat.S_ISDIR(there.st_mode):
        raise other_kind(place.path, is_file)
    if place.is_input(""):
        raise read_by_this_run(place.path)
    if place.unchanged is None:
        stage.replace(name, place.home, place.name)
    else:
        changed = partial(place.is_changed, "")
        replace_unchanged(stage, place.home, name, (stage, OLD), changed)


def _remove_empty(stage: Folder, name: str) -> None:
    """Remove folders without files."""
    with stage.inner(name) as new:
        folders = [folder for folder, _ in new.walk() if folder]
    for path in [*(joined(name, folder) for folder in reversed(folders)), name]:
        folder, _, last = path.rpartition("/")
        with suppress(OSError), stage.inner(folder) as inner:
            inner.remove_empty(last)
