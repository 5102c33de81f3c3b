#!/usr/bin/env bash
# Proves and trains detectors in torchvision and in mmdetection 2 and 3, and writes one table:
#
#     benchmarks/gpu/prove.sh OUT [--wheels DIR] [--bccd DIR] [--minutes N] [--compiled] ...
#
# Made for a machine with an NVIDIA GPU and without network; the wheels come from wheels.sh. Without
# a GPU it does everything in small, on the CPU. PYTHON is the Python that has torch.
set -euo pipefail
exec "${PYTHON:-python3}" "$(dirname "$0")/prove.py" "$@"
