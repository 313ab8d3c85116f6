"""What is planted in a stack is found, named with its section, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.examine.findings import Finding
from fusionnet.examine.labels import LabelReport, examine_labels, mended
from fusionnet.examine.picture import draw_examination
from fusionnet.examine.slices import examine_sections, measure_sections
from fusionnet.examine.volume import examine_volume, ridge_polarity, sampled_slices
from fusionnet.volumes.grey_values import choose_window
from fusionnet.volumes.sources import VolumeSource, open_source


@pytest.fixture(scope="module")
def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Grey values, and labels of 0 on membranes and 255 inside cells."""
    return draw_phantom(5, 12, 160)


def source_of(folder: Path, stack: np.ndarray, name: str = "v.tif") -> VolumeSource:
    tifffile.imwrite(folder / name, stack, photometric="minisblack")
    return open_source(folder / name)


def problems(findings: list[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings if finding.level != "ok")


def test_a_good_stack_has_nothing_to_mend(tmp_path: Path, phantom):
    volume, labels = (source_of(tmp_path, stack, f"{name}.tif") for name, stack in zip("vl", phantom, strict=True))
    assert problems(examine_volume(volume)) == ""
    assert problems(examine_sections(measure_sections(volume, None))) == ""
    report = examine_labels(labels, volume)
    assert problems(report.findings) == "" and report.coding == "membranes" and not report.inverted


def test_isbi_has_nothing_to_mend(shared: Path):
    volume, labels = (open_source(shared / "mirror/isbi2012/train" / part) for part in ("image", "label"))
    findings = examine_volume(volume) + examine_sections(measure_sections(volume, None))
    assert problems(findings + examine_labels(labels, volume).findings) == ""


def sections(folder: Path, volume: np.ndarray) -> str:
    source = source_of(folder, volume)
    return problems(examine_sections(measure_sections(source, choose_window(source))))


def test_planted_sections_are_named(tmp_path: Path, phantom):
    volume = phantom[0].copy()
    volume[2] = 0
    volume[4] = np.clip(volume[4].astype(int) - 60, 0, 255)
    volume[6] = ndimage.gaussian_filter(volume[6].astype(float), 2.5)
    volume[9] = volume[8]
    found = sections(tmp_path, volume)
    for line in (
        "mend  section 2: empty or missing",
        "look  section 4: darker or brighter",
        "look  section 6: less sharp",
        "mend  section 9: the same as the one before",
    ):
        assert line in found
    assert found.count("section ") == 4 + found.count("as the one before") - 1


def test_a_copy_with_new_noise_is_still_a_copy(tmp_path: Path, phantom):
    volume = phantom[0].copy()
    noise = np.random.default_rng(0).normal(0, 3, volume[0].shape)
    volume[9] = np.clip(volume[8] + noise, 0, 255)
    assert "section 9: the same" in sections(tmp_path, volume)


def test_a_displaced_section_is_named(tmp_path: Path):
    """Of a stack whose sections are alike: a displacement counts where undoing it makes them alike again."""
    rng = np.random.default_rng(0)
    tissue = ndimage.gaussian_filter(rng.normal(size=(400, 400)), 4) * 600
    own = ndimage.gaussian_filter(rng.normal(size=(9, 256, 256)), (0, 4, 4)) * 400
    stack = np.stack([tissue[60:316, 60:316]] * 5 + [tissue[100:356, 30:286]] * 4) + own + 128
    found = sections(tmp_path, np.clip(stack, 0, 255).astype(np.uint8))
    assert found.startswith("mend  section 5: displaced against the one before") and found.count("section") == 1


def test_nan_sections_are_missing(tmp_path: Path, phantom):
    volume = phantom[0].astype(np.float32)
    volume[3] = np.nan
    assert "section 3: empty or missing" in sections(tmp_path, volume)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: 255 - v, "mend  thin lines are bright"),
        (lambda v: (v // 12 + 120).astype(np.uint8), "low contrast"),
        (lambda v: np.clip((v.astype(int) - 100) * 4, 0, 255).astype(np.uint8), "are black and"),
        (lambda v: v.astype(np.uint16) * 16, "uint16 grey values"),
        (lambda v: np.where(v > 200, np.nan, v.astype(np.float32)), "are not a number"),
        (lambda v: np.moveaxis(v, 0, 2), "the last axis is the shortest"),
        (lambda v: np.random.default_rng(0).normal(128, 40, v.shape).clip(0, 255).astype(np.uint8), "neither dark nor"),
    ],
    ids=["inverted", "flat", "cut off", "16 bits", "nan", "axes", "noise"],
)
def test_what_is_wrong_with_the_grey_values_is_told(tmp_path: Path, phantom, change, message: str):
    found = problems(examine_volume(source_of(tmp_path, change(phantom[0]))))
    assert message in found and "->" in found


