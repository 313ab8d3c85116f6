"""The person's own stacks: read, examined before hours are spent on them, and brought to 8 bits."""

import logging
from collections.abc import Collection
from typing import Any

import numpy as np

from fusionnet.config.experiment import DownloadSection
from fusionnet.download.datasets import MEMBRANE_STACKS
from fusionnet.errors import UserError
from fusionnet.examine.findings import as_ranges
from fusionnet.examine.labels import LabelReport, examine_labels
from fusionnet.volumes.grey_values import GreyWindow, to_levels, warn_of_unused, window_of
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.stacks import Named, membrane_labels, require_same_shape
from fusionnet.volumes.volume import read_volume

LOG = logging.getLogger(__name__)
IF_MEANT = "if it is meant so, set download.unusual_labels to true"


def read_own_stacks(section: DownloadSection) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the stacks that the section names; volume and labels must cover the same slices.

    Returns:
        8-bit stacks by name, (Z, Y, X), and what ``ORIGIN.json`` says of their making.

    Raises:
        UserError: A stack is not what it must be.
    """
    named = {"train": (section.volume, section.labels), "test": (section.test_volume, section.test_labels)}
    raw = {f"{part}-volume": _grey(volume) for part, (volume, _) in named.items() if volume}
    types = {name: stack.dtype for name, stack in raw.items()}
    if len(set(types.values())) > 1:
        raise UserError(
            f"the test volume is {types['test-volume']} but the training volume is {types['train-volume']}; "
            "expected the same type, so that equal tissue keeps equal grey values: convert one of them"
        )
    for part, (volume, labels) in named.items():
        if volume and labels:
            left_out = section.left_out if part == "train" else ()
            pair = (labels, read_volume(labels)), (volume, raw[f"{part}-volume"])
            inside = usual_labels(*pair, section.unusual_labels, left_out)
            if part == "test":
                require_cells(labels, inside)
            raw[f"{part}-labels"] = inside * np.uint8(255)
    # The training volume's window serves the test volume too, so that equal tissue keeps equal grey values.
    window = None if types["train-volume"] == np.uint8 else window_of(raw["train-volume"])
    if window and section.volume:
        warn_of_unused(section.volume, raw["train-volume"], window)
    stacks = {name: raw[name] for name in MEMBRANE_STACKS if name in raw}
    stacks |= {name: _to_8_bits(raw[name], window) for name in types}
    keys = {"volume", "labels", "test_volume", "test_labels"}
    making: dict[str, Any] = {
        "files": section.model_dump(include=keys, exclude_none=True),
        "grey_window": [window.low, window.high] if window else None,
    }
    if section.left_out:
        stacks |= {name: np.delete(stacks[name], section.left_out, 0) for name in ("train-volume", "train-labels")}
        making["left_out_slices"] = section.left_out
        left = len(stacks["train-labels"])
        LOG.info("slices %s are left out; the other %d are counted anew", as_ranges(section.left_out), left)
    return stacks, making


def usual_labels(labels: Named, volume: Named, unusual: bool, left_out: Collection[int] = ()) -> np.ndarray:
    """Return membrane labels that every slice of was looked at.

    Args:
        labels: Their path, and their values.
        volume: Path and grey values of what they are the labels of.
        unusual: Whether the person means them as they are, if only they can be read.
        left_out: Slices that nobody will use.

    Returns:
        uint8, 1 inside a cell and 0 on a membrane, (Z, Y, X).

    Raises:
        UserError: Of one value in some slice, inverted, of another coding, or not of this volume.
    """
    require_same_shape(volume, labels)
    path, stack = labels
    if outside := [z for z in left_out if z >= len(stack)]:
        raise UserError(f"download.unlabelled_slices: got {as_ranges(outside)}; {path} has slices 0-{len(stack) - 1}")
    if len(left_out) == len(stack):
        raise UserError(f"download.unlabelled_slices: names all {len(stack)} slices of {path}; leave some")
    report = examine_labels(_in_memory(labels), _in_memory(volume), left_out)
    mends = [finding for finding in report.findings if finding.level == "mend"]
    readable = (report.coding == "membranes" or report.low == report.high) and (
        {report.low, report.high} <= {0, 1} or {report.low, report.high} <= {0, 255}
    )
    if mends and not (unusual and readable):
        seen = "; ".join(f"{finding.seen}: {finding.advice}" for finding in mends)
        raise UserError(f"{path}: {seen}{_how_to_leave_out(report)}" + (f"; {IF_MEANT}" if readable else ""))
    for finding in report.findings:
        if finding.level != "ok":
            LOG.warning("%s: %s", path, finding.seen)
    if left_out:  # whatever they hold
        stack = stack.copy()
        stack[list(left_out)] = 0
    return membrane_labels((path, stack))


def require_cells(path: str, inside: np.ndarray) -> None:
    """Raise a `UserError` unless there is a cell in the labels to score against."""
    if not inside.any():
        raise UserError(f"{path}: no pixel is above 0, so there is no cell to score against; check the label stack")


def _how_to_leave_out(report: LabelReport) -> str:
    if not report.unlabelled:
        return ""
    return f" (download.unlabelled_slices: '{as_ranges(report.unlabelled)}' does so, of the training stack)"


def _in_memory(stack: Named) -> VolumeSource:
    path, values = stack
    return VolumeSource(str(path), values.shape, values.dtype, lambda z, y, x: values[z, y, x])


def _grey(path: str) -> np.ndarray:
    volume = read_volume(path)
    if volume.dtype.kind not in "uif":
        raise UserError(f"{path}: values of type {volume.dtype}, expected integer or float grey values")
    if volume.dtype.kind == "f" and not np.isfinite(volume).all():
        raise UserError(f"{path}: holds NaN or infinite values; replace them by grey values first")
    return volume


def _to_8_bits(volume: np.ndarray, window: GreyWindow | None) -> np.ndarray:
    return volume if window is None else to_levels(volume, window).astype(np.uint8)
