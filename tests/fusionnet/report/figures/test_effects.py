"""The forest plot."""

from fake_results import arm_settings

from fusionnet.report.comparison import compare, pairs_of
from fusionnet.report.figures.effects import draw_effects

ARMS = ["fusionnet", "unet", "mine"]
NETWORKS = {arm: arm_settings(arm) for arm in ARMS}


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
    assert "unlike budgets" in draw_effects([], ["fusionnet", "unet"]).axes[0].texts[-1].get_text()
