"""The phantom is reproducible, shaped as it says, continuous through its sections, and as textured as tissue."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.phantom import measure
from fusionnet.download.phantom.draw import _label, draw_phantom
from fusionnet.download.phantom.imaging import membrane_shade
from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.download.phantom.noise import SmoothNoise, smooth_plane
from fusionnet.download.phantom.organelles import MitochondriaPainter
from fusionnet.download.phantom.tissue import Tissue
from fusionnet.errors import UserError

SLICES, SIZE = 5, 256


@pytest.fixture(scope="module")
def stack():
    return draw_phantom(1, SLICES, SIZE)


@pytest.fixture(scope="module")
def tissue():
    return Tissue([1, 1], 3, 192)


def test_shapes_types_and_label_values(stack):
    volume, labels = stack
    assert volume.shape == labels.shape == (SLICES, SIZE, SIZE)
    assert volume.dtype == labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 255}


def test_same_seed_same_stack():
    for drawn, again in zip(draw_phantom(7, 2, 96), draw_phantom(7, 2, 96), strict=True):
        assert np.array_equal(drawn, again)


def test_drawing_leaves_global_random_state_alone():
    np.random.seed(3)  # noqa: NPY002 - the global state is what is tested
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draw_phantom(0, 1, 64)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_train_and_test_seeds_give_unrelated_stacks(stack):
    volume, labels = draw_phantom(2, SLICES, SIZE)
    assert abs(np.corrcoef(volume.ravel(), stack[0].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(labels.ravel(), stack[1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize(
    ("seed", "slices", "size", "named"),
    [(-1, 2, 128, "-1"), (0, 0, 128, "0 slices"), (0, 2, 63, "63"), (0, 2, 5000, "5000")],
)
def test_silly_sizes_are_refused_in_one_line(seed, slices, size, named):
    with pytest.raises(UserError, match=f"{named}.*expected"):
        draw_phantom(seed, slices, size)


def test_smallest_stack_is_drawn():
    volume, labels = draw_phantom(0, 1, 64)
    assert volume.shape == labels.shape == (1, 64, 64)
    assert volume.std() > 10


def test_statistics_are_near_those_of_isbi(stack):
    found = measure(*stack)
    assert 105 < found["mean grey level"] < 145
    assert 33 < found["deviation within a section"] < 52
    assert 16 < found["membrane, % of pixels"] < 30
    assert 35 < found["mean inside cells"] - found["mean on membranes"] < 75
    assert 250 < found["cell outlines per megapixel"] < 900
    # ISBI: 7600 and 185; white noise of the same variance would have equal power in both bands.
    assert 4000 < found["power at 0.06-0.16 cycles/pixel"] < 12000
    assert 80 < found["power at 0.3-0.5 cycles/pixel"] < 350


def test_cells_continue_from_section_to_section(stack):
    labels = stack[1] > 0
    for above, below in pairwise(labels):
        cells, count = ndimage.label(above)
        areas = ndimage.sum_labels(above, cells, range(1, count + 1))
        continued = ndimage.sum_labels(below, cells, range(1, count + 1)) / areas
        assert np.median(continued[areas > 300]) > 0.7
        assert not np.array_equal(above, below)
    near = np.mean(labels[1:] == labels[:-1])
    far = np.mean(labels[4:] == labels[:-4])
    assert near > far + 0.03


def test_labels_separate_different_cells(tissue):
    """No two cells touch: side by side pixels inside cells always belong to the same one."""
    half_width = np.full((192, 192), 1.6, np.float32)
    layers = tissue.section(1)
    labels = _label(layers[LAYERS // 2], half_width, membrane_shade(layers, half_width)) > 0
    cell = layers[LAYERS // 2].cell
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        both = labels[first] & labels[second]
        assert both.any()
        assert (cell[first][both] == cell[second][both]).all()


def test_distance_is_that_to_the_nearest_other_cell(tissue):
    layer = tissue.section(0)[0]
    boundary = np.zeros_like(layer.cell, bool)
    boundary[:-1] |= layer.cell[:-1] != layer.cell[1:]
    boundary[:, :-1] |= layer.cell[:, :-1] != layer.cell[:, 1:]
    measured = ndimage.distance_transform_edt(~boundary)
    near = (measured > 1) & (measured < 6)
    ratio = layer.distance[near] / measured[near]
    assert 0.6 < np.median(ratio) < 1.2  # the warp stretches it, corners shorten it
    assert np.corrcoef(layer.distance[near], measured[near])[0, 1] > 0.7


def test_oblique_membranes_are_smeared(tissue):
    half_width = np.full((192, 192), 2.0, np.float32)
    layers = tissue.section(1)
    grey = membrane_shade(layers, half_width)
    sharp = membrane_shade([layers[0]] * LAYERS, half_width)

    def between(shade):
        return np.mean((shade > 0.25) & (shade < 0.75))

    assert between(grey) > 1.2 * between(sharp)


def test_distractors_are_dark_inside_cells(stack):
    volume, labels = stack
    deep = np.stack([ndimage.distance_transform_edt(section) > 6 for section in labels > 0])
    smooth = ndimage.gaussian_filter(volume.astype(np.float32), (0, 1.5, 1.5))
    on_membranes = np.median(smooth[labels == 0])
    assert np.mean(smooth[deep] < on_membranes) > 0.01


def test_mitochondria_stay_inside_their_cells(tissue):
    painter = MitochondriaPainter([9], tissue.neurites, 3, 192)
    covered = 0.0
    for index in range(3):
        layer = tissue.section(index)[LAYERS // 2]
        image = np.full((192, 192), 150, np.float32)
        cover = painter.paint(image, layer, index)
        assert not cover[layer.distance < 3].any()
        covered += cover.sum()
        if cover.any():
            assert image[cover > 0.9].mean() < 120
    assert covered > 100


@pytest.mark.parametrize("scale", [1.2, 8.0, 40.0])
def test_noise_has_unit_variance_at_every_scale(scale):
    planes = np.stack([smooth_plane(np.random.default_rng(seed), 96, scale) for seed in range(60)])
    assert planes.var() == pytest.approx(1, abs=0.25)
    assert planes.mean() == pytest.approx(0, abs=0.25)


def test_noise_changes_slowly_through_depth():
    noise = SmoothNoise(np.random.default_rng(0), 96, 6.0, depth=20, depth_scale=2.0)

    def likeness(step):
        return np.mean([np.corrcoef(noise.plane(z).ravel(), noise.plane(z + step).ravel())[0, 1] for z in range(12)])

    assert likeness(0.2) > 0.98
    assert abs(likeness(8)) < 0.2
