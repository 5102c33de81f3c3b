"""What every format promises when a fix changes one of its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec
import pytest

from dataforge import geometry
from dataforge.errors import ParseError
from dataforge.findings import Action, Clip, Drop, Edit, Finding, Place, Reorder, Set
from dataforge.formats import Text, applied
from dataforge.io import is_image
from dataforge.records import Box, Image, Instance
from dataforge.testing import driver
from dataforge.testing.base import Subject
from dataforge.testing.files import DAMAGE, damaged, snapshot, write


class Edited(NamedTuple):
    """An edit, and what it does to the text of its file, worked out by hand.

    Attributes:
        place: what is edited.
        action: what is done there.
        before: a text that stands in the file once.
        after: what stands there afterwards; the rest of the file is as it was.
        content: of the file before; None for that of the dataset.
    """

    place: Place
    action: Action
    before: str
    after: str
    content: str | bytes | None = None

    @property
    def name(self) -> str:
        """What its test is called."""
        return " ".join(kinds_of(self.action))


class EditingContract(Subject):
    """The tests.

    Attributes:
        edited: edits of the dataset; of each kind that the editor makes, one at least.
    """

    edited: ClassVar[Sequence[Edited]] = ()

    def test_edit_changes_only_what_it_names(self, tmp_path: Path, edited: Edited) -> None:
        file = self._with(tmp_path, edited)
        layout = self.layout(tmp_path)
        text = file.read_bytes().decode()
        before = self.read(tmp_path, layout)
        edit = Edit(edited.place, edited.action)
        data = driver.edit(self.row, edited.place.file, file.read_bytes(), [edit])
        assert text.count(edited.before) == 1
        assert data.decode() == text.replace(edited.before, edited.after)
        file.write_bytes(data)
        after = self.read(tmp_path, layout)
        expected = [_edited(image, edit) for image in before.images]
        if isinstance(edit.action, Set) and not _is_marked(edited.place, before.images):
            expected = _renamed_class(before.images, after.images, edit.action.values["label"])
        assert [*map(_compared, after.images)] == [*map(_compared, expected)]

    def _with(self, folder: Path, edited: Edited) -> Path:
        """The dataset, with the file that is edited."""
        self.dataset(folder)
        if edited.content is not None:
            write(folder / edited.place.file, edited.content)
        return folder / edited.place.file

    def test_every_kind_of_edit_is_covered(self, tmp_path: Path) -> None:
        shown = {kind for edited in self.edited for kind in kinds_of(edited.action)}
        self.dataset(tmp_path)
        editor = driver.editor_of(self.row)
        made = set()
        for image in self.records:
            sources = [] if is_image(image.source) else [Edit(image.place, _RESIZE)]
            edits = [Edit(one.place, what) for one in image.instances for what in _actions(one.box)]
            for edit in [*sources, *edits]:
                text = Text(edit.place.file, (tmp_path / edit.place.file).read_bytes())
                if editor.changes(text, edit):
                    made.update(kinds_of(edit.action))
        assert made <= shown
        assert shown

    def test_edits_of_findings_apply_and_fix_them(self, tmp_path: Path) -> None:
        """Covers all findings of strict reading in the dataset and in the edited examples."""
        for number, edited in enumerate(self.edited):
            folder = tmp_path / str(number)
            self._with(folder, edited)
            layout = self.layout(folder)
            before = self.read(folder, layout, strict=True)
            for finding in before.findings:
                for name in {edit.place.file for edit in finding.edits}:
                    data = (folder / name).read_bytes()
                    new = driver.edited(self.row, name, data, [finding])
                    assert new != data, finding
                    write(folder / name, new)
                    after = self.read(folder, layout, strict=True)
                    assert _count(after.findings, finding) < _count(before.findings, finding)
                    write(folder / name, data)

    def test_edits_of_missing_places_change_nothing(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        editor = driver.editor_of(self.row)
        for name, data in snapshot(tmp_path).items():
            for place in _nowhere(name) if not is_image(name) else ():
                for action in _actions((0.0, 0.0, 9.0, 9.0)):
                    with suppress(ParseError):
                        assert list(editor.changes(Text(name, data), Edit(place, action))) == []

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_damaged_text_is_refused_or_edited(self, tmp_path: Path, damage: str) -> None:
        editor = driver.editor_of(self.row)
        for number, edited in enumerate(self.edited):
            data = self._with(tmp_path / str(number), edited).read_bytes()
            for _, bad in damaged(data, damage):
                text = Text(edited.place.file, bad)
                try:
                    changes = sorted(editor.changes(text, Edit(edited.place, edited.action)))
                except ParseError:
                    continue
                ends = [place for change in changes for place in change[:2]]
                assert ends == sorted(ends), "changes overlap"
                assert isinstance(applied(text.text, changes).encode(text.codec), bytes)


_RESIZE = Set({"width": 10, "height": 20})


def _actions(box: Box) -> list[Action]:
    """All that may be done to an object with this box."""
    values = {"label": "new", "area": 1.0, "iscrowd": 0, "difficult": 0, "id": 1}
    size = int(box[2]) - 1, int(box[3]) - 1
    return [*(Set({key: value}) for key, value in values.items()), Drop(), Clip(size, box),
            Reorder()]  # fmt: skip


def kinds_of(action: Action) -> list[str]:
    """What an action does, a phrase for each field that it sets."""
    if isinstance(action, Set):
        return [f"set {field}" for field in action.values]
    return [type(action).__name__.lower()]


def _nowhere(name: str) -> Iterator[Place]:
    yield Place(name, "$.shapes[99]")
    yield Place(name, "$.annotations[99]")
    yield Place(name, "object[99]", 999)
    yield Place(name, "names[99]", 999)
    yield Place(name, line=999)


def _is_marked(place: Place, images: Sequence[Image]) -> bool:
    """Whether it is the place of an image or of an instance."""
    return any(
        place == image.place or place in [one.place for one in image.instances] for image in images
    )


def _edited(image: Image, edit: Edit) -> Image:
    """An image as it should be read after an edit."""
    instances = []
    for one in image.instances:
        if one.place != edit.place:
            instances.append(one)
        elif not isinstance(edit.action, Drop):
            instances.append(_changed(one, edit.action))
    sizes = {}
    if image.place == edit.place and isinstance(edit.action, Set):
        sizes = {key: edit.action.values[key] for key in ("width", "height")}
    return msgspec.structs.replace(image, instances=tuple(instances), **sizes)


def _changed(one: Instance, action: Action) -> Instance:
    if isinstance(action, Set):
        fields = {key: value for key, value in action.values.items() if key != "id"}
        return msgspec.structs.replace(one, **fields)
    x0, y0, x1, y1 = one.box
    box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    if isinstance(action, Clip):
        box = geometry.clip_box(box, *action.size)
    return msgspec.structs.replace(one, box=box, shape=None, area=0)


def _renamed_class(before: Sequence[Image], after: Sequence[Image], new: str) -> list[Image]:
    """Images as they should be read after a class, of which there are some, is named anew."""
    labels = [
        [one.label for image in images for one in image.instances] for images in (before, after)
    ]
    (old,) = {one for one, other in zip(*labels, strict=True) if one != other}
    renamed = []
    for image in before:
        instances = [
            msgspec.structs.replace(one, label=new) if one.label == old else one
            for one in image.instances
        ]
        renamed.append(msgspec.structs.replace(image, instances=tuple(instances)))
    return renamed


def _compared(image: Image) -> tuple[object, ...]:
    """All but places, which move, and outlines and areas, which follow their boxes."""
    return (
        image.file_name,
        (image.width, image.height),
        image.split,
        [
            (one.label, [round(value, 6) for value in one.box], _flags(one), one.attributes)
            for one in image.instances
        ],
    )


def _flags(instance: Instance) -> tuple[bool, bool]:
    return instance.iscrowd, instance.difficult


def _count(findings: Sequence[Finding], like: Finding) -> int:
    return sum(finding.code == like.code for finding in findings)
