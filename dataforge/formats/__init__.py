"""One file per annotation format, one row each in `_table.py`."""
