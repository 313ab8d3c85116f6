"""A person's labels are looked at in all slices before hours are spent on them."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile

from fusionnet.config.experiment import DownloadSection
from fusionnet.config.schema import parse
from fusionnet.download.own_stacks import read_own_stacks
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.errors import UserError


@pytest.fixture(scope="module")
def phantom() -> tuple[np.ndarray, np.ndarray]:
    """Grey values, and labels of 0 on membranes and 255 inside cells."""
    return draw_phantom(5, 12, 96)


@pytest.fixture
def read(tmp_path: Path, phantom):
    """A function that reads own stacks whose labels were changed."""

    def write_and_read(labels: np.ndarray, **keys: object) -> tuple[dict, dict]:
        for name, stack in (("raw", phantom[0]), ("labels", labels), ("usual", phantom[1])):
            tifffile.imwrite(tmp_path / f"{name}.tif", stack, photometric="minisblack")
        content = {"dataset": "files", "mirror": None, "test_volume": None, "test_labels": None}
        content |= {key: str(tmp_path / f"{name}.tif") for key, name in (("volume", "raw"), ("labels", "labels"))}
        files = {key: str(tmp_path / str(value)) for key, value in keys.items() if str(value).endswith(".tif")}
        return read_own_stacks(parse(DownloadSection, content | keys | files))

    return write_and_read


def with_slices(labels: np.ndarray, value: int, *slices: int) -> np.ndarray:
    changed = labels.copy()
    changed[list(slices)] = value
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: np.full_like(v, 255), "all labels are 255: is this the label stack"),
        (lambda v: np.zeros_like(v), "all labels are 0: is this the label stack"),
        (lambda v: with_slices(v, 255, 1), r"slice 1: labels of one value.*download.unlabelled_slices: '1' does so"),
        (
            lambda v: with_slices(v, 0, 3, 7, 8, 9),
            r"slices 3, 7, 8, 9: labels of one.*unlabelled_slices: '3,7-9'",
        ),
        (lambda v: 255 - v, "labels are inverted.* run: python scripts/examine.py .*--mended-labels"),
        (lambda v: v[::-1, ::-1, ::-1], "check that the labels belong to this stack"),
    ],
    ids=["all 255", "all 0", "one slice", "four slices", "inverted", "of another stack"],
)
def test_labels_that_look_wrong_are_refused_unless_they_are_meant(read, phantom, caplog, change, message: str):
    labels = change(phantom[1])
    with pytest.raises(UserError, match=message) as error:
        read(labels)
    assert str(error.value).endswith("if it is meant so, set download.unusual_labels to true")
    with caplog.at_level(logging.WARNING, "fusionnet"):
        stacks, _ = read(labels, unusual_labels=True)
    np.testing.assert_array_equal(stacks["train-labels"], labels)
    assert caplog.messages and "labels.tif: " in caplog.messages[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: np.cumsum(v > 0, axis=2).astype(np.uint16) // 9, "a number for each cell.*--mended-labels draws"),
        (lambda v: np.where(v > 0, np.uint8(2), np.uint8(1)), "labels of two values: 1, 2: recode them"),
    ],
    ids=["numbered", "1 and 2"],
)
def test_labels_that_cannot_be_read_are_refused_in_the_examinations_words(read, phantom, change, message: str):
    for unusual in (False, True):
        with pytest.raises(UserError, match=message) as error:
            read(change(phantom[1]), unusual_labels=unusual)
        assert "unusual_labels" not in str(error.value)


def test_slices_that_nobody_labelled_are_left_out(read, phantom):
    volume, labels = phantom
    broken = with_slices(labels, 7, 3, 7, 8, 9)  # whatever they hold
    stacks, origin = read(broken, unlabelled_slices="7-9, 3")
    kept = [0, 1, 2, 4, 5, 6, 10, 11]
    np.testing.assert_array_equal(stacks["train-volume"], volume[kept])
    np.testing.assert_array_equal(stacks["train-labels"], labels[kept])
    assert origin["left_out_slices"] == [3, 7, 8, 9]
    with pytest.raises(UserError, match=r"unlabelled_slices: got 12; .*has slices 0-11"):
        read(labels, unlabelled_slices="3,12")
    with pytest.raises(UserError, match="names all 12 slices"):
        read(labels, unlabelled_slices="0-11")
    with pytest.raises(UserError, match="unlabelled_slices: got '7-'"):
        read(labels, unlabelled_slices="3,7-")


def test_a_test_stack_without_cells_is_refused_even_if_it_is_meant(read, phantom, tmp_path: Path):
    tifffile.imwrite(tmp_path / "empty.tif", np.zeros_like(phantom[1]), photometric="minisblack")
    keys = {"test_volume": "raw.tif", "test_labels": "empty.tif"}
    with pytest.raises(UserError, match=r"empty\.tif: no pixel is above 0, so there is no cell to score against"):
        read(phantom[1], unusual_labels=True, **keys)
    assert set(read(phantom[1], **keys | {"test_labels": "usual.tif"})[0]) == {
        f"{part}-{kind}" for part in ("train", "test") for kind in ("volume", "labels")
    }
