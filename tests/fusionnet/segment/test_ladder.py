"""The ladder: its scores are the official ones, and the ceiling is what superpixels allow."""

import numpy as np
import pytest
from fake_results import cell_labels, degraded

from fusionnet.evaluate.isbi import score_stack
from fusionnet.evaluate.thinning import components
from fusionnet.segment.ladder import CEILING, THRESHOLD, ceiling_map, score_ladder

LABELS = cell_labels(2, 96, np.random.default_rng(0), cells=12)


def test_the_ceiling_is_near_one_where_membranes_are_seen_at_all():
    probabilities = degraded(LABELS, 4, np.random.default_rng(1))
    ceiling = np.stack([ceiling_map(p, components(truth)) for p, truth in zip(probabilities, LABELS, strict=True)])
    assert score_stack(LABELS, ceiling).v_rand > max(0.97, score_stack(LABELS, probabilities).v_rand)


def test_each_rung_has_the_official_score():
    probabilities = degraded(LABELS, 4, np.random.default_rng(1))
    table = score_ladder(LABELS, {THRESHOLD: probabilities})
    assert table["rung"].unique().tolist() == [THRESHOLD, CEILING]
    rows = table[table["rung"] == THRESHOLD]
    official = score_stack(LABELS, probabilities)
    assert rows["v_rand"].mean() == pytest.approx(official.v_rand)
    assert rows["v_info_threshold"].tolist() == [official.v_info_threshold] * 2
