"""Objects of a class with another number of keypoints than the class has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import Fact
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.records import Image


class Check(base.Check):
    """Counts the keypoints of each object that has any."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        first: dict[tuple[str, int], Place] = {}
        times: Counter[tuple[str, int]] = Counter()
        for instance in image.instances:
            if instance.keypoints:
                key = instance.label, len(instance.keypoints) // 3
                first.setdefault(key, instance.place)
                times[key] += 1
        for (label, number), place in first.items():
            where = [place.file, place.pointer, place.line]
            yield self.fact([label, number, times[label, number], where])

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        declared = {one.name: len(one.keypoints) for one in whole.header.categories}
        times: dict[str, Counter[int]] = {}
        first: dict[tuple[str, int], Place] = {}
        for label, number, count, (file, pointer, line) in facts.of(self.name):
            times.setdefault(label, Counter())[number] += count
            first.setdefault((label, number), Place(file, pointer, line))
        for label, numbers in times.items():
            wanted = declared.get(label) or max(numbers, key=lambda one: (numbers[one], one))
            has = "are declared" if declared.get(label) else "is usual"
            for number in sorted(numbers.keys() - {wanted}):
                yield self.finding(
                    first[label, number],
                    f"{plural(numbers[number], 'object')} of {label!r} with "
                    f"{plural(number, 'keypoint')}, where {wanted} {has}; this is the first",
                    "mark all of them, and those that cannot be seen with visibility 0",
                )
