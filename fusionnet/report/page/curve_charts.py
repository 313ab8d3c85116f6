"""Charts of curves: thresholds, trainings, where to proofread, annotated slices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.config.stages import ArmSettings
from fusionnet.evaluate.metrics import headlines
from fusionnet.report.annotation import lines_of
from fusionnet.report.figures.curves import FEW_LINES, HISTORY
from fusionnet.report.page.charts import MEAN
from fusionnet.report.page.vega import (
    SOFT,
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
from fusionnet.report.proofreading import SHOWN_SHARE, STYLES, Guide
from fusionnet.report.results import Replicate, by_arm

GUIDE_STEP = 4  # of the guides' points every fourth is drawn


def threshold_charts(
    replicates: Sequence[Replicate], baselines: Sequence[Mapping[str, Any]], arms: Arms
) -> list[Chart]:
    """Draw score against threshold: each replicate thin, each arm's mean bold, the classical baseline dashed.

    Args:
        replicates: All of them.
        baselines: Metrics of the classical baseline, one for each fold.
        arms: Those of the replicates.
    """
    charts = []
    for score, title in headlines().items():
        curves = {
            arm: [r.metrics[f"{score}_by_threshold"] for r in of_arm] for arm, of_arm in by_arm(replicates).items()
        }
        rows: list[Row] = []
        for arm, of_arm in curves.items():
            lines = [*((str(number), curve) for number, curve in enumerate(of_arm)), ("mean", np.mean(of_arm, axis=0))]
            rows += [row for line, curve in lines for row in _curve(replicates[0], arm, line, curve)]
        baseline = np.mean([metrics[f"{score}_by_threshold"] for metrics in baselines], axis=0)
        rows += _curve(replicates[0], "", "baseline", baseline)
        x = number_axis("threshold", "a pixel above this probability is inside", scale={"domain": [0, 1], "padding": 4})
        base = {"x": x, "y": score_axis("score", [row["value"] for row in rows])}
        detail = {"detail": {"field": "line", "type": "nominal"}}
        layers = [
            _line("datum.line == 'baseline'", base, {"color": SOFT, "strokeDash": [5, 4]}),
            _line(
                "datum.arm && datum.line != 'mean'",
                base | detail | arms.marks(False),
                {"strokeWidth": 0.8, "opacity": 0.5},
            ),
            _line("datum.line == 'mean'", base | arms.marks(False), {"strokeWidth": 2.5}),
        ]
        best = {arm: max(np.mean(of_arm, axis=0)) for arm, of_arm in curves.items()}
        text = f"{title} by threshold. Highest mean: "
        text += "; ".join(f"{arms.names[arm]} {value:.4f}" for arm, value in best.items())
        charts.append(draw({"title": f"{title} by threshold", "layer": layers}, rows, text))
    return charts


def _curve(replicate: Replicate, arm: str, line: str, curve: Sequence[float]) -> list[Row]:
    return [
        {"arm": arm, "line": line, "threshold": threshold, "value": float(value), "score": to_decades(value)}
        for threshold, value in zip(replicate.metrics["thresholds"], curve, strict=True)
    ]


def _line(test: str, encoding: Mapping[str, Any], mark: Mapping[str, Any]) -> Row:
    return only(test) | {"mark": {"type": "line", "aria": False} | dict(mark), "encoding": encoding}


def training_charts(replicates: Sequence[Replicate], arms: Arms) -> list[Chart]:
    """Draw the histories: each replicate, or of many replicates each arm's mean, against the epoch."""
    charts = []
    for column, title in HISTORY.items():
        tables = [r.history[["epoch", column]].assign(arm=r.arm, line=number) for number, r in enumerate(replicates)]
        table = pd.concat(tables).dropna(subset=[column])
        if len(replicates) > FEW_LINES:
            table = table.groupby(["arm", "epoch"], sort=False, as_index=False)[column].mean().assign(line=0)
        scores = column.endswith("v_rand")
        rows = [
            {"arm": arm, "epoch": epoch, "line": line, "value": to_decades(value) if scores else value}
            for arm, epoch, line, value in table[["arm", "epoch", "line", column]].to_numpy().tolist()
        ]
        y = score_axis("value", table[column].tolist()) if scores else number_axis("value", None)
        x = number_axis("epoch", "epoch", format="d")
        encoding = {"x": x, "y": y, "detail": {"field": "line", "type": "nominal"}} | arms.marks(False)
        mark = {"type": "line", "aria": False, "strokeWidth": 1.8, "point": {"filled": True, "size": 12}}
        charts.append(draw({"title": title, "mark": mark, "encoding": encoding}, rows, f"{title}, by epoch."))
    return charts


