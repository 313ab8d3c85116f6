"""Training samples: keyed by their generator, mirrored at borders, image and label in step."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from fusionnet.augment.geometry import ORIENTATIONS, orient
from fusionnet.augment.samples import draw_sample, jittered_levels
from fusionnet.config.stages import AugmentSection
from fusionnet.errors import UserError
from fusionnet.models.normalisation import GREY_SPREAD, normalise

PLAIN = AugmentSection(
    seed=0,
    elastic_copies=1,
    elastic_grid=12,
    elastic_amplitude_pixels=3.0,
    padding_pixels=0,
    crop_pixels=32,
    orientations=False,
    noise_sigma=0.0,
    contrast_jitter=0.0,
)


def changed(**keys: object) -> AugmentSection:
    return PLAIN.model_copy(update=keys)


@pytest.fixture
def volume() -> np.ndarray:
    """Three slices and one copy of each, every pixel different from its neighbours."""
    return np.random.default_rng([1]).integers(0, 256, (6, 40, 48), dtype=np.uint8)


def draw(key: int, volume: np.ndarray, settings: AugmentSection, slices: list[int]) -> tuple[np.ndarray, np.ndarray]:
    labels = np.where(volume > 99, 255, 0).astype(np.uint8)
    (image,), label = draw_sample(np.random.default_rng([9, key]), volume, labels, slices, 1, settings)
    return image, label


def grey_values(image: np.ndarray) -> np.ndarray:
    """Undo the normalisation."""
    return np.rint((image * GREY_SPREAD + 0.5) * 255).astype(np.uint8)


def find_crop(crop: np.ndarray, image: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(image, crop.shape)
    return bool((windows == crop).all(axis=(-2, -1)).any())


def test_a_plain_sample_is_a_crop_of_an_allowed_slice_or_its_copy(volume: np.ndarray) -> None:
    numbers = []
    for key in range(40):
        image, label = draw(key, volume, PLAIN, [0, 2])
        assert (image.dtype, label.dtype, image.shape, label.shape) == (np.float32, np.uint8, (32, 32), (32, 32))
        numbers += [number for number in range(6) if find_crop(grey_values(image), volume[number])]
        np.testing.assert_array_equal(label, grey_values(image) > 99)
    assert len(numbers) == 40
    assert set(numbers) == {0, 2, 3, 5}


@pytest.mark.parametrize(("z", "seen"), [(0, [1, 0, 1]), (1, [0, 1, 2]), (2, [1, 2, 1])])
def test_neighbours_are_those_of_the_same_copy_and_place(volume: np.ndarray, z: int, seen: list[int]) -> None:
    copies = set()
    for key in range(10):
        settings = changed(orientations=True, padding_pixels=8)
        keyed = (np.random.default_rng([9, key]), volume, volume, [z], 1, settings)
        image, _ = draw_sample(*keyed, neighbours=1)
        (alone,), _ = draw_sample(np.random.default_rng([9, key]), *keyed[1:])
        np.testing.assert_array_equal(image[1], alone, "neighbours change no random number")
        places = [_place_of(grey_values(channel), volume) for channel in image]
        assert len({place for _, place in places}) == 1, "all channels are of one place and orientation"
        numbers = [number for number, _ in places]
        copies.add(numbers[1] // 3)
        assert [number - numbers[1] // 3 * 3 for number in numbers] == seen
    assert copies == {0, 1}


def _place_of(crop: np.ndarray, volume: np.ndarray) -> tuple[int, tuple]:
    """Return the slice that a crop is of, and its place there with its orientation."""
    for number, grey in enumerate(volume):
        wide = np.pad(grey, 8, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(wide, crop.shape)
        for turn in range(ORIENTATIONS):
            found = (windows == orient(crop, turn)).all(axis=(-2, -1)).nonzero()
            if len(found[0]):
                return number, (turn, *(int(axis[0]) for axis in found))
    raise AssertionError("no such crop")


def test_crops_reach_every_corner_and_no_further(volume: np.ndarray) -> None:
    corners = {(0, 0): False, (8, 16): False}
    for key in range(600):
        crop = grey_values(draw(key, volume, PLAIN, [0])[0])
        for y, x in corners:
            corners[y, x] |= any(np.array_equal(crop, volume[n, y : y + 32, x : x + 32]) for n in (0, 3))
    assert all(corners.values())


def test_a_crop_in_the_border_is_that_of_a_mirrored_slice(volume: np.ndarray) -> None:
    padded = np.pad(volume, ((0, 0), (24, 24), (24, 24)), mode="reflect")
    settings = changed(padding_pixels=24, crop_pixels=64)  # more than the slice has without its border
    for key in range(20):
        image, label = draw(key, volume, settings, [1])
        assert any(find_crop(grey_values(image), padded[number]) for number in (1, 4))
        np.testing.assert_array_equal(label, grey_values(image) > 99)


def test_all_orientations_are_drawn_for_image_and_label_alike() -> None:
    square = np.random.default_rng([2]).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    seen = set()
    for key in range(200):
        image, label = draw(key, square, changed(orientations=True), [0])
        np.testing.assert_array_equal(label, grey_values(image) > 99)
        seen |= {(n, k) for n in (0, 1) for k in range(8) if np.array_equal(grey_values(image), orient(square[n], k))}
    assert len(seen) == 2 * ORIENTATIONS


def test_noise_has_the_asked_spread() -> None:
    flat = np.full((2, 256, 256), 128, np.uint8)
    image, _ = draw(0, flat, changed(crop_pixels=256, noise_sigma=0.02), [0])
    noise = (image - normalise(np.array(128))) * GREY_SPREAD
    assert noise.std() == pytest.approx(0.02, rel=0.02)
    assert abs(noise.mean()) < 0.0005


def test_jitter_changes_contrast_within_its_bounds_and_keeps_the_order() -> None:
    np.testing.assert_allclose(jittered_levels(np.random.default_rng(0), 0.0), normalise(np.arange(256)), atol=1e-6)
    levels = np.stack([jittered_levels(np.random.default_rng([k]), 0.1) for k in range(200)]) * GREY_SPREAD + 0.5
    assert (np.diff(levels, axis=1) > 0).all()
    assert np.abs(levels[:, 0] - 0).max() <= 0.1 + 1e-5, "black moves by contrast / 2 + brightness / 2 at most"
    contrast = levels[:, 255] - levels[:, 0]
    assert 0.9 <= contrast.min() < 0.95 and 1.05 < contrast.max() <= 1.1 + 1e-5


def test_a_sample_depends_on_its_generator_alone(volume: np.ndarray) -> None:
    settings = changed(orientations=True, noise_sigma=0.02, contrast_jitter=0.1, padding_pixels=8)
    first = [draw(key, volume, settings, [0, 1, 2]) for key in (1, 2, 3)]
    again = draw(3, volume, settings, [0, 1, 2])
    np.testing.assert_array_equal(again[0], first[2][0])
    np.testing.assert_array_equal(again[1], first[2][1])
    assert len({image.tobytes() for image, _ in first}) == 3


def test_samples_can_be_given_to_torch(volume: np.ndarray) -> None:
    for key in range(16):
        assert all(array.flags.c_contiguous for array in draw(key, volume, changed(orientations=True), [0]))


def test_a_crop_larger_than_the_padded_slice_is_refused(volume: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"crop_pixels is 64, but slices .* have only 48"):
        draw(0, volume, changed(crop_pixels=64, padding_pixels=4), [0])


def test_a_sample_costs_about_as_much_as_its_noise() -> None:
    volume = np.random.default_rng([3]).integers(0, 256, (4, 512, 512), dtype=np.uint8)
    settings = changed(crop_pixels=256, padding_pixels=64, orientations=True, noise_sigma=0.02, contrast_jitter=0.1)
    rng = np.random.default_rng([4])

    def noise() -> np.ndarray:
        return rng.standard_normal((256, 256), np.float32)

    def sample() -> object:
        return draw_sample(rng, volume, volume, [0, 1], 1, settings)

    def seconds_of(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    pairs = [(seconds_of(noise), seconds_of(sample)) for _ in range(30)]  # in turns: the machine is as busy for both
    # Padding or resampling a slice would cost many times the noise; on a busy machine only ratios mean something.
    least_noise, least_sample = map(min, zip(*pairs, strict=True))
    assert least_sample < 4 * least_noise
