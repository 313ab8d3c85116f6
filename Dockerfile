# What requirements.lock pins, and the project on top:
#   docker build --tag fusionnet .
#   docker run --rm --gpus all --shm-size 2g --volume "$PWD/results:/fusionnet/results" fusionnet
# Without --gpus the same image runs on the processor. PyPI's torch brings CUDA's libraries; an image of a fifth of the
# size, for machines without a GPU: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG PYTHON=3.11
FROM python:${PYTHON}-slim-bookworm

# git for DVC; a C++ compiler for torch.compile, without which the project does not compile.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /fusionnet

# The requirements are a layer of their own, so that a change of the code does not install them again.
ARG TORCH_INDEX=https://pypi.org/simple
COPY requirements.lock ./
RUN grep '^torch==' requirements.lock > torch.lock \
    && pip install --no-cache-dir --index-url "${TORCH_INDEX}" --extra-index-url https://pypi.org/simple -r torch.lock \
    && pip install --no-cache-dir -r requirements.lock \
    && rm torch.lock

COPY . .
RUN pip install --no-cache-dir --no-deps --editable .

CMD ["snakemake", "--cores", "all", "--resources", "gpu=1"]
