"""A trained network for other programs: ONNX and TorchScript, from grey values to probabilities."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent
from fusionnet.models.blocks import SIDE_MULTIPLE, SegmentationNetwork
from fusionnet.models.folding import fuse
from fusionnet.models.normalisation import normalise

ONNX_OPSET = 17
EXAMPLE_SIDE = 64  # pixels; what is traced holds for every size


class Standalone(nn.Module):
    """A network with all that belongs to it: 8-bit grey levels in, probability of "inside a cell" out.

    Args:
        network: Copied, its normalisations folded.
    """

    def __init__(self, network: SegmentationNetwork):
        super().__init__()
        self.network = torch.nn.Module.to(fuse(network), memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        for unit in self.network.modules():
            if isinstance(unit, SegmentationNetwork):
                # `forward` branches on the size, which a trace would fix; the padding below does for all units.
                unit.forward = unit.segment  # type: ignore[method-assign]
        black, white = (float(level) for level in normalise(torch.tensor([0.0, 255.0]).numpy()))
        self.offset, self.scale = black, (white - black) / 255

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        """Return probabilities (N, 1, H, W) for grey levels 0..255, (N, 1 + 2 * neighbours, H, W), any H and W."""
        x = grey * self.scale + self.offset
        height, width = x.shape[-2:]
        x = functional.pad(x, (0, -width % SIDE_MULTIPLE, 0, -height % SIDE_MULTIPLE), mode="replicate")
        # onnxruntime's sigmoid gives 1.0000001 for some large logits.
        return torch.sigmoid(self.network.segment(x)[:, -1:, :height, :width]).clamp(0, 1)


def export_onnx(path: Path, network: SegmentationNetwork, notes: Mapping[str, Any]) -> None:
    """Write a network as ONNX: input ``grey``, output ``probability``, batch, height and width open.

    Args:
        path: Ends in ``.onnx``.
        network: Trained.
        notes: JSON-ready; kept in the file's metadata.

    Raises:
        UserError: The package onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise UserError("ONNX needs the package onnx: pip install -e '.[export]'") from error
    example = torch.zeros((1, 1 + 2 * network.neighbours, EXAMPLE_SIDE, EXAMPLE_SIDE))
    axes = {0: "batch", 2: "height", 3: "width"}
    with whole_or_absent(path) as temporary:
        with warnings.catch_warnings():
            # The exporter by trace keeps sizes open that are no multiples of 16; the newer one asks for proof of each.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                Standalone(network).eval(),
                (example,),
                str(temporary),
                input_names=["grey"],
                output_names=["probability"],
                dynamic_axes={"grey": axes, "probability": axes},
                opset_version=ONNX_OPSET,
                dynamo=False,
            )
        model = onnx.load(str(temporary))
        onnx.helper.set_model_props(model, {key: json.dumps(value, sort_keys=True) for key, value in notes.items()})
        onnx.checker.check_model(model)
        onnx.save(model, str(temporary))


def export_torchscript(path: Path, network: SegmentationNetwork) -> None:
    """Write a network as TorchScript, which deepImageJ and ilastik load."""
    example = torch.zeros((1, 1 + 2 * network.neighbours, EXAMPLE_SIDE, EXAMPLE_SIDE))
    with whole_or_absent(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(Standalone(network).eval(), example)
        torch.jit.save(traced, str(temporary))
