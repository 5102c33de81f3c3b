"""Registers a dataset with a training framework: plan, show, apply; and undo.

    folder ─► layout ─► survey ─► DatasetSpec ─► planned files ─► written

The output belongs to the user: it needs the framework but not dataforge. The generated package
becomes importable through one line, a ``dataforge_<name>.pth`` in the site-packages of the Python
that trains, so that any working directory, worker process and dumped config finds it.
"""

from __future__ import annotations

from dataforge.verbs.register.applying import DEMO_MARK, apply, check_applicable
from dataforge.verbs.register.listing import Registered, registered
from dataforge.verbs.register.path_file import site_folders
from dataforge.verbs.register.planning import plan
from dataforge.verbs.register.record import Registration
from dataforge.verbs.register.request import Plan, Request
from dataforge.verbs.register.undo import Removed, unregister

__all__ = [
    "DEMO_MARK",
    "Plan",
    "Registered",
    "Registration",
    "Removed",
    "Request",
    "apply",
    "check_applicable",
    "plan",
    "registered",
    "site_folders",
    "unregister",
]
