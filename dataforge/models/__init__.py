"""Networks, as plain torch: what `register --backbone` copies into the generated package.

A network is one file and one row of `table.py`. The files import torch alone and each other, by
relative imports, so that they run in a generated package as they run here. `import
dataforge.models` imports no torch.
"""

from __future__ import annotations

from dataforge.models.table import Network, get_network, networks, source_text, sources_of

__all__ = ["Network", "get_network", "networks", "source_text", "sources_of"]
