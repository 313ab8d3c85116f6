#!/usr/bin/env bash
# bioimageio.core: the smallest tile cannot be asked for; a block size parameter of 0 is taken for 10
#
# Versions: bioimageio.core 0.11.0, bioimageio.spec 0.5.12.0, pydantic 2.12.5, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: tiles have sides of min + n * step, and the specification allows n = 0, 1, 2, ... The pipeline writes
#   "ns or default", so that n = 0 becomes its default of 10, without a word. In Python predict(blocksize_parameter=0)
#   and predict_sample_with_blocking(ns=0) do so.
# Harm: who asks for the smallest tile to spare memory gets one that is larger by 10 steps. An image between the two
#   sizes, which the model description allows, is refused as "smaller than block shape".
# Instead: give input_block_shape, the sides themselves.
# Output:
#   bioimageio.core 0.11.0
#   n = 0: 4 blocks
#   n = 1: 36 blocks
#   n = 10: 4 blocks
#   input_block_shape 64: 64 blocks
#   an image of 128 with n = 0: ... is smaller than block shape ...
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check bioimageio.core==0.11.0 numpy==2.4.6 \
    bioimageio.spec==0.5.12.0 pydantic==2.12.5 onnx==1.23.2 onnxruntime==1.32.0 2>pip.log || { cat pip.log; exit 1; }
BIOIMAGEIO_CACHE_PATH=$work/cache venv/bin/python - 2>warnings.log <<'PY' || { cat warnings.log; exit 1; }
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
from bioimageio.core import Tensor, create_prediction_pipeline, predict
from bioimageio.core.digest_spec import create_sample_for_model
from bioimageio.spec.model import v0_5 as spec

np.save("image.npy", np.ones((1, 1, 64, 64), np.float32))
Path("about.md").write_text("# A model\n\n## Validation\n\nNone.\n")
Path("cover.png").write_bytes(b"")
sides = ["n", 1, "h", "w"]
ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sides) for name in ("image", "result")]
graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["image"], ["result"])], "g", ends[:1], ends[1:])
opset = [onnx.helper.make_opsetid("", 17)]
onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), "weights.onnx")

size = spec.ParameterizedSize(min=64, step=16)
axes = [spec.BatchAxis(), spec.ChannelAxis(channel_names=["grey"])]
halved = [
    spec.SpaceOutputAxisWithHalo(id=a, halo=16, size=spec.SizeReference(tensor_id="image", axis_id=a)) for a in "yx"
]
tensor = spec.FileDescr(source=Path("image.npy"))
model = spec.ModelDescr(
    name="a model", description="of a test", authors=[spec.Author(name="A. Person")], license="MIT",
    cite=[spec.CiteEntry(text="none", url="https://example.com")],
    documentation=spec.FileDescr(source=Path("about.md")),
    inputs=[spec.InputTensorDescr(
        id="image", axes=[*axes, *(spec.SpaceInputAxis(id=a, size=size) for a in "yx")], test_tensor=tensor
    )],
    outputs=[spec.OutputTensorDescr(id="result", axes=[*axes, *halved], test_tensor=tensor)],
    weights=spec.WeightsDescr(onnx=spec.OnnxWeightsDescr(source=Path("weights.onnx"), opset_version=17)),
)
pipeline = create_prediction_pipeline(model)


def image(side):
    pixels = np.ones((1, 1, side, side), np.float32)
    return create_sample_for_model(model, inputs=Tensor.from_numpy(pixels, dims=("batch", "channel", "y", "x")))


print("bioimageio.core", version("bioimageio.core"))
blocks = {}
for n in (0, 1, 10):
    blocks[n], _ = pipeline.predict_sample_with_blocking_yield_intermediates(image(256), ns=n)
    print(f"n = {n}: {blocks[n]} blocks")
shape = {"image": {"y": 64, "x": 64, "batch": 1, "channel": 1}}
smallest, _ = pipeline.predict_sample_with_fixed_blocking_yield_intermediates(image(256), input_block_shape=shape)
print("input_block_shape 64:", smallest, "blocks")
try:
    predict(model=pipeline, inputs=image(128), blocksize_parameter=0)
except ValueError as error:
    refused = str(error)
print("an image of 128 with n = 0: ...", refused[refused.index("is smaller"):][:27], "...")
assert blocks[0] == blocks[10] < blocks[1] < smallest, "n = 0 gives the smallest tile now"
PY