def test_polarity_turns_with_the_image(phantom):
    grey = phantom[0][3].astype(np.float32)
    assert ridge_polarity(grey) > 0.05
    assert ridge_polarity(255 - grey) == pytest.approx(-ridge_polarity(grey), abs=1e-3)


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
    assert seen.startswith("mend  labels are inverted: the greater value (2") and seen.endswith("dark membranes")
    stack = f"--volume {volume.name} --labels {labels.name}"
    assert command == f"      -> run: python scripts/examine.py {stack} --mended-labels mended.tif"


def test_an_inverted_volume_is_not_blamed_on_its_labels(tmp_path: Path, phantom):
    """Or mending would turn the labels of a volume that is then inverted as well."""
    report = report_on(tmp_path, phantom[1], 255 - phantom[0])
    assert not report.inverted and "invert the volume (Fiji" in problems(report.findings)
    assert (mended(phantom[1], report) == phantom[1]).all()


@pytest.mark.parametrize(("change", "agreement"), [(jpeg_of, 0.99), (lambda v: 255 - v, 1.0), (instances_of, 0.8)])
def test_labels_are_mended(tmp_path: Path, phantom, change, agreement: float):
    labels = change(phantom[1])
    result = mended(labels, report_on(tmp_path, labels, phantom[0]))
    assert set(np.unique(result)) == {0, 255}
    assert (result == phantom[1]).mean() >= agreement


def test_labels_of_another_stack_are_suspected(tmp_path: Path, phantom):
    assert "no difference" in problems(report_on(tmp_path, phantom[1][:, ::-1, ::-1], phantom[0][::-1]).findings)
    assert "labels of shape" in problems(report_on(tmp_path, phantom[1][1:], phantom[0]).findings)


def test_slices_without_labels_are_named(tmp_path: Path, phantom):
    labels = phantom[1].copy()
    labels[0] = 255
    assert "slice 0: labels of one value" in problems(report_on(tmp_path, labels, phantom[0]).findings)


def test_thick_membranes_are_unusual(tmp_path: Path, phantom):
    thin = ndimage.binary_erosion(phantom[1] > 0, iterations=6, structure=np.ones((1, 3, 3)))
    volume = np.where(thin, 180, 60).astype(np.uint8)
    assert "unusual" in problems(report_on(tmp_path, thin * np.uint8(255), volume).findings)


def test_a_picture_is_drawn(tmp_path: Path, phantom):
    source = source_of(tmp_path, phantom[0])
    slices = list(sampled_slices(source, None))
    membranes = {z: phantom[1][z] == 0 for z, _ in slices}
    for name in ("a.png", "b.png"):
        draw_examination(tmp_path / name, slices, membranes, measure_sections(source, None))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    draw_examination(tmp_path / "c.png", slices[:1], {}, measure_sections(source, None))
    assert (tmp_path / "c.png").read_bytes() != (tmp_path / "a.png").read_bytes()
