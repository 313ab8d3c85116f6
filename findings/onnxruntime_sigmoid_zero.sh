#!/usr/bin/env bash
# onnxruntime's Sigmoid is exactly 0 from -18 downwards and not monotone just above: its logarithm is -infinity
#
# Versions: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6
# Seen: 2026-11-28
# Behaviour: the CPU kernel clamps its argument to [-18, 18] and approximates within. sigmoid(-18) is 1.5e-8, well
#   inside float32, and numpy returns that; onnxruntime returns 0.0. Between -18 and -15 its absolute error of some
#   1e-8 exceeds the value, so that a larger logit can get the smaller probability.
# Harm: the differences are below 1e-7, so a comparison of an exported network with its source to 1e-6 passes. But
#   log-likelihoods, log-odds averaged over flips or models, and edge weights log(p / (1 - p)) of an agglomeration
#   become -inf, and an average over them -inf or NaN, where the same code on a float32 sigmoid is finite.
# Instead: export the logits and apply the sigmoid outside, or clip p to [1e-6, 1 - 1e-6] before any logarithm.
# Output (the values between -18 and -15 may differ with the processor; the check does not use them):
#   onnxruntime 1.32.0 numpy 2.4.6
#   sigmoid(-30): onnxruntime 0, numpy float32 9.36e-14
#   sigmoid(-20): onnxruntime 0, numpy float32 2.06e-09
#   sigmoid(-18): onnxruntime 0, numpy float32 1.52e-08
#   sigmoid(-17): onnxruntime 8.94e-08, numpy float32 4.14e-08
#   sigmoid(-16): onnxruntime 5.96e-08, numpy float32 1.13e-07
#   sigmoid(-15): onnxruntime 3.58e-07, numpy float32 3.06e-07
#   sigmoid(-10): onnxruntime 4.54e-05, numpy float32 4.54e-05
#   log of the first three: [-inf -inf -inf] numpy [-30. -20. -18.]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 \
    2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"}
graph = helper.make_graph([helper.make_node("Sigmoid", ["x"], ["y"])], "sigmoid", [values["x"]], [values["y"]])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
logits = np.array([-30, -20, -18, -17, -16, -15, -10], np.float32)
found = session.run(None, {"x": logits})[0]
exact = 1 / (1 + np.exp(-logits))
print("onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
for logit, one, other in zip(logits, found, exact):
    print(f"sigmoid({logit:.0f}): onnxruntime {one:.3g}, numpy float32 {other:.3g}")
with np.errstate(divide="ignore"):
    print("log of the first three:", np.log(found[:3]), "numpy", np.log(exact[:3]))
assert (found[:3] == 0).all() and (exact[:3] > 0).all() and exact.dtype == np.float32, "sigmoid no longer ends at 0"
PY
