"""A trained network as a package of the BioImage Model Zoo, for Fiji's deepImageJ, ilastik and others.

The package follows bioimage.io's model specification 0.5: an `rdf.yaml` with ONNX and TorchScript weights, a test
input with its output, a cover and a documentation page.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fusionnet import __version__
from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError
from fusionnet.export.onnx import ONNX_OPSET, Standalone, export_onnx, export_torchscript
from fusionnet.files import whole_or_absent
from fusionnet.models.blocks import SIDE_MULTIPLE, SegmentationNetwork
from fusionnet.models.receptive_field import reach

CORE_PIXELS = 16  # of the smallest tile, without its halo
TRAINED_PIXELS = 512  # of a side of the published slices: tiles must fit in one
DEFAULT_STEPS = 10  # by which bioimageio.core's tiles are larger than the smallest, unless it is told otherwise


@dataclass(frozen=True)
class Description:
    """What a person says of their model."""

    name: str
    author: str
    licence: str
    training_data: str


def halo_of(network: SegmentationNetwork) -> int:
    """Return how many pixels are cropped at each border of a tile, a multiple of 16.

    As many as the network sees, unless the tiles that bioimageio.core cuts without being told their size would then
    not fit into a slice of 512 pixels, which it refuses. What FusionNet sees beyond the 160 pixels that are left
    hardly changes a trained network's probabilities: benchmarks/halo.py measures it.
    """
    seen = -(-reach(network) // SIDE_MULTIPLE) * SIDE_MULTIPLE
    room = (TRAINED_PIXELS - CORE_PIXELS - DEFAULT_STEPS * SIDE_MULTIPLE) // 2
    return min(seen, room // SIDE_MULTIPLE * SIDE_MULTIPLE)


def export_package(
    path: Path, network: SegmentationNetwork, job: TrainingJob, example: np.ndarray, description: Description
) -> None:
    """Write a package and have bioimageio.core test it.

    Args:
        path: Ends in ``.zip``.
        network: Trained.
        job: What trained it.
        example: Grey levels 0..255 for test and cover, (1 + 2 * neighbours, Y, X); at least `example_side` pixels
            each way.
        description: Name, author, licence, data.

    Raises:
        UserError: The packages are not installed, the example is too small, or the test fails.
    """
    try:
        from bioimageio.core import test_model
        from bioimageio.spec import InvalidDescr, save_bioimageio_package
    except ImportError as error:
        raise UserError("a Model Zoo package needs bioimageio.core: pip install -e '.[export]'") from error
    side = example_side(network)
    if min(example.shape[1:]) < side:
        raise UserError(
            f"example: slices of {example.shape[1:]} pixels, expected {side} at least; name a larger volume"
        )
    example = example[:, :side, :side].astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        model = _describe(Path(folder), network, job, example, description)
        if isinstance(model, InvalidDescr):
            raise UserError(f"the package is not valid: {model.validation_summary.format()}")
        summary = test_model(model)
        if summary.status != "passed":
            raise UserError(f"bioimageio.core's test of the package failed: {summary.format()}")
        with whole_or_absent(path) as temporary:
            save_bioimageio_package(model, output_path=temporary)


def example_side(network: SegmentationNetwork) -> int:
    """Return the side of the smallest tile that the package allows: a core and a halo on each side."""
    return 2 * halo_of(network) + CORE_PIXELS


def _describe(
    folder: Path, network: SegmentationNetwork, job: TrainingJob, example: np.ndarray, description: Description
) -> Any:
    from bioimageio.spec.model import v0_5

    spec: Any = v0_5
    export_onnx(folder / "weights.onnx", network, {"job": job.model_dump()})
    export_torchscript(folder / "weights.torchscript.pt", network)
    with torch.inference_mode():
        probability = Standalone(network).eval()(torch.from_numpy(example)[None]).numpy()
    np.save(folder / "test-input.npy", example[None])
    np.save(folder / "test-output.npy", probability)
    _draw_cover(folder / "cover.png", example[network.neighbours], probability[0, 0])
    smallest = example_side(network) + DEFAULT_STEPS * SIDE_MULTIPLE
    (folder / "documentation.md").write_text(_documentation(job, description, smallest), encoding="utf-8")
    author = spec.Author(name=description.author)
    cited = ARCHITECTURES[job.network.architecture].publication
    return spec.ModelDescr(
        name=description.name,
        description="Probability of the inside of a cell in electron-microscopy slices; membranes are near 0",
        authors=[author],
        cite=[spec.CiteEntry(text=cited.text, doi=cited.doi)],
        license=description.licence,
        documentation=spec.FileDescr(source=folder / "documentation.md"),
        covers=[spec.FileDescr(source=folder / "cover.png")],
        tags=["electron-microscopy", "2d", "pytorch", "semantic-segmentation", "membrane", "connectomics"],
        version=__version__,
        inputs=[_input(spec, network, folder / "test-input.npy")],
        outputs=[_output(spec, network, folder / "test-output.npy")],
        weights=_weights(spec, folder, author),
    )


def _weights(spec: Any, folder: Path, author: Any) -> Any:
    version = torch.__version__.partition("+")[0]
    return spec.WeightsDescr(
        torchscript=spec.TorchscriptWeightsDescr(
            source=folder / "weights.torchscript.pt", pytorch_version=spec.Version(version), authors=[author]
        ),
        onnx=spec.OnnxWeightsDescr(
            source=folder / "weights.onnx", opset_version=ONNX_OPSET, parent="torchscript", authors=[author]
        ),
    )


def _input(spec: Any, network: SegmentationNetwork, test: Path) -> Any:
    size = spec.ParameterizedSize(min=example_side(network), step=SIDE_MULTIPLE)
    return spec.InputTensorDescr(
        id="grey",
        description="8-bit grey levels as they are; membranes dark" + _neighbours_in_words(network.neighbours),
        axes=[
            spec.BatchAxis(),
            spec.ChannelAxis(channel_names=_channel_names(network.neighbours)),
            *(spec.SpaceInputAxis(id=axis, size=size) for axis in "yx"),
        ],
        data=spec.IntervalOrRatioDataDescr(type="float32", range=(0.0, 255.0)),
        test_tensor=spec.FileDescr(source=test),
        pad=spec.ReflectPadding(mode="reflect"),  # findings/bioimageio_padding_lost.sh
    )


def _channel_names(neighbours: int) -> list[str]:
    return ["grey" if z == 0 else f"grey_z{z:+d}" for z in range(-neighbours, neighbours + 1)]


def _neighbours_in_words(neighbours: int) -> str:
    return f"; channels: the slice between {neighbours} before and {neighbours} after it" if neighbours else ""


def _output(spec: Any, network: SegmentationNetwork, test: Path) -> Any:
    axes = [
        spec.SpaceOutputAxisWithHalo(
            id=axis, halo=halo_of(network), size=spec.SizeReference(tensor_id="grey", axis_id=axis)
        )
        for axis in "yx"
    ]
    return spec.OutputTensorDescr(
        id="probability",
        description="Probability of the inside of a cell",
        axes=[spec.BatchAxis(), spec.ChannelAxis(channel_names=["inside"]), *axes],
        data=spec.IntervalOrRatioDataDescr(type="float32", range=(0.0, 1.0)),
        test_tensor=spec.FileDescr(source=test),
    )


def _draw_cover(path: Path, grey: np.ndarray, probability: np.ndarray) -> None:
    """Draw grey values beside probabilities, 2 : 1 as the zoo wants it."""
    from PIL import Image

    halves = [np.clip(grey, 0, 255), probability * 255]
    Image.fromarray(np.hstack(halves).round().astype(np.uint8)).save(path)


def _documentation(job: TrainingJob, description: Description, side: int) -> str:
    network = job.network
    units = f", {network.chain} units in series" if network.chain > 1 else ""
    units += ", at half resolution" if network.stem == "half" else ""
    return f"""# {description.name}

