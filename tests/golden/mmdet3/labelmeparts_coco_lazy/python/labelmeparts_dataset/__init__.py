"""LabelmeParts, made importable by dataforge: annotations.py reads it for all frameworks."""
