"""Trained networks on disk: weights, the job that made them, and their provenance; `pretrained` reads them."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError
from fusionnet.files import whole_or_absent
from fusionnet.models.blocks import SegmentationNetwork


def save_tensors(path: Path, content: dict[str, Any]) -> None:
    """Write a dictionary of tensors and plain values with `torch.save`, whole or not at all.

    Equal content gives equal bytes: torch would write the file's name into the file if it were given a path.
    """
    with whole_or_absent(path) as temporary, temporary.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # so torch's archive ends on a full disk
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def load_tensors(path: Path) -> dict[str, Any]:
    """Read what `save_tensors` wrote; a `UserError` tells of a damaged file or one that would run code."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch writes checksums and does not look at them
                raise ValueError(f"{damaged} has another checksum")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such checkpoint") from error
    except IsADirectoryError as error:
        raise UserError(f"{path}: a folder; name the checkpoint.pt in it") from error
    except pickle.UnpicklingError as error:
        if not _could_be_pickled(path):
            raise UserError(f"{path}: no checkpoint; name a checkpoint.pt that scripts/train.py wrote") from error
        raise UserError(f"{path}: holds more than weights and plain values, and loading it could run code") from error
    except Exception as error:
        raise UserError(f"{path}: a damaged checkpoint ({error}); train again or fetch it again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: got {type(content).__name__}, expected a checkpoint written by scripts/train.py")
    return content


def _could_be_pickled(path: Path) -> bool:
    with path.open("rb") as file:
        return zipfile.is_zipfile(path) or file.read(1) == b"\x80"  # torch.save's archive, or a bare pickle


def save_checkpoint(path: Path, network: SegmentationNetwork, job: TrainingJob, provenance: dict[str, Any]) -> None:
    """Write a trained network.

    Args:
        path: The file.
        network: Its weights are kept, on the CPU.
        job: What was trained, and how.
        provenance: See `fusionnet.provenance`.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_tensors(path, {"weights": weights, "job": job.model_dump(), "provenance": provenance})