{ARCHITECTURES[network.architecture].title} of base width {network.width}{units}, trained by
"FusionNet, reproducible" {__version__} on {description.training_data} (fold {job.fold}, seed {job.seed}).

Input: 8-bit grey levels of 2-D slices, membranes dark, at about the pixel size of the training data; no normalisation
is needed, it is in the network{_neighbours_in_words(network.neighbours)}.
Output: the probability that a pixel is inside a cell. Threshold it, and label the connected components, to get cells.

A stack is given slice by slice: {_stack_in_words(network.neighbours)}, with the axes batch, channel, y, x.

Slices may have any size. They are predicted whole, or in tiles if a `blocksize_parameter` is given; then each side
needs {side} pixels at least. Give slices whose sides are multiples of 16 to get the same either way: the last tile of
another one begins between two pixels of the network's coarsest level.

A single pass; the project's own `scripts/predict.py` averages over 8 orientations, which is more accurate.

## Validation

Compare the output with a slice of yours that you have labelled by hand, for instance with the V_rand and V_info that
`scripts/evaluate.py` computes, before you trust it on a whole volume.
"""


def _stack_in_words(neighbours: int) -> str:
    if neighbours:
        return (
            f"entry z of the batch holds the slices z - {neighbours} to z + {neighbours} as its channels, so that a "
            f"stack (Z, Y, X) becomes (Z, {1 + 2 * neighbours}, Y, X)"
        )
    return (
        "each slice is an entry of the batch, so that a stack (Z, Y, X) becomes (Z, 1, Y, X); in Python "
        '`bioimageio.core.Tensor.from_numpy(stack[:, None].astype("float32"), dims=("batch", "channel", "y", "x"))`'
    )
