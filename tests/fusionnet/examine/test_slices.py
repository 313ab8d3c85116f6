"""What is planted in a section is found, named with its section, and nothing else is."""

from pathlib import Path

import numpy as np
from examined import problems, source_of
from scipy import ndimage

from fusionnet.examine.slices import examine_sections, measure_sections
from fusionnet.volumes.grey_values import choose_window


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
