"""A page that shows a dataset: its images with their objects, and its findings, from disk."""

from __future__ import annotations

from dataforge.verbs.browse.build import MOST, BrowseOptions, BrowseReport, browse

__all__ = ["MOST", "BrowseOptions", "BrowseReport", "browse"]
