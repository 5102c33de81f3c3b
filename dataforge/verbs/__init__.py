"""What dataforge does: a module or package for each verb; `dataforge` has their functions."""
