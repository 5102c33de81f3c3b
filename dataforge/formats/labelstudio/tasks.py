"""What is in a file of Label Studio: its tasks, each with one list of results, still encoded.

    [{"id": 1, "data": {"image": "/data/upload/1/1f2e3d4c-a.jpg"},
      "annotations": [{"id": 7, "was_cancelled": false, "ground_truth": false, "result": [...]}],
      "predictions": [{"score": 0.9, "result": [...]}]}]

Older exports have ``completions``; JSON_MIN has the values of results directly in the task, under
the name of their tag. Source: labelstud.io/guide/task_format and /guide/export.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from dataforge.findings import Place
from dataforge.formats.json_entries import (
    Keys,
    keys_of,
    members_of,
    number_of,
    step_of,
    text_of,
)
from dataforge.formats.labelstudio.images import Picture, pictures_of
from dataforge.formats.labelstudio.results import Results
from dataforge.io import plain

Policy: TypeAlias = Literal["latest", "first", "all", "predictions"]
"""Which annotations of a task are read."""

_LISTS = ("annotations", "completions")
_MOST = 1_000  # annotations of a task


class Task(NamedTuple):
    """A task.

    Attributes:
        pictures: its images, at least one.
        results: that are read.
        annotations: number of lists of results that could be.
        is_annotated: whether there is any.
    """

    pictures: list[Picture]
    results: list[Results]
    annotations: int
    is_annotated: bool


def task_of(keys: Keys, place: Place, policy: Policy) -> Task | None:
    """What a task says; None if it is none."""
    data = keys_of(keys.get("data"))
    key = next((key for key in _LISTS if key in keys), None)
    if data is None:
        return _minimal(keys, place)
    pictures = pictures_of(data, text_of(keys.get("file_upload")))
    if policy == "predictions":
        found = _results(keys.get("predictions"), place.at(".predictions"))
        return Task(pictures, found[:1], len(found), bool(found))
    if key is None:
        return None
    whole = _results(keys[key], place.at(f".{key}"))
    chosen = (
        whole if policy == "all" else whole[:1] if policy == "first" else _latest(keys, key, whole)
    )
    return Task(pictures, chosen, len(whole), bool(whole))


def _latest(keys: Keys, key: str, whole: Sequence[Results]) -> list[Results]:
    """That which is marked as the truth, else that which was changed last."""
    members = members_of(keys[key]) or []
    ranks: dict[str, tuple[bool, str, int]] = {}
    for index, raw in enumerate(members):
        one = keys_of(raw) or {}
        changed = text_of(one.get("updated_at")) or text_of(one.get("created_at"))
        truth = "ground_truth" in one and plain(one["ground_truth"]) is True
        ranks[f"[{index}]"] = truth, changed, index
    best = sorted(whole, key=lambda one: ranks[_index(one.place)])
    return best[-1:]


def _index(place: Place) -> str:
    found = re.search(r"(\[\d+\])\.result$", place.pointer)
    return found[1] if found else ""


def _results(raw: msgspec.Raw | None, place: Place) -> list[Results]:
    """The lists of results of annotations that were not skipped."""
    found: list[Results] = []
    for index, one in enumerate((members_of(raw) or [])[:_MOST]):
        keys = keys_of(one) or {}
        if "was_cancelled" in keys and plain(keys["was_cancelled"]) is True:
            continue
        results = members_of(keys.get("result"))
        if results is not None:
            where = place.at(f"[{index}].result")
            score = number_of(keys.get("score"))
            found.append(Results(where, bytes(keys["result"]), len(results), score))
    return found


def _minimal(keys: Keys, place: Place) -> Task | None:
    """A task of JSON_MIN."""
    results: list[Results] = []
    used: set[str] = set()
    for key, raw in keys.items():
        members = members_of(raw)
        first = keys_of(members[0]) if members else None
        if members and first is not None and "original_width" in first:
            used.add(key)
            results.append(Results(place.at(step_of(key)), bytes(raw), len(members)))
    others = {key: raw for key, raw in keys.items() if key not in used}
    pictures = pictures_of(others, "")
    if not pictures[0].names[0] or not (results or {"annotator", "annotation_id"} & keys.keys()):
        return None
    return Task(pictures, results, min(len(results), 1), True)
