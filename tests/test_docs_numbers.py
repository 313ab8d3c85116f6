"""Defaults, names and numbers in the pages are those of the code, the configuration and the committed results."""

import csv
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import get_args

import pytest
import torch
import yaml

from fusionnet.augment.elastic import LEAST_AREA_RATIO
from fusionnet.config.experiment import Config, PhantomSettings, experiments, load
from fusionnet.config.schema import Section
from fusionnet.config.stages import NetworkSettings
from fusionnet.devices import MOST_LOADER_WORKERS
from fusionnet.download.datasets import DATASETS
from fusionnet.download.phantom.draw import SMALLEST_CELL_PIXELS
from fusionnet.evaluate.instances import score_volume
from fusionnet.models.build import build
from fusionnet.models.receptive_field import reach
from fusionnet.predict.tiles import spans
from fusionnet.train.divergence import DIVERGED
from fusionnet.train.losses import BORDER_SIGMA_PIXELS, BORDER_WEIGHT, LOSSES
from fusionnet.train.states import KEPT
from fusionnet.volumes.grey_values import SATURATED_SHARE
from fusionnet.workflow.gpus import MOST_THREADS, threads_of_gpu_job
from fusionnet.workflow.plan import REPORTS

ROOT = Path(__file__).parents[1]
CODE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("fusionnet", "scripts") for file in ROOT.glob(f"{folder}/**/*.py")
)


def page(name: str) -> str:
    """Return a page's text, its lines joined: sentences are found across their line breaks."""
    return re.sub(r"\s+", " ", (ROOT / name).read_text(encoding="utf-8"))


