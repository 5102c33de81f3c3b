"""A data.yaml that is no YAML.

What: the file cannot be parsed, is nested too deep, or is larger than 4 MiB.

Why: without it the classes are but numbers, and the splits are guessed from the folders' names.

Example: a tab at the beginning of a line, or ``names: [cat, dog`` without the closing bracket.

Fix: mend the line that is named.
"""

SEVERITY = "error"
