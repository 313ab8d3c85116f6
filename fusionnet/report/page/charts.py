"""Charts whose marks are trainings and slices: effects, replicates, scores by slice, compute."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from fusionnet.evaluate.metrics import headlines
from fusionnet.report.comparison import replicate_rows
from fusionnet.report.page.vega import (
    INK,
    PAPER,
    SOFT,
    WIDTH,
    Arms,
    Chart,
    Row,
    draw,
    mean_rows,
    number_axis,
    only,
    said,
    score_axis,
    to_decades,
)
from fusionnet.report.results import Replicate
from fusionnet.report.statistics import Effect

ONE = {"type": "point", "filled": True, "size": 55, "opacity": 0.65}
MEAN = {"type": "point", "filled": True, "size": 170, "opacity": 1}
ROW_PIXELS = 46  # of an arm or a pair: its name, and below it the marks
SLICE_PIXELS = 10  # that a slice takes for each arm


def effect_charts(effects: Sequence[Effect], arms: Arms) -> list[Chart]:
    """Draw a forest plot for each headline score: each pair's difference and its interval."""
    return [_forest([e for e in effects if e.score == score], arms, title) for score, title in headlines().items()]


def _forest(effects: Sequence[Effect], arms: Arms, title: str) -> Chart:
    rows: list[Row] = []
    for effect in effects:
        pair = f"{arms.names[effect.arm]} minus {arms.names[effect.baseline]}"
        sentence = f"{pair}: {effect.mean:+.4f}, 95 % interval {effect.low:+.4f} to {effect.high:+.4f}"
        known = {"low": effect.low, "high": effect.high} if np.isfinite([effect.low, effect.high]).all() else {}
        rows.append({"row": pair, "mean": effect.mean, "verdict": effect.verdict, "said": sentence} | known)
    reach = 1.15 * max((abs(row[end]) for row in rows for end in ("low", "mean", "high") if end in row), default=1.0)
    scale = {"domain": [-reach, reach], "padding": 0}
    x = number_axis("mean", "difference; above 0 the first is better", scale=scale, tickCount=3, format="+.2~g")
    hollow = {"condition": {"test": "datum.verdict == 'not distinguishable'", "value": PAPER}, "value": INK}
    interval = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}}
    point = {"type": "point", "size": 110, "opacity": 1, "stroke": INK, "strokeWidth": 2}
    from_top = {"x": {"datum": 0}, "y": {"value": 0}, "y2": {"value": "height"}}
    zero = {"mark": {"type": "rule", "color": SOFT, "strokeDash": [4, 3]}, "encoding": from_top}
    layers: list[Row] = [
        {"mark": {"type": "rule", "color": INK, "strokeWidth": 3}, "encoding": interval},
        {"mark": point, "encoding": {"x": x, "fill": hollow} | said()},
    ]
    return _in_rows(title, layers, rows, behind=[zero])


def replicate_charts(table: pd.DataFrame, arms: Arms) -> list[Chart]:
    """Draw each replicate's headline scores in a row for each arm, and their mean.

    Args:
        table: From `fusionnet.report.comparison.comparison_table`.
        arms: Those of the table.
    """
    charts = []
    for score, title in headlines().items():
        rows: list[Row] = []
        for row in replicate_rows(table).to_dict("records"):
            name = arms.names[row["arm"]]
            sentence = f"{name}, fold {row['fold']}, seed {row['seed']}: {title} {row[score]:.4f}"
            place = {"value": row[score], "score": to_decades(row[score])}
            rows.append({"row": name, "arm": row["arm"], "said": sentence} | place)
        x = score_axis("score", [row["value"] for row in rows], "score")
        tick = {"type": "tick", "thickness": 2.5, "size": 14, "opacity": 1}
        layers = [
            only("!datum.mean") | {"mark": ONE, "encoding": {"x": x} | arms.marks() | said()},
            only("datum.mean") | {"mark": tick, "encoding": {"x": x} | arms.marks(False) | said()},
        ]
        charts.append(_in_rows(title, layers, rows + mean_rows(rows, arms, title)))
    return charts


