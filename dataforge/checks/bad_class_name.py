"""An entry of data.yaml's names that is no number with a name.

What: an item of ``names`` has a key that is no whole number, or a value that is empty or no text.

Why: the class has no name, so that its rows are left out, each with a finding.

Example::

    names: {0: cat, one: dog}

Fix: write each class as ``number: name``, or all as a list in the order of their numbers.
"""

SEVERITY = "warning"
