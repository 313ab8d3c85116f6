"""Trained networks read: checkpoints, and those that come with the package.

The latter are safetensors, found by name, each with a model card beside it.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from fusionnet.config.schema import parse
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError, did_you_mean
from fusionnet.files import whole_or_absent
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.build import build
from fusionnet.models.checkpoints import load_tensors

WEIGHTS = Path(__file__).parent / "weights"
SUFFIX = ".safetensors"
KEY = "fusionnet"  # one entry alone, since safetensors keeps several in no fixed order


def names() -> list[str]:
    """Return the names of the networks that come with the package."""
    return sorted(path.stem for path in WEIGHTS.glob(f"*{SUFFIX}"))


def find(checkpoint: str) -> Path:
    """Return the file of a trained network.

    Args:
        checkpoint: A path, or a name from `names`. A file of that path wins.

    Raises:
        UserError: Neither a file nor a name.
    """
    if Path(checkpoint).exists():
        return Path(checkpoint)
    if checkpoint in names():
        return WEIGHTS / f"{checkpoint}{SUFFIX}"
    raise UserError(
        f"{checkpoint}: no such checkpoint, and no network of the package{did_you_mean(checkpoint, names())}; "
        f"expected a checkpoint.pt that scripts/train.py wrote, or a name: {', '.join(names())}"
    )


def load_trained(path: Path) -> tuple[SegmentationNetwork, TrainingJob, dict[str, Any]]:
    """Read a trained network, a checkpoint or a published one.

    Args:
        path: From `find`.

    Returns:
        The network in evaluation mode on the CPU, the job that trained it, and its provenance.

    Raises:
        UserError: Damaged, or not of this project.
    """
    if path.suffix != SUFFIX:
        return load_checkpoint(path)
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[KEY])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        job = parse(TrainingJob, about["job"], str(path))
        network = build(job.network)
        network.load_state_dict(weights)
    except (SafetensorError, RuntimeError, KeyError, ValueError, TypeError, OSError) as error:
        raise UserError(f"{path}: damaged, or not written by scripts/publish.py; fetch it again") from error
    return network.eval(), job, about["provenance"]


def load_checkpoint(path: Path) -> tuple[SegmentationNetwork, TrainingJob, dict[str, Any]]:
    """Read a trained network.

    Returns:
        The network in evaluation mode on the CPU, the job that trained it, and its provenance.

    Raises:
        UserError: No checkpoint of this project, or weights that do not fit the network that it names.
    """
    content = load_tensors(path)
    if not {"weights", "job", "provenance"} <= content.keys():
        raise UserError(f"{path}: keys {sorted(content)[:5]}, expected a checkpoint written by scripts/train.py")
    job = parse(TrainingJob, content["job"], str(path))
    network = build(job.network)
    try:
        network.load_state_dict(content["weights"])
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise UserError(f"{path}: its weights are not those of {job.network.architecture}: {first}") from error
    return network.eval(), job, content["provenance"]


def save_published(path: Path, network: SegmentationNetwork, job: TrainingJob, provenance: dict[str, Any]) -> None:
    """Write a trained network as safetensors; equal content gives equal bytes.

    Args:
        path: Ends in ``.safetensors``.
        network: Its weights are kept.
        job: What was trained, and how.
        provenance: Of the checkpoint.
    """
    about = json.dumps({"job": job.model_dump(), "provenance": provenance}, sort_keys=True)
    with whole_or_absent(path) as temporary:
        # Its save_file would let nobody else read the file: findings/safetensors_private_files.sh.
        weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        temporary.write_bytes(save(weights, {KEY: about}))
