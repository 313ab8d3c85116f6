import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fake_results import cell_labels, write_results

from fusionnet.config.reporting import ReportJob
from fusionnet.errors import UserError
from fusionnet.report.results import (
    ScoredSlices,
    baseline_metrics,
    read_networks,
    read_replicates,
    read_scored_slices,
    scores_by_replicate,
)


@pytest.fixture
def experiment(tmp_path: Path) -> tuple[ReportJob, Path, Path]:
    labels = cell_labels(4, 64, np.random.default_rng(0), cells=8)
    job = write_results(tmp_path / "demo", tmp_path / "raw", labels, {"fusionnet": 1, "unet": 3})
    return job, tmp_path / "demo", tmp_path / "raw"


def test_slices_have_the_headline_score_as_their_mean(experiment: tuple) -> None:
    replicates = read_replicates(*experiment[:2])
    assert [(r.arm, r.seed) for r in replicates] == [("fusionnet", 0), ("fusionnet", 1), ("unet", 0), ("unet", 1)]
    for replicate in replicates:
        for score in ("v_rand", "v_info"):
            assert replicate.slice_scores(score).shape == (2,)
            assert replicate.slice_scores(score).mean() == pytest.approx(replicate.metrics[score], abs=1e-12)
    scores = scores_by_replicate(replicates, "v_rand")
    np.testing.assert_array_equal(scores["unet"]["1-2", 1], replicates[3].slice_scores("v_rand"))


def test_missing_files_are_named_and_counted(experiment: tuple) -> None:
    job, results, _ = experiment
    (results / "unet/1-2/seed-0/metrics.json").unlink()
    (results / "unet/1-2/seed-1/history.csv").unlink()
    with pytest.raises(UserError, match=r"unet/1-2/seed-0/metrics.json and 1 more files: missing.*run snakemake"):
        read_replicates(job, results)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", "{", "not valid JSON"),
        ("metrics.json", '{"v_rand": 1}', "lacks v_rand_threshold"),
        ("training-time.json", '{"device": "cpu"}', "lacks training_seconds"),
        ("history.csv", "epoch,train_loss\n1,0.5\n", "lacks validation_loss, validation_v_rand"),
        ("history.csv", "", "not a CSV table"),
        ("slices.csv", "slice,threshold,v_rand,v_info\n", "has no row"),
    ],
)
def test_damaged_files_are_refused(experiment: tuple, name: str, content: str, message: str) -> None:
    job, results, _ = experiment
    (results / "unet/1-2/seed-0" / name).write_text(content)
    with pytest.raises(UserError, match=f"seed-0/{name}.*{message}"):
        read_replicates(job, results)


def test_metrics_of_other_probabilities_are_refused(experiment: tuple) -> None:
    job, results, _ = experiment
    folder = results / "unet/1-2/seed-0"
    (folder / "probabilities.tif").write_bytes((results / "unet/1-2/seed-1/probabilities.tif").read_bytes())
    with pytest.raises(UserError, match="scores other probabilities than those beside it"):
        read_replicates(job, results)


def test_a_checkpoint_in_the_wrong_folder_is_refused(experiment: tuple) -> None:
    job, results, _ = experiment
    assert {arm: network.architecture for arm, network in read_networks(job, results).items()} == {
        "fusionnet": "fusionnet",
        "unet": "unet",
    }
    (results / "unet/1-2/seed-0/checkpoint.pt").write_bytes(
        (results / "fusionnet/1-2/seed-0/checkpoint.pt").read_bytes()
    )
    with pytest.raises(UserError, match=r"holds arm, fold and seed \('fusionnet', '1-2', 0\), expected \('unet'"):
        read_networks(job, results)


def test_scored_slices_are_cut_from_the_right_stack(experiment: tuple) -> None:
    raw = experiment[2]
    scored = read_scored_slices("1-2", raw)
    np.testing.assert_array_equal(scored.raw, tifffile.imread(raw / "train-volume.tif")[1:3])
    np.testing.assert_array_equal(scored.labels * 255, tifffile.imread(raw / "train-labels.tif")[1:3])
    assert scored.numbers == [1, 2]
    for kind in ("volume", "labels"):
        tifffile.imwrite(
            raw / f"test-{kind}.tif", tifffile.imread(raw / f"train-{kind}.tif")[:1], photometric="minisblack"
        )
    assert read_scored_slices("test", raw).numbers == [0]
    with pytest.raises(UserError, match="has slices 0-3"):
        read_scored_slices("2-4", raw)


def test_the_baseline_finds_clear_membranes_whatever_the_grey_range() -> None:
    labels = cell_labels(1, 64, np.random.default_rng(1), cells=6)
    clear = ScoredSlices(labels.astype(np.uint16) * 1000 + 20000, labels, [0])
    assert baseline_metrics(clear, 0.0)["v_rand"] == pytest.approx(1.0)
    noise = np.random.default_rng(2).integers(0, 255, labels.shape).astype(np.uint8)
    assert baseline_metrics(ScoredSlices(noise, labels, [0]), 2.0)["v_rand"] < 0.8
    flat = ScoredSlices(np.full_like(labels, 7), labels, [0])
    assert 0 <= baseline_metrics(flat, 2.0)["v_rand"] < 0.8


def test_baseline_keys_are_those_of_evaluate(experiment: tuple) -> None:
    job, results, raw = experiment
    written = json.loads((results / "unet/1-2/seed-0/metrics.json").read_text())
    assert set(baseline_metrics(read_scored_slices("1-2", raw), 2.0)) == set(written) - {"provenance"}
    assert job.report.baseline_sigma_pixels == 2.0
