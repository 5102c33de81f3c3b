#!/usr/bin/env bash
# Fetches and builds the wheels that benchmarks/gpu/prove.sh installs on a machine without network:
#
#     benchmarks/gpu/wheels.sh DIR
#
# They are for CPython 3.12 on Linux (x86-64) beside torch, torchvision, numpy, OpenCV, matplotlib,
# scipy, Pillow, lxml, jinja2, PyYAML, click, rich, fsspec, six and tqdm, which are expected there.
# mmdetection 2 and 3 exclude one another: each has a folder, and DIR/common is for all.
# DIR/compiled has the sources of mmcv and mmcv-full, for operators compiled on that machine.
set -euo pipefail

dir=${1:?usage: benchmarks/gpu/wheels.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# An environment of its own: mmcv's setup.py needs pkg_resources, which setuptools 81 removed, and
# without torch in sight it builds no operators.
python3 -m venv "$scratch/env"
pip="$scratch/env/bin/python -m pip --disable-pip-version-check --quiet"
$pip install "setuptools<81" wheel

# Finished wheels for the target; pip matches each number of manylinux_2_N exactly.
fetch() {
  local into=$1
  shift
  mkdir -p "$dir/$into"
  rm -f "$dir/$into"/*
  $pip download --no-deps --only-binary=:all: --implementation cp --python-version 3.12 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest "$dir/$into" "$@"
}

# A wheel of mmcv without compiled operators, which is pure Python.
build() {
  local into=$1
  shift
  MMCV_WITH_OPS=0 $pip wheel --no-deps --no-build-isolation --wheel-dir "$dir/$into" "$@"
}

openmmlab="addict==2.4.0 platformdirs==4.5.0 terminaltables==3.1.10 yapf==0.43.0"
# setuptools has the distutils that mmengine needs, and the pkg_resources of mmcv's setup.py.
fetch common msgspec==0.20.0 pycocotools==2.0.11 setuptools==80.9.0
fetch mmdet2 $openmmlab mmdet==2.28.2
build mmdet2 mmcv==1.7.2
fetch mmdet3 $openmmlab mmdet==3.3.0 mmengine==0.10.7 shapely==2.1.2 termcolor==3.2.0
build mmdet3 mmcv-lite==2.1.0
rm -rf "$dir/compiled"
$pip download --no-deps --no-binary=:all: --no-build-isolation --dest "$dir/compiled" \
  mmcv-full==1.7.2 mmcv==2.1.0

du -sh "$dir"/*
megabytes=$(du -sm "$dir" | cut -f 1)
echo "$megabytes MB of wheels in $dir"
[ "$megabytes" -lt 60 ]
