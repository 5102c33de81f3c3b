"""Writes dataset classes and configs: one file per framework, one row each in `_table.py`."""
