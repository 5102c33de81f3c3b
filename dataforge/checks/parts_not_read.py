"""Parts or polygons inside a VOC object, which are not read.

What: an object has ``<part>`` elements, as VOC's person layout has for head, hands and feet, or a
``<polygon>``, as some tools add. The object's own box is read.

Why: they are not in what is written. If the parts are what is to be detected, they are missing.

Example: ``<object><name>person</name><bndbox>...</bndbox><part><name>head</name>...``.

Fix: none, if the object's box is what is wanted; else make objects of the parts.
"""

SEVERITY = "note"
