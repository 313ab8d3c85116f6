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

from fusionnet.config.reporting import ReportJob
from fusionnet.evaluate.morphology import SHAPE_COLUMNS
from fusionnet.report.results import read_json, read_table
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


def whole_sections(bodies: Sequence[BodyResults]) -> dict[str, pd.DataFrame]:
    """Return the sections that no slice's edge cuts: those of the truth, then of each arm, replicates together.

    The truth of a fold is the same for every arm and seed, and counts once.
    """
    first = {result.fold: result for result in reversed(bodies)}
    of_truth = [result.sections[result.sections["of"] == TRUTH] for result in first.values()]
    tables = {TRUTH: pd.concat(of_truth)}
    for arm in dict.fromkeys(result.arm for result in bodies):
        found = [result.sections[result.sections["of"] != TRUTH] for result in bodies if result.arm == arm]
        tables[arm] = pd.concat(found)
    return {name: table[~table["cut"]] for name, table in tables.items()}


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


def _shape_table(sections: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> list[str]:
    rows = []
    for name, table in sections.items():
        truth = sections[TRUTH] if name != TRUTH else None
        cells = [_shape_cell(key, table, truth) for key in SHAPE_NAMES]
        rows.append([names.get(name, name), str(len(table)), *cells])
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


def draw_bodies(sections: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a histogram for each measure: the share of sections, the truth filled, each arm a line.

    Args:
        sections: From `fusionnet.report.bodies.whole_sections`.
    """
    arms = [name for name in sections if name != TRUTH]
    colours, names = arm_colours(arms), display_names(arms)
    with styled():
        figure, axes = new_figure(3.4, columns=len(SHAPE_NAMES))
        for axis, (column, title) in zip(axes, SHAPE_NAMES.items(), strict=True):
            edges = _edges(column, sections)
            for name, table in sections.items():
                clipped = table[column].clip(upper=edges[-1])
                share = np.histogram(clipped, edges)[0] / max(len(table), 1) * 100
                if name == TRUTH:
                    axis.stairs(share, edges, color="#CCCCCC", fill=True)
                else:
                    axis.stairs(share, edges, color=colours[name], linewidth=1.8, baseline=None)
            axis.set_xlabel(title)
            axis.set_xlim(edges[0], edges[-1])
            axis.set_ylim(bottom=0)
        axes[0].set_ylabel("share of sections, %")
        axes[0].set_title("Sections of bodies: size and shape")
        keys: list[Artist] = [Patch(color="#CCCCCC", label=f"truth ({len(sections[TRUTH])} sections)")]
        keys += [Line2D([], [], color=colours[arm], label=f"{names[arm]} ({len(sections[arm])})") for arm in arms]
        legend_below(figure, keys)
    return figure


def _edges(column: str, sections: Mapping[str, pd.DataFrame]) -> np.ndarray:
    if column == "eccentricity":
        return np.linspace(0, 1, BINS + 1)
    values = pd.concat([table[column] for table in sections.values()])
    return np.linspace(0, values.quantile(WIDEST_QUANTILE) if len(values) else 1.0, BINS + 1)