def _in_rows(title: str, layers: Sequence[Row], rows: Sequence[Row], behind: Sequence[Row] = ()) -> Chart:
    """Draw layers in rows, the name of each row above its marks: there is no room beside them on a telephone.

    What lies behind does not run through the names.
    """
    y = {"field": "row", "type": "nominal", "sort": None, "axis": None}
    mark = {"type": "text", "align": "left", "baseline": "bottom", "dy": -8, "fontSize": 12, "color": INK}
    text = {"aggregate": "min", "field": "row", "type": "nominal"}
    names = {"mark": mark, "encoding": {"x": {"value": 0}, "text": text}}
    edges = names | {"mark": mark | {"fill": PAPER, "stroke": PAPER, "strokeWidth": 6}}
    height = ROW_PIXELS * max(1, len({row["row"] for row in rows}))
    whole = {"title": title, "height": height, "encoding": {"y": y}, "layer": [*behind, edges, *layers, names]}
    return draw(whole, rows, f"{title}. " + "; ".join(row["said"] for row in rows))


def slice_charts(
    replicates: Sequence[Replicate], arms: Arms, link: Callable[[str, int], str], numbers: Mapping[str, Sequence[int]]
) -> list[Chart]:
    """Draw the headline scores of every slice: a point for each replicate, which links to the slice.

    Args:
        replicates: All of them.
        arms: Theirs.
        link: Returns the fragment that shows a slice, from a fold and a position in it.
        numbers: Of each fold's slices.
    """
    all_numbers = [number for of_fold in numbers.values() for number in of_fold]
    ambiguous = len(set(all_numbers)) < len(all_numbers)
    charts = []
    for score, title in headlines().items():
        rows: list[Row] = []
        for replicate in replicates:
            for position, value in enumerate(replicate.slice_scores(score)):
                number = numbers[replicate.fold][position]
                name = f"{replicate.fold}: {number}" if ambiguous else str(number)
                text = f"slice {number}, {arms.names[replicate.arm]}, seed {replicate.seed}: {title} {value:.4f}"
                place = {"slice": name, "link": link(replicate.fold, position), "said": text}
                rows.append({"arm": replicate.arm, "score": to_decades(value), "value": float(value)} | place)
        slices = len({row["slice"] for row in rows})
        x = {
            "field": "slice",
            "type": "nominal",
            "sort": None,
            "title": "slice",
            "axis": {"labelAngle": -60 if ambiguous else 0},
        }
        offset = {"xOffset": {"field": "arm", "type": "nominal", "sort": list(arms.names)}}
        y = score_axis("score", [row["value"] for row in rows])
        encoding = {"x": x, "y": y, "href": {"field": "link", "type": "nominal"}} | offset | arms.marks() | said()
        width = max(WIDTH, slices * SLICE_PIXELS * (len(arms.names) + 1))
        text = f"{title} of each scored slice, for every arm and seed; the table below has the means."
        charts.append(
            draw({"title": f"{title} by slice", "width": width, "mark": ONE, "encoding": encoding}, rows, text)
        )
    return charts


def compute_charts(table: pd.DataFrame, arms: Arms) -> list[Chart]:
    """Draw the headline scores against operations and minutes of training: replicates, and each arm's mean."""
    places = {"GFLOP of a slice": ("flops_per_slice", 1e9), "minutes of training": ("training_seconds", 60)}
    charts = []
    for score, title in headlines().items():
        for unit, (column, scale) in places.items():
            rows: list[Row] = []
            for row in replicate_rows(table).to_dict("records"):
                place = float(row[column]) / scale
                text = f"{arms.names[row['arm']]}: {title} {row[score]:.4f}, {place:.3g} {unit}"
                score_place = {"value": row[score], "score": to_decades(row[score])}
                rows.append({"arm": row["arm"], "x": place, "said": text} | score_place)
            y = score_axis("score", [row["value"] for row in rows])
            encoding = {"x": number_axis("x", unit), "y": y} | arms.marks() | said()
            layers = [
                only("!datum.mean") | {"mark": ONE, "encoding": encoding},
                only("datum.mean") | {"mark": MEAN, "encoding": encoding},
            ]
            rows += mean_rows(rows, arms, title)
            text = f"{title} against {unit}: " + "; ".join(row["said"] for row in rows)
            charts.append(draw({"title": f"{title} by {unit}", "layer": layers}, rows, text))
    return charts
