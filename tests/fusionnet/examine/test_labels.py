"""Labels of any coding are known for what they are, and mended."""

from pathlib import Path

import numpy as np
import pytest
from examined import problems, source_of
from scipy import ndimage

from fusionnet.examine.labels import LabelReport, examine_labels


def instances_of(labels: np.ndarray) -> np.ndarray:
    """Return a number for each cell, grown until cells meet."""
    numbered, _ = ndimage.label(
        labels > 0, structure=np.array([[[0] * 3] * 3, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0] * 3] * 3])
    )
    grown = []
    for slice_ in numbered:
        nearest = ndimage.distance_transform_edt(slice_ == 0, return_distances=False, return_indices=True)
        grown.append(slice_[tuple(nearest)])
    return np.stack(grown).astype(np.uint32)


def jpeg_of(labels: np.ndarray) -> np.ndarray:
    from io import BytesIO

    from PIL import Image

    damaged = []
    for slice_ in labels:
        file = BytesIO()
        Image.fromarray(slice_).save(file, "JPEG", quality=80)
        damaged.append(np.asarray(Image.open(file)))
    return np.stack(damaged)


def report_on(folder: Path, labels: np.ndarray, volume: np.ndarray) -> LabelReport:
    return examine_labels(source_of(folder, labels, "labels.tif"), source_of(folder, volume))


@pytest.mark.parametrize(
    ("change", "coding", "inverted", "message"),
    [
        (lambda v: v, "membranes", False, ""),
        (lambda v: (v > 0).astype(np.uint8), "membranes", False, ""),
        (lambda v: np.where(v > 0, np.uint8(2), np.uint8(1)), "membranes", False, "recode them"),
        (lambda v: 255 - v, "membranes", True, "labels are inverted"),
        (jpeg_of, "damaged", False, "a lossy copy"),
        (instances_of, "instances", False, "a number for each cell"),
        (lambda v: np.zeros_like(v), "unclear", False, "all labels are 0"),
        (
            lambda v: np.where(v > 0, np.random.default_rng(0).integers(0, 4, v.shape), 0).astype(np.uint8),
            "unclear",
            False,
            "4 values",
        ),
    ],
    ids=["0/255", "0/1", "1/2", "inverted", "jpeg", "instances", "empty", "classes"],
)
def test_the_coding_of_labels_is_told(tmp_path: Path, phantom, change, coding: str, inverted: bool, message: str):
    report = report_on(tmp_path, change(phantom[1]), phantom[0])
    assert (report.coding, report.inverted) == (coding, inverted)
    assert message in problems(report.findings) and bool(message) == bool(problems(report.findings))


def test_inverted_labels_take_two_lines_what_was_seen_and_what_to_run(tmp_path: Path, phantom):
    labels, volume = source_of(tmp_path, 255 - phantom[1], "labels.tif"), source_of(tmp_path, phantom[0])
    seen, command = problems(examine_labels(labels, volume).findings).split("\n")
    assert seen == "mend  labels are inverted: the greater value is on the dark membranes, and must be inside cells"
    stack = f"--volume {volume.name} --labels {labels.name}"
    assert command == f"      -> run: python scripts/examine.py {stack} --mended-labels mended.tif"


def test_an_inverted_volume_is_not_blamed_on_its_labels(tmp_path: Path, phantom):
    """Or mending would turn the labels of a volume that is then inverted as well."""
    report = report_on(tmp_path, phantom[1], 255 - phantom[0])
    assert not report.inverted and "invert the volume (Fiji" in problems(report.findings)
    assert (report.mended(phantom[1]) == phantom[1]).all()


@pytest.mark.parametrize(("change", "agreement"), [(jpeg_of, 0.99), (lambda v: 255 - v, 1.0), (instances_of, 0.8)])
def test_labels_are_mended(tmp_path: Path, phantom, change, agreement: float):
    labels = change(phantom[1])
    result = report_on(tmp_path, labels, phantom[0]).mended(labels)
    assert set(np.unique(result)) == {0, 255}
    assert (result == phantom[1]).mean() >= agreement


def test_labels_of_another_stack_are_suspected(tmp_path: Path, phantom):
    assert "no difference" in problems(report_on(tmp_path, phantom[1][:, ::-1, ::-1], phantom[0][::-1]).findings)
    assert "labels of shape" in problems(report_on(tmp_path, phantom[1][1:], phantom[0]).findings)


def test_membranes_are_drawn_between_identifiers_of_64_bits(phantom):
    cells = instances_of(phantom[1][:1])
    identifiers = cells + np.uint64(720575940621039145)  # neighbours in number are one number as floats
    report = LabelReport("instances", False, [])
    assert (report.mended(identifiers) == report.mended(cells)).all()


def test_slices_without_labels_are_named(tmp_path: Path, phantom):
    labels = phantom[1].copy()
    labels[0] = 255
    assert "slice 0: labels of one value" in problems(report_on(tmp_path, labels, phantom[0]).findings)


def test_thick_membranes_are_unusual(tmp_path: Path, phantom):
    thin = ndimage.binary_erosion(phantom[1] > 0, iterations=6, structure=np.ones((1, 3, 3)))
    volume = np.where(thin, 180, 60).astype(np.uint8)
    assert "unusual" in problems(report_on(tmp_path, thin * np.uint8(255), volume).findings)
