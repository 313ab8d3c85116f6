"""What the report says of bodies: scores of each arm, and the size and shape of what it found beside the truth's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.stats import ks_2samp

from fusionnet.config.reading import read_json
from fusionnet.config.reporting import ReportJob
from fusionnet.evaluate.morphology import SHAPE_COLUMNS
from fusionnet.report.results import read_table
from fusionnet.report.text import markdown_table
from fusionnet.style import arm_colours, display_names, legend_below, new_figure, styled

TRUTH = "truth"
SCORE_NAMES = {
    "dice": "Dice",
    "iou": "IoU",
    "v_rand": "V_rand",
    "v_info": "V_info",
    "match_f1": "matched (F1)",
    "bodies_true": "true bodies",
    "bodies_found": "found",
    "bodies_matched": "matched",
}
SHAPE_NAMES = {
    "area_pixels": "area, pixels",
    "perimeter_pixels": "perimeter, pixels",
    "eccentricity": "eccentricity",
}
DECIMALS = {"area_pixels": 0, "perimeter_pixels": 0, "eccentricity": 2}
COLUMNS = ("of", "slice", "body", *SHAPE_COLUMNS, "cut")


@dataclass(frozen=True)
class BodyResults:
    """What `scripts/evaluate_bodies.py` wrote of one replicate."""

    arm: str
    fold: str
    seed: int
    scores: Mapping[str, Any]
    sections: pd.DataFrame


def read_bodies(job: ReportJob, results: Path) -> list[BodyResults]:
    """Read the bodies of all replicates, in the order of the job's arms, folds and seeds.

    Args:
        job: What is compared.
        results: Holds ``{arm}/{fold}/seed-{seed}/`` and in it ``bodies.json`` and ``bodies.csv``.

    Raises:
        UserError: A file is missing or lacks what it should hold.
    """
    return [
        _read(arm, fold, seed, results / arm / fold / f"seed-{seed}")
        for arm in job.arms
        for fold in job.folds
        for seed in job.seeds
    ]


@dataclass(frozen=True)
class WholeSections:
    """The sections that no slice's edge cuts; the truth's lie apart, since an arm may bear any name."""

    truth: pd.DataFrame
    of_arms: Mapping[str, pd.DataFrame]
    """By arm, replicates together."""


def whole_sections(bodies: Sequence[BodyResults]) -> WholeSections:
    """Return the sections that no slice's edge cuts.

    The truth of a fold is the same for every arm and seed, and counts once.
    """
    whole = [(result, result.sections[~result.sections["cut"]]) for result in bodies]
    of_truth = {result.fold: table[table["of"] == TRUTH] for result, table in reversed(whole)}
    found: dict[str, list[pd.DataFrame]] = {}
    for result, table in whole:
        found.setdefault(result.arm, []).append(table[table["of"] != TRUTH])
    return WholeSections(pd.concat(of_truth.values()), {arm: pd.concat(tables) for arm, tables in found.items()})


def bodies_markdown(bodies: Sequence[BodyResults], names: Mapping[str, str]) -> str:
    """Return scores and shapes as Markdown.

    Args:
        bodies: From `read_bodies`.
        names: Display name of each arm.
    """
    arms = len({result.arm for result in bodies})
    count = "1 replicate" if len(bodies) == arms else f"{len(bodies) // arms} replicates"
    lines = [
        "# Bodies",
        "",
        f"Probabilities cut at one half; mean over {count} of each arm. V_rand and V_info: bodies as connected parts",
        "in 3-D, inside the truth's bodies.",
        "",
        *_score_table(bodies, names),
        "",
        "## Size and shape of their sections",
        "",
        "Median (quartiles) of all sections that no slice's edge cuts. In brackets the Kolmogorov-Smirnov distance to",
        "the truth, the greatest difference of the two cumulative distributions: 0 where equal, 1 where apart.",
        "",
        *_shape_table(whole_sections(bodies), names),
    ]
    return "\n".join(lines) + "\n"


def _score_table(bodies: Sequence[BodyResults], names: Mapping[str, str]) -> list[str]:
    scores = pd.DataFrame([{"arm": result.arm} | {key: result.scores[key] for key in SCORE_NAMES} for result in bodies])
    rows = [
        [names[str(arm)], *(f"{row[key]:{'.1f' if key.startswith('bodies') else '.4f'}}" for key in SCORE_NAMES)]
        for arm, row in scores.groupby("arm", sort=False).mean().iterrows()
    ]
    return markdown_table(["arm", *SCORE_NAMES.values()], rows)


def _shape_table(sections: WholeSections, names: Mapping[str, str]) -> list[str]:
    truth = sections.truth
    rows = [["truth", str(len(truth)), *(_shape_cell(key, truth, None) for key in SHAPE_NAMES)]]
    for arm, table in sections.of_arms.items():
        rows.append([names[arm], str(len(table)), *(_shape_cell(key, table, truth) for key in SHAPE_NAMES)])
    return markdown_table(["", "sections", *SHAPE_NAMES.values()], rows)


def _shape_cell(key: str, table: pd.DataFrame, truth: pd.DataFrame | None) -> str:
    if table.empty:
        return "none"
    low, middle, high = (f"{value:.{DECIMALS[key]}f}" for value in table[key].quantile([0.25, 0.5, 0.75]))
    apart = "" if truth is None or truth.empty else f" [{ks_2samp(table[key], truth[key]).statistic:.2f}]"
    return f"{middle} ({low} to {high}){apart}"


def _read(arm: str, fold: str, seed: int, folder: Path) -> BodyResults:
    scores = read_json(folder / "bodies.json", list(SCORE_NAMES))
    return BodyResults(arm, fold, seed, scores, read_table(folder / "bodies.csv", COLUMNS))


BINS = 20
WIDEST_QUANTILE = 0.99  # of truth and arms together; the last bin takes what is larger


def draw_bodies(sections: WholeSections) -> Figure:
    """Draw a histogram for each measure: the share of sections, the truth filled, each arm a line.

    Args:
        sections: From `fusionnet.report.bodies.whole_sections`.
    """
    arms = list(sections.of_arms)
    colours, names = arm_colours(arms), display_names(arms)
    with styled():
        figure, axes = new_figure(3.4, columns=len(SHAPE_NAMES))
        for axis, (column, title) in zip(axes, SHAPE_NAMES.items(), strict=True):
            edges = _edges(column, [sections.truth, *sections.of_arms.values()])
            axis.stairs(_shares(sections.truth[column], edges), edges, color="#CCCCCC", fill=True)
            for arm, table in sections.of_arms.items():
                shares = _shares(table[column], edges)
                axis.stairs(shares, edges, color=colours[arm], linewidth=1.8, baseline=None)
            axis.set_xlabel(title)
            axis.set_xlim(edges[0], edges[-1])
            axis.set_ylim(bottom=0)
        axes[0].set_ylabel("share of sections, %")
        axes[0].set_title("Sections of bodies: size and shape")
        keys: list[Artist] = [Patch(color="#CCCCCC", label=f"truth ({len(sections.truth)} sections)")]
        keys += [
            Line2D([], [], color=colours[arm], label=f"{names[arm]} ({len(table)})")
            for arm, table in sections.of_arms.items()
        ]
        legend_below(figure, keys)
    return figure


def _shares(values: pd.Series, edges: np.ndarray) -> np.ndarray:
    """Return which share of the values lies in each bin, in percent; none of no value."""
    return np.histogram(values.clip(upper=edges[-1]), edges)[0] / max(len(values), 1) * 100


def _edges(column: str, tables: Sequence[pd.DataFrame]) -> np.ndarray:
    if column == "eccentricity":
        return np.linspace(0, 1, BINS + 1)
    values = pd.concat([table[column] for table in tables])
    return np.linspace(0, values.quantile(WIDEST_QUANTILE) if len(values) else 1.0, BINS + 1)
