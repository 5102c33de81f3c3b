"""A VOC file whose filename is another than its own.

What: ``<filename>`` names an image of another name than the XML file's, and there is an image of
the XML file's name, which is taken.

Why: one of the two is wrong. If it is the file's name, the boxes are those of another image. Tools
differ in which they believe: mmdetection goes by the file's name.

Example: ``0007.xml`` says ``<filename>0008.jpg</filename>``, and both images are there.

Fix: look at one of them. ``lookup = "filename"`` in a layout file takes what the files say.
"""

SEVERITY = "warning"