def first_column(name: str, heading: str) -> list[str]:
    """Return the cells of the first column of the table whose first heading that is."""
    rows = (ROOT / name).read_text(encoding="utf-8").partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def words_in_code(cells: list[str]) -> list[str]:
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def alternatives(section: type[Section], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield the keys whose values are a choice of words, with the words."""
    for key, field in section.model_fields.items():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, Section):
            yield from alternatives(field.annotation, f"{prefix}{key}.")
        elif (words := get_args(field.annotation)) and all(isinstance(word, str) for word in words):
            yield f"{prefix}{key}", set(words)


CHOICES = dict(alternatives(Config))


@pytest.mark.parametrize("key", CHOICES)
def test_the_configurations_comments_list_every_choice(key: str):
    lines = (ROOT / "config/config.yaml").read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if re.match(rf" +{key.rpartition('.')[2]}: ", line))  # said once of two sections
    comment = line.partition("#")[2]
    listed = set(re.findall(r"[\w-]+", re.split(r"[\[;]", comment)[0]))
    assert listed == CHOICES[key], line


def test_the_sections_of_the_configurations_page_are_those_of_the_configuration():
    assert words_in_code(first_column("config/README.md", "section")) == list(Config.model_fields)


def test_every_experiment_and_dataset_is_in_its_table():
    assert sorted(words_in_code(first_column("README.md", "experiment"))) == sorted(experiments())
    assert sorted(words_in_code(first_column("docs/download.md", "dataset"))) == sorted(DATASETS)


def test_every_key_of_augmentation_is_in_the_table_of_its_page():
    listed = re.findall(r"`(\w+)`", page("docs/augment.md").partition("| source |")[2].partition("Every value")[0])
    assert {*listed, "seed"} == set(Config.model_fields["augment"].annotation.model_fields)
    assert "less than a fifth of its area" in page("docs/augment.md") and LEAST_AREA_RATIO == 1 / 5


def test_every_file_of_a_report_is_in_the_table_of_its_page():
    listed = " ".join(first_column("docs/report.md", "file"))
    for name, report in REPORTS.items():
        for file in [*(f"{figure}.png" for figure in report.figures), *report.texts]:
            stem, suffix = file.rsplit(".", 1)
            assert f"`{file}`" in listed or (f"`{stem}." in listed and f"`.{suffix}`" in listed), f"{name}: {file}"


def test_the_losses_and_their_constants():
    text = page("docs/train.md").partition("| loss |")[2].partition("| schedule |")[0]
    assert [name for name in re.findall(r"`(\w+)`", text) if name in LOSSES] == list(LOSSES)
    assert f"w0 = {BORDER_WEIGHT:.0f}, sigma = {BORDER_SIGMA_PIXELS:.0f} pixels" in text


def test_when_a_training_stops_and_how_it_draws():
    text = page("docs/train.md")
    assert "an epoch's mean loss above five times the first step's" in text and DIVERGED == 5
    assert "batches that up to four processes draw" in text and MOST_LOADER_WORKERS == 4
    default = re.search(r'"--save-every-seconds", type=float, default=([\d.]+)', CODE)[1]
    kept = "at least 30 seconds (`--save-every-seconds`)"
    assert kept in page("docs/reproducibility.md") and float(default) == 30
    assert "the two newest are kept" in page("docs/reproducibility.md") and KEPT == 2


@pytest.mark.parametrize(("name", "chain"), [("U-Net", 1), ("FusionNet", 1), ("two FusionNets in series", 2)])
def test_how_far_networks_see_and_what_a_tile_is_predicted_from(name: str, chain: int):
    with torch.device("meta"):
        settings = NetworkSettings(architecture="unet" if name == "U-Net" else "fusionnet", width=1, chain=chain)
        far = reach(build(settings))
    inner = spans(64 * 1024, 1024, load("phantom").predict.padding_pixels, far)[30]
    side = inner.window_stop - inner.window_start
    assert f"| {name} | {far} | {side}² |" in page("docs/predict.md")


def test_the_window_of_grey_values():
    assert "the 0.1 % and 99.9 % quantiles" in page("docs/predict.md") and SATURATED_SHARE == 0.001
    assert "0.1 % of the voxels saturate at each end" in page("docs/download.md")


def test_the_thresholds_that_prediction_advises():
    """docs/predict.md, from the committed scores of isbi2012."""
    found = [json.loads(file.read_text()) for file in ROOT.glob("results/isbi2012/replicates/*/*/*/metrics.json")]
    high = [scores for scores in found if round(scores["v_rand_threshold"], 1) in (0.8, 0.9)]
    assert len(found) == 18 and len(high) > len(found) / 2
    curves = [
        json.loads(file.read_text())["v_rand_by_threshold"]
        for file in ROOT.glob("results/isbi2012/replicates/fusionnet/*/*/metrics.json")
    ]
    means = [mean(column) for column in zip(*curves, strict=True)]
    assert f"FusionNet's mean V_rand {means[5]:.2f} instead of {max(means):.2f}" in page("docs/predict.md")


def test_score_against_minutes_is_that_of_its_table():
    with (ROOT / "docs/figures/accuracy.csv").open() as file:
        rows = list(csv.DictReader(file))
    for steps in ("200", "400", "800"):
        cells = []
        for arm in ("unet", "fusionnet"):
            of_arm = [row for row in rows if (row["arm"], row["steps"]) == (arm, steps)]
            scores = [float(row["v_rand"]) for row in of_arm]
            assert len(scores) == 6
            minutes = mean(float(row["minutes"]) for row in of_arm)
            cells.append(f"{minutes:.1f}, {mean(scores):.4f} ({min(scores):.4f} to {max(scores):.4f})")
        assert f"| {steps} | {' | '.join(cells)} |" in page("docs/train.md")


def test_trials_are_those_of_their_table():
    with (ROOT / "docs/figures/training-trials.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["steps"] == "400"]
    assert len({row["name"] for row in rows}) == 4
    for name in {row["name"] for row in rows}:
        trial = [row for row in rows if row["name"] == name]
        blocks = [
            ", ".join(f"{float(row['v_rand']):.4f}" for row in trial if row["fold"] == f) for f in ("12-16", "3-7")
        ]
        written = re.search(rf"\| ([\d.]+) / ([\d.]+) \| {blocks[0]} \| {blocks[1]} \|", page("docs/train.md"))
        assert written, f"{name}: {blocks}"
        means = [mean(float(row[score]) for row in trial) for score in ("v_rand", "v_info")]
        assert [float(text) for text in written.groups()] == pytest.approx(means, abs=1.01e-4), name  # of rounded ones


def test_nuclei_and_bodies_are_those_of_the_committed_report():
    rows = re.findall(
        r"^\| (FusionNet|U-Net) \| (.*) \|$", (ROOT / "results/phantom-nuclei/report/bodies.md").read_text(), re.M
    )
    written = page("docs/results.md")
    for name, cells in rows[:2]:
        dice, iou, _, _, f1, true, found, matched = cells.split(" | ")
        counts = " | ".join(f"{float(count):.0f}" for count in (true, found, matched))
        assert f"| {name} | {dice} | {iou} | {f1} | {counts} |" in written
        assert f"{float(dice):.2f}" == "0.80" and f"{float(f1):.2f}" == "0.21"
    assert "Dice 0.80 for both; FusionNet matches 7 of 12 nuclei and U-Net 8" in page("docs/nuclei.md")
    assert "they find 55 and 63 bodies (F1 0.21 for both)" in page("docs/nuclei.md")


def test_what_the_committed_experiments_trained():
    for name, steps in {"isbi2012": 800, "isbi2012-ablations": 800, "annotation-budget": 400}.items():
        settings = load(name)
        assert settings.train.steps == steps, name
        assert (settings.train.batch_size, settings.augment.crop_pixels) == (4, 192)
    assert "width 8 and 800 steps of 4 crops of 192 x 192 unless stated otherwise" in page("docs/results.md")
    assert "No choice was scored on the slices that `isbi2012` scores (8–11, 19–23 and 25–29)" in page("docs/train.md")
    assert load("isbi2012").folds == ["8-11", "19-23", "25-29"]


def test_the_defaults_of_scores_of_volumes_are_those_of_their_table():
    rows = re.findall(r"\| `(\w+)` \| `([^`]+)` \|", page("docs/evaluate.md").partition("## Volumes")[2])
    parameters = inspect.signature(score_volume).parameters
    assert {name: yaml.safe_load(text.replace("(0,)", "[0]")) for name, text in rows} == {
        name: list(each.default) if isinstance(each.default, tuple) else each.default
        for name, each in parameters.items()
        if each.default is not inspect.Parameter.empty
    }


def test_how_gpus_and_cores_are_shared_out():
    text = page("docs/cluster.md")
    assert "with `--cores 16` and two GPUs, a job has 8 threads" in text and threads_of_gpu_job(16, 2) == 8
    assert "at most 8" in page("docs/reproducibility.md") and MOST_THREADS == 8
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    assert "submits it again up to 3 times (`retries`)" in text and profile["retries"] == 3
    assert "(`--signal=TERM@120`)" in text and "--signal=TERM@120" in profile["default-resources"]["slurm_extra"]
    rule = (ROOT / "workflow/rules/train.smk").read_text()
    assert "the rule's 240 minutes" in text and "runtime=240" in rule
    assert "`gpu_memory_gb`, 8 by default" in text and "gpu_memory_gb=8" in rule


@pytest.mark.parametrize("cell", first_column("docs/dvc.md", "message"))
def test_messages_of_the_page_on_dvc_are_printed_by_the_code(cell: str):
    """DVC's own are left out, and the words that stand for others."""
    workflow = "\n".join(file.read_text() for file in (ROOT / "workflow/rules").iterdir())
    for message in re.findall(r"`([^`]+)`", cell):
        if message.startswith(("dvc ", "snakemake", "fusionnet/", "push:", "Unable", "Checkout")):
            continue  # a command, a folder, or DVC's own words
        parts = re.split(r"^(?:\w+: )|\.\.\.:?|'|\bNAME\b", message)
        for part in filter(None, (part.strip(" ,") for part in parts if part)):
            assert part in CODE + workflow, message


def test_how_the_phantom_is_drawn():
    assert f"Slivers under {SMALLEST_CELL_PIXELS} pixels are filled" in page("docs/phantom.md")
    assert set(PhantomSettings.model_fields) == {"seed", "train_slices", "test_slices", "size_pixels"}


@pytest.mark.parametrize("row", re.findall(r"^\|.*\|$", (ROOT / "docs/fidelity.md").read_text(), re.M)[2:])
def test_every_switch_of_the_page_on_fidelity_is_a_key(row: str):
    *_, switch, _ = row.split("|")
    keys = {*Config.model_fields, *NetworkSettings.model_fields, "ARM"}
    for section in ("augment", "train", "predict"):
        keys |= set(Config.model_fields[section].annotation.model_fields)
    for words in re.findall(r"`([\w.]+)(?::[^`]*)?`", switch):
        if words not in LOSSES:
            assert set(words.split(".")) <= keys, words
