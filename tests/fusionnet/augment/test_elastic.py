"""Elastic copies: fields vanish at the border and never fold, labels stay binary and move with the image."""

import numpy as np
import pytest

from fusionnet.augment.elastic import (
    LEAST_AREA_RATIO,
    deform,
    deform_labels,
    displacement_field,
    elastic_copies,
    least_area_ratio,
    slice_field,
)
from fusionnet.config.stages import AugmentSection

SETTINGS = AugmentSection(
    seed=3,
    elastic_copies=2,
    elastic_grid=12,
    elastic_amplitude_pixels=3.0,
    padding_pixels=8,
    crop_pixels=32,
    orientations=True,
    noise_sigma=0.0,
    contrast_jitter=0.0,
)


def blobs(shape: tuple[int, ...]) -> np.ndarray:
    """Wavy stripes of 0 and 1: membranes some pixels wide, without a sharp corner."""
    y, x = np.indices(shape[-2:])
    stripes = np.sin(x / 6 + np.sin(y / 11)) + np.sin(y / 8)
    return np.broadcast_to((stripes > -0.4).astype(np.uint8), shape).copy()


@pytest.fixture
def field() -> np.ndarray:
    return displacement_field(np.random.default_rng([0, 1]), (96, 130), 12, 3.0)


def test_the_field_vanishes_on_the_border_with_its_slope(field: np.ndarray) -> None:
    assert field.shape == (2, 96, 130)
    assert np.abs(field).max() > 3
    border = np.ones((96, 130), bool)
    border[1:-1, 1:-1] = False
    np.testing.assert_allclose(field[:, border], 0, atol=1e-5)
    one_inside = np.abs(field[:, 1, :]).max()
    assert one_inside < np.abs(field[:, 4, :]).max() / 4, "the field sets in abruptly"


def test_the_field_passes_through_random_vectors_of_the_asked_size() -> None:
    # Every 10th pixel is a point of the grid; a small amplitude, so that nothing needs to be weakened.
    vectors = [displacement_field(np.random.default_rng([k]), (111, 111), 12, 0.5)[:, ::10, ::10] for k in range(40)]
    inner = np.stack(vectors)[..., 1:-1, 1:-1]
    assert inner.std() == pytest.approx(0.5, rel=0.03)
    correlation = (inner[..., 1:, :] * inner[..., :-1, :]).mean() / inner.var()
    assert abs(correlation) < 0.05, "neighbouring vectors are not independent"


def test_a_field_that_would_fold_is_weakened() -> None:
    violent = displacement_field(np.random.default_rng([5]), (64, 64), 12, 20.0)
    assert LEAST_AREA_RATIO <= least_area_ratio(violent) < 0.5
    assert least_area_ratio(np.zeros((2, 8, 8))) == 1
    y, _ = np.indices((8, 8), dtype=float)
    assert least_area_ratio(np.stack([-2 * y, np.zeros_like(y)])) == -1


def test_pixels_come_from_where_the_field_points() -> None:
    image = np.random.default_rng([6]).integers(0, 256, (20, 30), dtype=np.uint8)
    shift = np.stack([np.full((20, 30), 2.0), np.full((20, 30), -3.0)])
    np.testing.assert_array_equal(deform(image, shift)[:18, 3:], image[2:, :27])
    np.testing.assert_array_equal(deform_labels(image > 99, shift)[:18, 3:], image[2:, :27] > 99)


def test_labels_stay_binary_and_move_with_the_image(field: np.ndarray) -> None:
    labels = blobs((96, 130))
    moved = deform_labels(labels * np.uint8(255), field)
    assert moved.dtype == np.uint8
    assert np.unique(moved).tolist() == [0, 1]
    as_image = deform(labels * np.uint8(255), field) > 127
    assert (as_image != moved).mean() < 0.005
    assert (labels != moved).mean() > 0.03, "nothing moved, so this test would see nothing"


def test_copies_are_in_copy_major_order() -> None:
    volume = np.random.default_rng([7]).integers(0, 256, (3, 48, 40), dtype=np.uint8)
    labels = blobs(volume.shape)
    pairs = list(elastic_copies(volume, labels * np.uint8(255), SETTINGS))
    images, moved = (np.stack(stack) for stack in zip(*pairs, strict=True))
    assert images.shape == moved.shape == (9, 48, 40)
    np.testing.assert_array_equal(images[:3], volume)
    np.testing.assert_array_equal(moved[:3], labels)
    for copy in (1, 2):
        for z in range(3):
            field = slice_field(SETTINGS, copy, z, (48, 40))
            np.testing.assert_array_equal(images[copy * 3 + z], deform(volume[z], field))
            np.testing.assert_array_equal(moved[copy * 3 + z], deform_labels(labels[z], field))


def test_a_field_depends_on_seed_copy_and_slice_alone() -> None:
    fields = [slice_field(SETTINGS, copy, z, (32, 32)) for copy in (1, 2) for z in (0, 1)]
    fields.append(slice_field(SETTINGS.model_copy(update={"seed": 4}), 1, 0, (32, 32)))
    assert len({field.tobytes() for field in fields}) == 5
    more = SETTINGS.model_copy(update={"elastic_copies": 9, "crop_pixels": 64, "noise_sigma": 0.5})
    np.testing.assert_array_equal(slice_field(more, 1, 0, (32, 32)), fields[0])


def test_without_copies_the_originals_remain() -> None:
    volume = np.full((2, 16, 16), 9, np.uint8)
    pairs = list(elastic_copies(volume, volume, SETTINGS.model_copy(update={"elastic_copies": 0})))
    assert len(pairs) == 2
