#!/usr/bin/env bash
# bioimageio.spec: an input's padding is saved without its mode and read back as padding with zeros
#
# Versions: bioimageio.spec 0.5.12.0, pydantic 2.12.5, numpy 2.4.6
# Seen: 2026-11-29
# Behaviour: InputTensorDescr(pad=ReflectPadding()) says that a runner continues the image by reflection. A package
#   keeps only the fields that were set by hand, and the mode is a default: "pad: {}" is written. Read back, that is the
#   first of the kinds of padding that an empty entry fits: ConstantPadding, of value 0. Edge and symmetric padding
#   turn into the same. The model is valid before and after, and its own test passes, since that pads nothing.
# Harm: bioimageio.core, which pads by the halo before it predicts, then puts black borders around every image. In this
#   project's package, probabilities (of random weights) changed by up to 0.6, as far from the border as the network sees.
# Instead: name the mode, though it is the default: ReflectPadding(mode="reflect").
# Output:
#   bioimageio.spec 0.5.12.0
#   ReflectPadding()                 -> mode='constant' value=0
#   SymmetricPadding()               -> mode='constant' value=0
#   EdgePadding()                    -> mode='constant' value=0
#   ReflectPadding(mode='reflect')   -> mode='reflect'
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check bioimageio.spec==0.5.12.0 numpy==2.4.6 \
    pydantic==2.12.5 2>pip.log || { cat pip.log; exit 1; }
BIOIMAGEIO_CACHE_PATH=$work/cache venv/bin/python - 2>warnings.log <<'PY' || { cat warnings.log; exit 1; }
from importlib.metadata import version
from pathlib import Path

import numpy as np
from bioimageio.spec import load_model_description, save_bioimageio_package
from bioimageio.spec.model import v0_5 as spec

np.save("image.npy", np.ones((1, 1, 64, 64), np.float32))
Path("weights.pt").write_bytes(b"not looked at")
Path("about.md").write_text("# A model\n\n## Validation\n\nNone.\n")
Path("cover.png").write_bytes(b"")


def model(padding):
    size = spec.ParameterizedSize(min=64, step=16)
    axes = [spec.BatchAxis(), spec.ChannelAxis(channel_names=["grey"])]
    halved = [spec.SpaceOutputAxis(id=a, size=spec.SizeReference(tensor_id="image", axis_id=a)) for a in "yx"]
    tensor = spec.FileDescr(source=Path("image.npy"))
    return spec.ModelDescr(
        name="a model", description="of a test", authors=[spec.Author(name="A. Person")], license="MIT",
        cite=[spec.CiteEntry(text="none", url="https://example.com")],
        documentation=spec.FileDescr(source=Path("about.md")),
        inputs=[spec.InputTensorDescr(
            id="image", axes=[*axes, *(spec.SpaceInputAxis(id=a, size=size) for a in "yx")], test_tensor=tensor, pad=padding
        )],
        outputs=[spec.OutputTensorDescr(id="result", axes=[*axes, *halved], test_tensor=tensor)],
        weights=spec.WeightsDescr(torchscript=spec.TorchscriptWeightsDescr(
            source=Path("weights.pt"), pytorch_version=spec.Version("2.6")
        )),
    )


print("bioimageio.spec", version("bioimageio.spec"))
found = {}
for text in ("ReflectPadding()", "SymmetricPadding()", "EdgePadding()", "ReflectPadding(mode='reflect')"):
    padding = eval(f"spec.{text}")
    package = save_bioimageio_package(model(padding), output_path=Path("model.zip"), allow_invalid=True)
    again = load_model_description(package, perform_io_checks=False).inputs[0].pad
    found[text] = again
    print(f"{text:32} -> {again}")
    package.unlink()
assert found.pop("ReflectPadding(mode='reflect')").mode == "reflect"
assert {each.mode for each in found.values()} == {"constant"}, "the padding survives"
PY
