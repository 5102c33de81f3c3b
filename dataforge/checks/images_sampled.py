"""Images of a large split that were not all decoded.

What: of more than 1,000 images the headers are read, and so many of them are decoded whole, taken
evenly.

Why: an image whose header is good and whose pixels are torn may be among the rest.

Example: every 12th of 12,000 images was decoded whole, of the rest the headers.

Fix: none; `dataforge check` looks at every file.
"""

SEVERITY = "note"