def guide_charts(guides: Mapping[str, Mapping[str, Guide]], arms: Arms) -> list[Chart]:
    """Draw the share of wrong pixels found against the share of pixels looked at, most suspicious first."""
    rows: list[Row] = []
    for arm, by_kind in guides.items():
        for kind, guide in by_kind.items():
            shown = np.flatnonzero(guide.looked_at <= SHOWN_SHARE)[::GUIDE_STEP]
            points = zip(100 * guide.looked_at[shown], 100 * guide.found[shown], strict=True)
            rows += [{"arm": arm, "kind": kind, "looked": float(x), "found": float(y)} for x, y in points]
    if not rows:
        return []
    x = number_axis("looked", "pixels looked at, %", scale={"padding": 2})
    y = number_axis("found", "wrong pixels found, %", scale={"zero": True, "padding": 2})
    scale = {"domain": list(STYLES), "range": [[1, 0], [2, 3]]}
    dash = {"field": "kind", "type": "nominal", "sort": None, "legend": None, "scale": scale}
    encoding = {"x": x, "y": y, "strokeDash": dash} | arms.marks(False)
    mark = {"type": "line", "aria": False, "strokeWidth": 2}
    text = "Share of the wrong pixels that is found by looking at the most suspicious pixels first"
    return [draw({"title": "Wrong pixels found", "mark": mark, "encoding": encoding}, rows, text)]


def annotation_charts(replicates: Sequence[Replicate], networks: Mapping[str, ArmSettings], arms: Arms) -> list[Chart]:
    """Draw the headline scores against the number of slices that an arm was trained on; none where all had all."""
    slices = {arm: number for by_number in lines_of(networks).values() for number, arm in by_number.items()}
    if not slices:
        return []
    of_line = {arm: line for line, by_number in lines_of(networks).items() for arm in by_number.values()}
    charts = []
    for score, title in headlines().items():
        rows: list[Row] = []
        for r in (r for r in replicates if r.arm in slices):
            value = float(r.metrics[score])
            place = {"arm": r.arm, "line": of_line[r.arm], "slices": slices[r.arm], "score": to_decades(value)}
            rows.append(place | {"value": value, "said": f"{arms.names[r.arm]}, seed {r.seed}: {title} {value:.4f}"})
        numbers = sorted(set(slices.values()))
        x = number_axis("slices", "annotated slices", scale={"type": "log"}, values=numbers)
        y = score_axis("score", [row["value"] for row in rows])
        dash = {"field": "line", "type": "nominal", "sort": None, "legend": None, "scale": {"range": [[1, 0], [5, 4]]}}
        line = {"type": "line", "aria": False, "color": SOFT}
        layers = [
            only("datum.mean") | {"mark": line, "encoding": {"x": x, "y": y, "strokeDash": dash}},
            only("!datum.mean") | {"mark": MEAN, "encoding": {"x": x, "y": y} | arms.marks() | said()},
        ]
        rows += mean_rows(rows, arms, title)
        text = f"{title} by number of annotated slices: " + "; ".join(row["said"] for row in rows)
        charts.append(draw({"title": f"{title} by annotated slices", "layer": layers}, rows, text))
    return charts
