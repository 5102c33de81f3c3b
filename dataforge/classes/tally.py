"""Counting labels as they are written, before anybody decides which classes they are."""

from __future__ import annotations

import msgspec

from dataforge.findings import Place


class Count(msgspec.Struct):
    """How many shapes there are, and where the first of them is.

    Attributes:
        place: of the first shape.
        shapes: how many there are.
    """

    place: Place
    shapes: int = 0


class Tally(msgspec.Struct):
    """Labels in the order in which they were first met, with their counts.

    It knows no rules, so tallies of parts of a dataset can be made anywhere, sent (pickled, or
    encoded by msgspec) and merged.

    Attributes:
        labels: label as written -> its count, in the order of the first shapes.
    """

    labels: dict[str, Count] = {}

    def add(self, label: str, shapes: int, place: Place) -> None:
        """Count so many shapes of a label, the first of them at this place."""
        count = self.labels.get(label)
        if count is None:
            count = self.labels[label] = Count(place)
        count.shapes += shapes

    def merge(self, later: Tally) -> None:
        """Add the counts of a tally whose shapes all come after those counted here."""
        for label, count in later.labels.items():
            self.add(label, count.shapes, count.place)
