"""The nuclei of the second phantom are bodies inside cells: pale, enclosed, of an ellipsoid's course through depth."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.download.phantom.nuclei import POPULATION, RIM_PIXELS, NucleiPainter, draw_nuclei_phantom
from fusionnet.download.phantom.tissue import Tissue
from fusionnet.errors import UserError

SLICES, SIZE = 6, 256


@pytest.fixture(scope="module")
def stack():
    return draw_nuclei_phantom(3, SLICES, SIZE)


def test_shapes_and_types(stack):
    volume, instances = stack
    assert volume.shape == instances.shape == (SLICES, SIZE, SIZE)
    assert (volume.dtype, instances.dtype) == (np.uint8, np.uint16)


def test_each_nucleus_has_one_number_in_all_its_sections(stack):
    instances = stack[1]
    bodies, count = ndimage.label(instances > 0)
    numbers = [set(np.unique(instances[bodies == body])) for body in range(1, count + 1)]
    assert all(len(of_body) == 1 for of_body in numbers), "two nuclei touch"
    assert sum(map(len, numbers)) == len(set().union(*numbers)), "a nucleus lies in pieces"


def test_same_seed_same_stack_and_other_seed_another():
    first, again, other = (draw_nuclei_phantom(seed, 1, 96) for seed in (5, 5, 6))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert abs(np.corrcoef(first[0].ravel(), other[0].ravel())[0, 1]) < 0.15


def test_nuclei_are_a_few_bodies_of_size(stack):
    labels = stack[1] > 0
    assert 0.03 < labels.mean() < 0.35
    bodies, count = ndimage.label(labels)
    volumes = ndimage.sum_labels(labels, bodies, range(1, count + 1))
    assert 2 <= count <= 20
    assert np.median(volumes) > 500


def test_nuclei_continue_from_section_to_section(stack):
    labels = stack[1] > 0
    overlap = [np.sum(a & b) / max(min(a.sum(), b.sum()), 1) for a, b in pairwise(labels)]
    assert min(overlap) > 0.7


def test_nuclei_are_pale_with_a_dark_envelope(stack):
    volume, labels = stack
    depth = np.stack([ndimage.distance_transform_edt(s) - ndimage.distance_transform_edt(~s) for s in labels > 0])
    core, envelope = volume[depth > 8].mean(), volume[np.abs(depth) < 2].mean()
    outside = volume[(depth < -5) & (depth > -30)].mean()
    assert envelope < core - 25
    assert core > outside


def test_nuclei_lie_inside_their_bodies():
    tissue = Tissue([3, 77, 1], 2, 192, POPULATION)
    painter = NucleiPainter([3, 77, 3], tissue.neurites, 2, 192)
    bodies = tissue.neurites.cells[[soma.disc for soma in tissue.neurites.somata]]
    for index in range(2):
        layer = tissue.layer(index)
        inside = painter.depth(layer, index) > 0
        assert inside.any()
        assert np.isin(layer.cell[inside], bodies).all()
        assert layer.distance[inside].min() > RIM_PIXELS - 0.01


def test_bodies_follow_ellipsoids_through_depth():
    tissue = Tissue([1], 30, 64, POPULATION)
    middles = np.arange(30) * LAYERS + LAYERS // 2
    checked = 0
    for soma in tissue.neurites.somata:
        along = (np.arange(30) - soma.middle) / soma.half_length
        radii = tissue.neurites.radii[middles, soma.disc]
        assert (radii[np.abs(along) > 1.1] < 0).all()
        checked += (radii[np.abs(along) < 0.3] > 0.5 * soma.radius).sum()
    assert checked > 5


@pytest.mark.parametrize(("seed", "slices", "size"), [(-1, 1, 64), (0, 0, 64), (0, 1, 32)])
def test_silly_sizes_are_refused(seed, slices, size):
    with pytest.raises(UserError, match="expected"):
        draw_nuclei_phantom(seed, slices, size)
