from pathlib import Path

import numpy as np
import pytest
from fake_results import cell_labels, degraded, raw_of

from fusionnet.errors import UserError
from fusionnet.report.page.own_volume import (
    MOST_PIXELS,
    MOST_SIDE,
    Volumes,
    first_slice,
    read_prediction,
    region_around,
    volume_page,
)
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import open_volume


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VolumeSource]:
    folder, generator = tmp_path_factory.mktemp("volumes"), np.random.default_rng(0)
    labels = cell_labels(5, 64, generator, cells=8)
    write_volume(folder / "volume.tif", raw_of(labels, generator).astype(np.uint16) * 100, {})
    write_volume(folder / "probabilities.tif", degraded(labels, 3, generator)[1:4], {})
    write_volume(folder / "deviation.tif", np.full((3, 64, 64), 128, np.uint8), {})
    write_volume(folder / "labels.tif", labels * 255, {})
    return {path.stem: open_volume(path) for path in folder.iterdir()}


def test_a_volume_that_is_small_is_shown_whole():
    assert region_around((5, 64, 80)) == (slice(0, 5), slice(0, 64), slice(0, 80))


def test_of_a_large_volume_the_middle_is_shown_or_what_lies_around_a_place():
    shape = (1000, 5000, 4000)
    z, y, x = region_around(shape)
    assert (y, x) == (slice(1988, 3012), slice(1488, 2512))
    pixels = (z.stop - z.start) * MOST_SIDE**2
    assert MOST_PIXELS - MOST_SIDE**2 < pixels <= MOST_PIXELS
    assert (z.start + z.stop) // 2 in (499, 500)
    corner = region_around(shape, (0, 0, 3999))
    assert corner[0].start == corner[1].start == 0 and corner[2] == slice(4000 - MOST_SIDE, 4000)


def test_the_slices_that_were_predicted_are_found_in_the_volume(volumes: dict[str, VolumeSource]):
    first = first_slice(volumes["volume"], volumes["probabilities"], "1-3")
    assert first == 1
    given = Volumes(volumes["volume"], volumes["probabilities"], volumes["labels"], volumes["deviation"], first)
    prediction = read_prediction(given, (slice(1, 3), slice(8, 40), slice(0, 64)), 0.5)
    assert list(prediction.stack.numbers) == [2, 3] and prediction.stack.corner == (8, 0)
    assert np.array_equal(prediction.stack.labels > 0, volumes["labels"].read_all()[2:4, 8:40] > 0)
    assert prediction.stack.raw.dtype == np.uint8 and len(np.unique(prediction.stack.raw)) > 50
    assert prediction.deviation == pytest.approx(128 / 255)


def test_a_deviation_of_one_orientation_is_no_layer(volumes: dict[str, VolumeSource], tmp_path: Path):
    write_volume(tmp_path / "deviation.tif", np.zeros((3, 64, 64), np.float32), {})
    none = open_volume(tmp_path / "deviation.tif")
    given = Volumes(volumes["volume"], volumes["probabilities"], deviation=none, first=1)
    assert read_prediction(given, region_around((3, 64, 64)), 0.5).deviation is None


@pytest.mark.parametrize(
    ("slices", "message"),
    [(None, r"expected \(5, 64, 64\) .* say by --slices"), ("0-1", "choose others"), ("3-5", "has slices 0-4")],
)
def test_probabilities_of_other_slices_are_refused(volumes: dict[str, VolumeSource], slices: str | None, message: str):
    with pytest.raises(UserError, match=message):
        first_slice(volumes["volume"], volumes["probabilities"], slices)


def test_labels_of_another_shape_are_refused(volumes: dict[str, VolumeSource]):
    given = Volumes(volumes["volume"], volumes["probabilities"], deviation=volumes["volume"], first=1)
    with pytest.raises(UserError, match=r"expected \(3, 64, 64\) as .*probabilities.tif has"):
        read_prediction(given, region_around((3, 64, 64)), 0.5)


def test_the_page_names_files_and_region_and_without_truth_tells_of_no_errors(volumes: dict[str, VolumeSource]):
    given = Volumes(volumes["volume"], volumes["probabilities"], first=1)
    html = volume_page(given, (slice(0, 2), slice(0, 64), slice(0, 32)), 0.7)
    assert "A part of what was predicted: slices 1 to 2, y 0 to 63, x 0 to 31." in html
    assert "probability of 0.7" in html and "probabilities.tif" in html
    assert 'id="worst-errors"' not in html and "errors." not in html.split('id="data"')[1][:500]
    with_truth = Volumes(volumes["volume"], volumes["probabilities"], volumes["labels"], first=1)
    whole = volume_page(with_truth, region_around((3, 64, 64)), 0.5)
    assert "All of what was predicted: slices 1 to 3" in whole and 'id="worst-errors"' in whole


def test_a_file_is_named_as_it_is_written(tmp_path: Path):
    name = "<b>'한글' & \"x\".tif"
    write_volume(tmp_path / name, np.full((1, 8, 8), 0.5, np.float32), {})
    source = open_volume(tmp_path / name)
    html = volume_page(Volumes(source, source), region_around(source.shape), 0.5)
    assert "<b>" not in html and "&lt;b&gt;" in html and "한글" in html
