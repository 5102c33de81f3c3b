"""Objects that mmdetection does not train on, and by which rule.

What: objects of a split are marked and not handed out: they are crowds, difficult, under one pixel,
outside their image, or in an image that is filtered out. They are counted by reason.

Why: it is mostly right, and mostly unknown. A large number says that something is wrong: sizes,
flags, or images under 32 pixels.

Example: 310 objects are not used: difficult.

Fix: none, if the rule is what you want; else correct the flags, or the filter in the config.
"""

SEVERITY = "warning"
