"""What can be wrong with a dataset: one file for each code; `_base` says what is in it."""
