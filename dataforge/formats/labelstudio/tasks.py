"""What is in a file of Label Studio: its tasks, each with one list of results, still encoded.

    [{"id": 1, "data": {"image": "/data/upload/1/1f2e3d4c-a.jpg"},
      "annotations": [{"id": 7, "was_cancelled": false, "ground_truth": false, "result": [...]}],
      "predictions": [{"score": 0.9, "result": [...]}]}]

Older exports have ``completions``; JSON_MIN has the values of results directly in the task, under
the name of their tag. Cloud storage gets a file for each annotation, with its task inside:

    {"id": 7, "result": [...], "was_cancelled": false, "task": {"id": 1, "data": {...}}}

Source: labelstud.io/guide/task_format, /guide/export and /guide/storage.
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
from dataforge.io import MAX_VALUES, plain

Policy: TypeAlias = Literal["latest", "first", "all", "predictions"]
"""Which annotations of a task are read."""

_LISTS = ("annotations", "completions")
_MOST = 1_000  # annotations of a task


class Task(NamedTuple):
    """A task.

    Attributes:
        pictures: its images; none if it is about something else.
        results: that are read.
        annotations: number of lists of results that could be.
        is_annotated: whether there is any.
    """

    pictures: list[Picture]
    results: list[Results]
    annotations: int
    is_annotated: bool


def is_alone(raw: msgspec.Raw) -> bool:
    """Whether a file that is no list may be a task, or an annotation with its task inside."""
    few = bytes(raw).count(b",") <= MAX_VALUES
    return few and bool({"data", "task"} & (keys_of(raw) or {}).keys())


def task_of(keys: Keys, place: Place, policy: Policy) -> Task | None:
    """What a task says; None if it is none."""
    data = keys_of(keys.get("data"))
    key = next((key for key in _LISTS if key in keys), None)
    if data is None:
        return _stored(keys, place, policy) or _minimal(keys, place)
    if policy == "predictions":
        found = _results(members_of(keys.get("predictions")), place.at(".predictions"))
        return _task(keys, found[:1], len(found))
    if key is None:
        return None
    whole = _results(members_of(keys[key]), place.at(f".{key}"))
    chosen = (
        whole if policy == "all" else whole[:1] if policy == "first" else _latest(keys, key, whole)
    )
    return _task(keys, chosen, len(whole))


def _task(keys: Keys, chosen: list[Results], number: int) -> Task:
    data = keys_of(keys.get("data")) or {}
    pictures = pictures_of(data, text_of(keys.get("file_upload")), chosen)
    return Task(pictures, chosen, number, bool(number))


def _stored(keys: Keys, place: Place, policy: Policy) -> Task | None:
    """The task of an annotation in cloud storage; None if it is none."""
    task = keys_of(keys.get("task"))
    if task is None or "data" not in task or members_of(keys.get("result")) is None:
        return None
    if policy == "predictions":
        return task_of(task, place.at(".task"), policy)
    found = _of_annotation(keys, place)
    return _task(task, found, len(found))


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


def _results(annotations: Sequence[msgspec.Raw] | None, place: Place) -> list[Results]:
    """The lists of results of annotations that were not skipped."""
    return [
        results
        for index, one in enumerate((annotations or [])[:_MOST])
        for results in _of_annotation(keys_of(one) or {}, place.at(f"[{index}]"))
    ]


def _of_annotation(keys: Keys, place: Place) -> list[Results]:
    """The list of results of an annotation, unless it was skipped."""
    results = members_of(keys.get("result"))
    if results is None or ("was_cancelled" in keys and plain(keys["was_cancelled"]) is True):
        return []
    score = number_of(keys.get("score"))
    return [Results(place.at(".result"), bytes(keys["result"]), len(results), score)]


def _minimal(keys: Keys, place: Place) -> Task | None:
    """A task of JSON_MIN."""
    results: list[Results] = []
    used: set[str] = set()
    for key, raw in keys.items():
        members = members_of(raw)
        first = keys_of(members[0]) if members else None
        if members and first is not None and _is_result(first):
            used.add(key)
            results.append(Results(place.at(step_of(key)), bytes(raw), len(members)))
    if not (results or {"annotator", "annotation_id"} & keys.keys()):
        return None
    others = {key: raw for key, raw in keys.items() if key not in used}
    return Task(pictures_of(others, "", results), results, min(len(results), 1), True)


def _is_result(keys: Keys) -> bool:
    """Whether a value of JSON_MIN is that of a result: drawn, or marked in a text."""
    in_text = "start" in keys and any(key.endswith("labels") for key in keys)
    return in_text or "original_width" in keys
