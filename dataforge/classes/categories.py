"""What becomes of the categories that a source declares."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from dataforge.classes.resolver import Classes
from dataforge.codes import code
from dataforge.findings import Finding
from dataforge.records import Category, Header


def final_header(header: Header, classes: Classes) -> tuple[Header, list[Finding]]:
    """(a source's header with the final classes, a finding for each that loses names of keypoints).

    A class that is renamed stays what it was. One that several were merged into has their
    keypoints, unless these differ: then no names would be right for all of its objects.
    """
    members: dict[str, list[Category]] = defaultdict(list)
    for category in header.categories:
        if (name := classes.of(category.name)) is not None:
            members[name].append(category)
    found: list[Category] = []
    findings: list[Finding] = []
    for name in classes.names:
        own = members[name]
        first = next((one for one in own if one.name == name), None)
        if first is None:
            first = own[0] if len(own) == 1 else Category(name=name)
        pointed = [one for one in own if one.keypoints] or [first]
        keypoints, skeleton = pointed[0].keypoints, pointed[0].skeleton
        if any(one.keypoints != keypoints for one in pointed):
            findings.append(
                code("keypoint-names-not-carried").at(
                    classes.first(name),
                    f"{name!r} is made of classes with different keypoints: their names are left "
                    "out",
                    "merge classes whose keypoints are the same, in the same order",
                )
            )
            keypoints, skeleton = (), ()
        found.append(
            msgspec.structs.replace(first, name=name, keypoints=keypoints, skeleton=skeleton)
        )
    return msgspec.structs.replace(header, categories=tuple(found)), findings
