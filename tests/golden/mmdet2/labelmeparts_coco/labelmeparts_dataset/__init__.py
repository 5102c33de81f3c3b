"""LabelmeParts, made importable by dataforge; the dataset class is in mmdet2.py."""
