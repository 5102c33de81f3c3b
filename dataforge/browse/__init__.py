"""A page that shows a dataset: its images with their objects, and its findings, from disk."""

from __future__ import annotations

from dataforge.browse.build import BrowseOptions, BrowseReport, browse

__all__ = ["BrowseOptions", "BrowseReport", "browse"]
