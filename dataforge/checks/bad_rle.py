"""A run-length mask that does not have as many pixels as it says.

What: the ``counts`` of an RLE cannot be read, hold a negative run, or do not add up to height x
width of its ``size``; or that is no size of an image.

Why: which pixels are meant cannot be told: the mask is left out, and the box kept where it is
stated. pycocotools does not look, and draws something else or dies.

Example: ``{"size": [48, 64], "counts": [100, 20]}``: 120 of 3,072 pixels.

Fix: make the mask anew. Often ``size`` is (width, height), where COCO has (height, width).
"""

SEVERITY = "warning"
