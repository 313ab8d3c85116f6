from pathlib import Path

import numpy as np
import pytest
import torch
from fake_results import cell_labels, write_results
from networks import MACHINE, SETTINGS, make_network

from fusionnet.models.pretrained import load_checkpoint
from fusionnet.predict.predictor import Predictor
from fusionnet.report.refinement import (
    UnitScores,
    changes,
    first_units,
    predict_unit,
    refinement_markdown,
    refinement_table,
    score_units,
)
from fusionnet.report.results import Replicate, ScoredSlices, read_replicates, read_scored_slices

ARM = "fusionnet-chain2"


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Replicate], ScoredSlices]:
    folder = tmp_path_factory.mktemp("chained")
    labels = cell_labels(3, 64, np.random.default_rng(0), cells=8)
    job = write_results(folder / "demo", folder / "raw", labels, {ARM: 2})
    return read_replicates(job, folder / "demo"), read_scored_slices("1-2", folder / "raw")


@pytest.fixture(scope="module")
def scores(chained: tuple) -> list[UnitScores]:
    replicates, scored = chained
    return [unit for replicate in replicates for unit in score_units(replicate, 2, scored, SETTINGS, MACHINE)]


def test_the_first_units_say_alone_what_they_say_in_the_chain() -> None:
    network = make_network("fusionnet", chain=3)
    x = torch.randn(1, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = network(x)
        for count in (1, 2, 3):
            torch.testing.assert_close(first_units(network, count)(x), whole[:, :count])
        assert network(x).shape[1] == 3  # left as it was
    assert not torch.allclose(whole[:, 0], whole[:, 1])


@pytest.mark.parametrize(("network", "count"), [(make_network("unet"), 1), (make_network("fusionnet", chain=2), 3)])
def test_there_is_no_unit_beyond_the_last(network: torch.nn.Module, count: int) -> None:
    with pytest.raises(ValueError, match="in series"):
        first_units(network, count)


def test_a_unit_is_predicted_as_the_whole_network_is(chained: tuple) -> None:
    replicates, scored = chained
    network, _, _ = load_checkpoint(replicates[0].folder / "checkpoint.pt")
    whole = Predictor(network, SETTINGS, MACHINE).predict_slice(scored.raw[0].astype(np.float32)).probability
    last = predict_unit(replicates[0], 2, scored.raw[:1], SETTINGS, MACHINE)
    np.testing.assert_array_equal(last[0], whole)
    assert not np.allclose(predict_unit(replicates[0], 1, scored.raw[:1], SETTINGS, MACHINE), last)


def test_every_unit_of_every_replicate_is_scored(chained: tuple, scores: list[UnitScores]) -> None:
    replicates, _ = chained
    assert [(s.replicate.seed, s.unit) for s in scores] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    for unit in scores:
        for score in ("v_rand", "v_info"):
            assert unit.slices[score].shape == (2,)
            assert unit.slices[score].mean() == pytest.approx(unit.metrics[score], abs=1e-12)
    assert scores[1].metrics == replicates[0].metrics
    change = changes(scores, ARM)["1-2", 1]
    np.testing.assert_array_equal(change, scores[3].slices["v_rand"] - scores[2].slices["v_rand"])
    table = refinement_table(scores)
    assert table["unit"].tolist() == [1, 2, 1, 2]
    assert table["v_info"].tolist() == [unit.metrics["v_info"] for unit in scores]


def test_the_text_compares_the_last_unit_with_the_first(scores: list[UnitScores]) -> None:
    text = refinement_markdown(scores, {ARM: "two FusionNets in series"})
    assert "## two FusionNets in series" in text
    for unit in (1, 2):
        values = [s.metrics["v_rand"] for s in scores if s.unit == unit]
        assert f"| {unit} | {np.mean(values):.4f} ± {np.std(values, ddof=1):.4f} |" in text
    difference = np.mean([s.metrics["v_info"] * (1 if s.unit == 2 else -1) for s in scores]) * 2
    said = next(line for line in text.splitlines() if line.startswith("- V_info: unit 2"))
    assert "unit 1" in said and f"difference {difference:+.4f}" in said and "2 paired trainings" in said


def test_one_replicate_has_no_deviation_and_no_verdict(scores: list[UnitScores], tmp_path: Path) -> None:
    text = refinement_markdown(scores[:2], {ARM: "chain"})
    assert "±" not in text
    assert "one training of each cannot tell" in text
