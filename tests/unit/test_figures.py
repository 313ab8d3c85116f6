from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fake_results import cell_labels, write_results
from matplotlib.figure import Figure
from PIL import Image

from fusionnet.comparison import compare
from fusionnet.figures import (
    draw_effects,
    draw_scores,
    draw_segmentations,
    draw_thresholds,
    draw_training,
    save_figure,
)
from fusionnet.figures.curves import LEAST_DISTANCE
from fusionnet.figures.segmentations import _most_telling_view, choose_slices
from fusionnet.figures.style import COLOURS, NAMES, arm_colours, display_names
from fusionnet.replicates import Replicate, ScoredSlices, baseline_metrics, read_replicates, read_scored_slices


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Replicate], ScoredSlices]:
    folder = tmp_path_factory.mktemp("figures")
    labels = cell_labels(5, 96, np.random.default_rng(0), cells=10)
    job = write_results(folder / "demo", folder / "raw", labels, {"fusionnet": 2, "unet": 9, "mine": 5}, ("0-1", "3-4"))
    return read_replicates(job, folder / "demo"), read_scored_slices("0-1", folder / "raw")


def drawn_dots(figure: Figure, panel: int) -> list[float]:
    lines = [line for line in figure.axes[panel].lines if line.get_linestyle() == "None"]
    return sorted(float(x) for line in lines for x in np.atleast_1d(line.get_xdata()))


def test_every_replicate_is_a_dot_at_its_score(results: tuple) -> None:
    replicates, scored = results
    baseline = baseline_metrics(scored, 2.0)
    figure = draw_scores(replicates, [baseline])
    for panel, score in enumerate(("v_rand", "v_info")):
        assert drawn_dots(figure, panel) == sorted(replicate.metrics[score] for replicate in replicates)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["FusionNet", "U-Net", "mine"]


def test_a_far_baseline_is_named_at_the_margin_and_a_near_one_drawn(results: tuple) -> None:
    replicates, scored = results
    metrics = baseline_metrics(scored, 2.0)
    far = draw_scores(replicates, [metrics | {"v_rand": -9.0}]).axes[0]
    assert far.get_xlim()[0] > -9.0
    assert any("← smoothed grey values: -9.000" in text.get_text() for text in far.texts)
    near = draw_scores(replicates, [metrics | {"v_rand": min(r.metrics["v_rand"] for r in replicates)}]).axes[0]
    assert not any("←" in text.get_text() for text in near.texts)


def test_the_marked_maximum_is_the_score_of_a_single_replicate(results: tuple) -> None:
    replicates, scored = results
    figure = draw_thresholds(replicates[:1], [baseline_metrics(scored, 2.0)])
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    network = marks[-1]
    assert float(network.get_xdata()[0]) == pytest.approx(replicates[0].metrics["v_rand_threshold"])
    assert float(network.get_ydata()[0]) == pytest.approx(min(replicates[0].metrics["v_rand"], 1 - LEAST_DISTANCE))


def test_training_curves_skip_epochs_that_were_not_validated(results: tuple) -> None:
    replicates, _ = results
    figure = draw_training(replicates[:1])
    train, validation = figure.axes[0].lines
    assert list(train.get_xdata()) == list(range(1, 13))
    assert list(validation.get_xdata()) == [2, 4, 6, 8, 10, 12]
    assert list(figure.axes[1].lines[0].get_xdata()) == [2, 4, 6, 8, 10, 12]


def test_training_without_validation_slices_is_drawn(results: tuple, tmp_path: Path) -> None:
    replicate = results[0][0]
    history = replicate.history.assign(validation_loss=np.nan, validation_v_rand=np.nan)
    unvalidated = Replicate(**{**replicate.__dict__, "history": history})
    save_figure(draw_training([unvalidated]), tmp_path / "training.png")


def test_the_forest_plot_fills_only_what_is_distinguishable(results: tuple) -> None:
    replicates = results[0]
    effects = compare(replicates)
    figure = draw_effects(effects, ["fusionnet", "unet", "mine"])
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    of_v_rand = [effect for effect in effects if effect.score == "v_rand"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [effect.mean for effect in of_v_rand]
    for dot, effect in zip(dots, of_v_rand, strict=True):
        assert (dot.get_markerfacecolor() == "white") == (effect.verdict == "not distinguishable")


def test_slices_are_chosen_where_the_networks_differ_most(results: tuple) -> None:
    first, second = (next(r for r in results[0] if r.arm == arm) for arm in ("fusionnet", "unet"))
    difference = np.abs(first.slice_scores("v_rand") - second.slice_scores("v_rand"))
    assert choose_slices([first, second], 1) == [int(difference.argmax())]
    assert choose_slices([first, second], 9) == [0, 1]
    assert choose_slices([first], 1) == [int(first.slice_scores("v_rand").argmin())]


def test_the_cut_out_holds_the_pixels_where_one_network_errs_and_the_other_does_not() -> None:
    both, alone = np.zeros((600, 500), bool), np.zeros((600, 500), bool)
    both[500:560, 20:80] = True  # an error that the two share
    alone[100:140, 400:440] = True
    view = _most_telling_view(0, [both, both | alone])
    assert (view.rows.stop - view.rows.start, view.columns.stop - view.columns.start) == (256, 256)
    assert view.rows.start <= 100 and view.rows.stop >= 140
    assert view.columns.start <= 400 and view.columns.stop >= 440
    assert view.rows.start >= 0 and view.columns.stop <= 500


@pytest.mark.parametrize("shape", [(256, 256), (300, 256), (257, 255), (40, 30)])
def test_the_cut_out_stays_in_the_slice(shape: tuple[int, int]) -> None:
    wrong = np.zeros(shape, bool)
    wrong[-1, -1] = True
    view = _most_telling_view(0, [wrong])
    side = min(256, *shape)
    assert view.rows == slice(shape[0] - side, shape[0])
    assert view.columns == slice(shape[1] - side, shape[1])


def test_segmentations_of_two_networks_and_of_one_alone(results: tuple, tmp_path: Path) -> None:
    replicates, scored = results
    pair = [next(r for r in replicates if r.arm == arm) for arm in ("fusionnet", "unet")]
    figure = draw_segmentations(pair, scored, 1)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    index = choose_slices(pair, 1)[0]
    assert titles[0].startswith(f"Raw: slice {scored.numbers[index]},")
    assert f"{pair[1].slice_scores('v_rand')[index]:.4f}" in titles[5]
    assert "the 1 of 2 scored slices where V_rand differs most" in figure.get_suptitle()
    alone = draw_segmentations(pair[:1], scored, 2)
    assert alone.get_suptitle() == "Fold 0-1, seed 0: all scored slices"
    save_figure(alone, tmp_path / "one.png")


def test_equal_input_gives_equal_bytes_whatever_the_persons_settings(results: tuple, tmp_path: Path) -> None:
    replicates, scored = results
    baselines = [baseline_metrics(scored, 2.0)]
    save_figure(draw_thresholds(replicates, baselines), tmp_path / "first.png")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "savefig.dpi": 20}):
        save_figure(draw_thresholds(replicates, baselines), tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as image:
        assert image.width == 1350
        assert "Software" not in image.info


def test_arms_keep_their_names_and_colours_in_any_company() -> None:
    assert set(COLOURS) == set(NAMES)
    assert arm_colours(["unet", "mine"])["unet"] == arm_colours(["fusionnet", "other", "unet"])["unet"]
    colours = arm_colours([*COLOURS, "mine", "yours"])
    assert len(set(colours.values())) == len(colours)
    assert display_names(["unet", "mine"]) == {"unet": "U-Net", "mine": "mine"}
