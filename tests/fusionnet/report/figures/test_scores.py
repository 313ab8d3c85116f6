from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fake_results import arm_settings, cell_labels, write_results
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from fusionnet.models.architectures import ARCHITECTURES
from fusionnet.models.cost import Cost
from fusionnet.report.annotation import draw_annotation, lines_of
from fusionnet.report.comparison import compare, pairs_of
from fusionnet.report.figures.axes import side_by_side, spread
from fusionnet.report.figures.compute import draw_compute
from fusionnet.report.figures.curves import LEAST_DISTANCE, draw_thresholds, draw_training
from fusionnet.report.figures.effects import draw_effects
from fusionnet.report.figures.scores import draw_scores
from fusionnet.report.figures.segmentations import Shown, advantages, choose_slices, draw_segmentations, telling_view
from fusionnet.report.results import Replicate, ScoredSlices, baseline_metrics, read_replicates, read_scored_slices
from fusionnet.style import OTHER_ARMS, arm_colours, display_names, save_figure

ARMS = ["fusionnet", "unet", "mine"]
NETWORKS = {arm: arm_settings(arm) for arm in ARMS}


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
    train, *validation = (axis.lines[0] for axis in figure.axes)
    assert list(train.get_xdata()) == list(range(1, 13))
    assert [list(line.get_xdata()) for line in validation] == [[2, 4, 6, 8, 10, 12]] * 2


def test_training_without_validation_slices_is_drawn(results: tuple, tmp_path: Path) -> None:
    replicate = results[0][0]
    history = replicate.history.assign(validation_loss=np.nan, validation_v_rand=np.nan)
    unvalidated = Replicate(**{**replicate.__dict__, "history": history})
    save_figure(draw_training([unvalidated]), tmp_path / "training.png")


