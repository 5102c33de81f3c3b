# dataforge with mmdetection 3 (or 2: --build-arg GROUP=mmdet2-lite) and a current torch, for a
# machine with an NVIDIA GPU and the NVIDIA container toolkit. Not tried: it was written where no
# builder could be had; docs/gpu.md says what was run on a GPU without it.
#
#     docker build -f docs/gpu.Dockerfile -t dataforge .
#     docker run --rm --gpus all -v "$PWD:/data" -w /data dataforge smoke CONFIG --device cuda
FROM python:3.12-slim
ARG GROUP=mmdet3-lite
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc g++ libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv
WORKDIR /opt/dataforge
COPY . .
# torch's wheels bring CUDA; nothing is compiled, torchvision's operators serve (environment.md).
ENV UV_PROJECT_ENVIRONMENT=/opt/environment UV_LINK_MODE=copy
RUN uv sync --no-default-groups --group "$GROUP" --no-cache
ENV PATH=/opt/environment/bin:$PATH
ENTRYPOINT ["dataforge"]
CMD ["doctor"]
