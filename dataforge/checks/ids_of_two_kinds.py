"""COCO ids that are a number in one place and a text in another.

What: ``image_id`` or ``category_id`` of an annotation is a text where the image's or category's
``id`` is a number, or the other way round. It is read as the same id, and told once for each file,
with the number.

Why: for everybody else 1 and "1" are two ids. The annotation belongs to no image, or to no class:
it is lost without a word, or stops the trainer with a KeyError.

Example: ``{"id": "1", "file_name": "a.jpg"}`` and ``{"id": 5, "image_id": 1}``.

Fix: make all ids numbers; `dataforge coco filter FILE OUT` does.
"""

SEVERITY = "error"
