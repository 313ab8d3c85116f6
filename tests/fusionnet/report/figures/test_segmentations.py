"""Slices and cut-outs that show where two networks differ most."""

from pathlib import Path

import numpy as np
import pytest

from fusionnet.report.figures.segmentations import Shown, advantages, choose_slices, draw_segmentations, telling_view
from fusionnet.report.results import read_scored_slices
from fusionnet.style import save_figure


def test_slices_are_chosen_where_the_networks_differ_most_on_the_mean_over_seeds(results: tuple) -> None:
    pair = [replicate for replicate in results[0] if replicate.arm in ("fusionnet", "unet")]
    found = {(r.arm, r.fold, r.seed): r.slice_scores("v_rand") for r in pair}
    differences = advantages(pair)
    for key in [("0-1", 0), ("3-4", 1)]:
        np.testing.assert_array_equal(differences[key], found["fusionnet", *key] - found["unet", *key])
    differences = {
        ("0-1", 0): np.array([0.3, 0.02]),
        ("0-1", 1): np.array([-0.3, 0.01]),  # the seeds contradict each other on slice 0
        ("3-4", 0): np.array([-0.1, 0.0]),
        ("3-4", 1): np.array([-0.2, 0.0]),
    }
    assert choose_slices(differences, 1) == [Shown("3-4", 1, 0)]
    assert choose_slices(differences, 2) == [Shown("0-1", 0, 1), Shown("3-4", 1, 0)]
    assert len(choose_slices(differences, 9)) == 4
    alone = [replicate for replicate in pair if replicate.arm == "unet"]
    lowest = min((r.slice_scores("v_rand").min(), r.fold, r.seed) for r in alone)
    assert advantages(alone)[lowest[1:]].min() == pytest.approx(lowest[0] - 1)


def test_the_cut_out_holds_the_pixels_where_one_network_errs_and_the_other_does_not() -> None:
    both, alone = np.zeros((600, 500), bool), np.zeros((600, 500), bool)
    both[500:560, 20:80] = True  # an error that the two share
    alone[100:140, 400:440] = True
    rows, columns = telling_view(both ^ (both | alone))
    assert (rows.stop - rows.start, columns.stop - columns.start) == (256, 256)
    assert 0 <= rows.start <= 100 and rows.stop >= 140
    assert columns.start <= 400 and 440 <= columns.stop <= 500


@pytest.mark.parametrize("shape", [(256, 256), (300, 256), (257, 255), (40, 30)])
def test_the_cut_out_stays_in_the_slice(shape: tuple[int, int]) -> None:
    wrong = np.zeros(shape, bool)
    wrong[-1, -1] = True
    side = min(256, *shape)
    assert telling_view(wrong) == (slice(shape[0] - side, shape[0]), slice(shape[1] - side, shape[1]))


def test_segmentations_of_two_networks_and_of_one_alone(results: tuple, tmp_path: Path) -> None:
    replicates, scored = results
    slices = {"0-1": scored, "3-4": read_scored_slices("3-4", replicates[0].folder.parents[3] / "raw")}
    pair = [replicate for replicate in replicates if replicate.arm in ("fusionnet", "unet")]
    figure = draw_segmentations(pair, slices, 1)
    shown = choose_slices(advantages(pair), 1)[0]
    strip, *panels = figure.axes
    assert len(strip.patches) == 4  # a bar for each scored slice of both folds
    assert [label.get_text() for label in strip.get_xticklabels()] == ["0", "1", "3", "4"]
    titles = [axis.get_title(loc="left") for axis in panels]
    assert titles[0].startswith(f"Slice {slices[shown.fold].numbers[shown.position]}, seed {shown.seed},")
    of_unet = next(r for r in pair if (r.arm, r.fold, r.seed) == ("unet", shown.fold, shown.seed))
    assert f"{of_unet.slice_scores('v_rand')[shown.position]:.4f}" in titles[5]
    assert "The 1 of 4 scored slices where V_rand differs most" in figure.get_suptitle()
    alone = draw_segmentations([replicate for replicate in pair if replicate.arm == "unet"], slices, 9)
    assert alone.get_suptitle() == "All scored slices"
    save_figure(alone, tmp_path / "one.png")