def test_the_forest_plot_fills_only_what_is_distinguishable(results: tuple) -> None:
    replicates = results[0]
    effects = compare(replicates, pairs_of(NETWORKS))
    figure = draw_effects(effects, ARMS)
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    of_v_rand = [effect for effect in effects if effect.score == "v_rand"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == [effect.mean for effect in of_v_rand]
    for dot, effect in zip(dots, of_v_rand, strict=True):
        assert (dot.get_markerfacecolor() == "white") == (effect.verdict == "not distinguishable")


def test_the_forest_plot_says_how_many_trainings_a_row_rests_on(results: tuple) -> None:
    fewer = [replicate for replicate in results[0] if replicate.arm != "mine" or replicate.fold == "3-4"]
    figure = draw_effects(compare(fewer, pairs_of(NETWORKS)), ARMS)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["… U-Net\n4 paired trainings, 2 folds", "… mine\n2 paired trainings, 1 fold"]
    one = [replicate for replicate in results[0] if (replicate.fold, replicate.seed) == ("0-1", 1)]
    figure = draw_effects(compare(one, [("unet", "mine"), ("fusionnet", "unet")]), ARMS)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["U-Net minus mine\n1 paired training, 1 fold", "FusionNet minus U-Net\n1 paired training, 1 fold"]
    assert "nothing to compare" in draw_effects([], ["fusionnet"]).axes[0].texts[-1].get_text()


def test_every_replicate_and_every_mean_stands_over_its_cost(results: tuple) -> None:
    replicates = results[0]
    costs = {arm: Cost(1000, flops * 10**9) for arm, flops in zip(ARMS, (100, 20, 50), strict=True)}
    figure = draw_compute(replicates, costs)
    drawn = sorted(
        (x, y)
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    )
    expected = sorted((costs[r.arm].flops / 1e9, r.metrics["v_rand"]) for r in replicates)
    np.testing.assert_allclose(drawn, expected)
    minutes = [x for line in figure.axes[3].lines if line.get_marker() == "o" for x in line.get_xdata()]
    assert sorted(minutes) == sorted(r.training["training_seconds"] / 60 for r in replicates)
    means = {line.get_color(): line for line in figure.axes[0].lines if line.get_marker() == "D"}
    of_unet = [r.metrics["v_rand"] for r in replicates if r.arm == "unet"]
    assert float(means[ARCHITECTURES["unet"].colour].get_ydata()[0]) == pytest.approx(np.mean(of_unet))
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["FusionNet", "U-Net", "mine", "one replicate"]


def test_names_keep_their_distance_and_move_little() -> None:
    assert spread([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])
    assert spread([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    crowded = spread([0.97, 0.98, 0.99, 1.0], 0.1)
    assert crowded == pytest.approx([0.7, 0.8, 0.9, 1.0])
    assert spread([0.0, 0.0], 0.1) == pytest.approx([0.0, 0.1])


def test_arms_of_nearly_equal_cost_stand_side_by_side_and_others_where_they_are() -> None:
    places = side_by_side({"a": 13.0, "b": 5.0, "c": 13.0, "d": 13.0}, 1.05)
    assert places["b"] == pytest.approx(5.0)
    assert places["c"] == pytest.approx(13.0)
    assert places["a"] * 1.05 == pytest.approx(places["c"]) == pytest.approx(places["d"] / 1.05)


def test_the_annotation_curve_has_a_line_for_each_network(tmp_path: Path) -> None:
    arms = {"fusionnet-1-slice": 9, "fusionnet-5-slices": 2, "unet-1-slice": 12, "unet-5-slices": 4, "fusionnet": 1}
    job = write_results(tmp_path / "demo", tmp_path / "raw", cell_labels(3, 64, np.random.default_rng(0), 8), arms)
    replicates, networks = read_replicates(job, tmp_path / "demo"), {arm: arm_settings(arm) for arm in arms}
    assert lines_of(networks) == {
        "fusionnet": {1: "fusionnet-1-slice", 5: "fusionnet-5-slices"},
        "unet": {1: "unet-1-slice", 5: "unet-5-slices"},
    }
    axis = draw_annotation(replicates, networks).axes[0]
    means = {line.get_color(): line for line in axis.lines if line.get_marker() == "D"}
    for architecture in ("fusionnet", "unet"):
        line = means[ARCHITECTURES[architecture].colour]
        for x, y, slices in zip(line.get_xdata(), line.get_ydata(), (1, 5), strict=True):
            of_arm = [r.metrics["v_rand"] for r in replicates if r.arm.startswith(f"{architecture}-{slices}-")]
            assert x == pytest.approx(slices, rel=0.03)
            assert y == pytest.approx(np.mean(of_arm))
    assert len([line for line in axis.lines if line.get_marker() == "o"]) == 4
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "5"]
    wider = arm_settings("unet-1-slice").model_copy(update={"width": 3})
    assert set(lines_of(networks | {"wide": wider})) == {"fusionnet", "unet-1-slice", "wide"}


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
    assert arm_colours(["unet", "mine"])["unet"] == arm_colours(["fusionnet", "other", "unet"])["unet"]
    colours = arm_colours([*ARCHITECTURES, *OTHER_ARMS, "mine", "yours"])
    assert len(set(colours.values())) == len(colours)
    assert display_names(["unet", "mine"]) == {"unet": "U-Net", "mine": "mine"}


def test_an_arm_of_few_slices_is_a_paler_one_of_its_architecture() -> None:
    names = display_names(["fusionnet-1-slice", "unet-5-slices", "mine-2-slices"])
    assert list(names.values()) == ["FusionNet, 1 slice", "U-Net, 5 slices", "mine-2-slices"]
    colours = arm_colours(["unet-1-slice", "unet-5-slices", "unet-64-slices"])
    lightness = [sum(to_rgb(colour)) for colour in colours.values()]
    assert lightness[0] > lightness[1] > lightness[2]
    assert colours["unet-64-slices"].lower() == ARCHITECTURES["unet"].colour.lower()
