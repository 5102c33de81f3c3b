"""Areas that are not those of the boxes or outlines that are written.

What: COCO states an area beside the shape. labelme, VOC and YOLO have no place for it. They are
counted, and the first one is named.

Why: who reads the output takes the area of what is written: of the box, where an outline or mask
had a smaller one. COCO's evaluation sorts objects into small, medium and large by it.

Example: an annotation with a box of 20x20 pixels and ``"area": 260``, the area of its mask.

Fix: none, if nobody needs them; COCO holds them.
"""

SEVERITY = "note"
