"""Defaults, names and numbers in the pages are those of the code and the configuration."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import torch
import yaml
from pages import page

from fusionnet.augment.elastic import LEAST_AREA_RATIO
from fusionnet.config.experiment import Config, PhantomSettings, experiments, load
from fusionnet.config.schema import Section
from fusionnet.config.stages import NetworkSettings
from fusionnet.devices import MOST_LOADER_WORKERS
from fusionnet.download.datasets import DATASETS
from fusionnet.download.phantom.draw import SMALLEST_CELL_PIXELS
from fusionnet.download.phantom.neurites import LAYERS
from fusionnet.evaluate.instances import score_volume
from fusionnet.evaluate.morphology import MATCHING_IOU, THRESHOLD
from fusionnet.models.build import build
from fusionnet.models.cost import network_cost
from fusionnet.models.normalisation import GREY_MEAN, GREY_SPREAD
from fusionnet.models.receptive_field import reach
from fusionnet.predict.tiles import spans
from fusionnet.report.figures.curves import FEW_LINES
from fusionnet.report.figures.segmentations import CROP_PIXELS
from fusionnet.report.statistics import CONFIDENCE, POWER
from fusionnet.train.divergence import DIVERGED
from fusionnet.train.losses import BORDER_SIGMA_PIXELS, BORDER_WEIGHT, LOSSES
from fusionnet.train.states import KEPT
from fusionnet.volumes.grey_values import SATURATED_SHARE
from fusionnet.workflow.gpus import MOST_THREADS, Places
from fusionnet.workflow.plan import REPORTS

ROOT = Path(__file__).parents[1]
CODE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("fusionnet", "scripts") for file in ROOT.glob(f"{folder}/**/*.py")
)


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
    text = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    # Said once of two sections; a comment may go on in lines of its own.
    comment = re.search(rf"^ +{key.rpartition('.')[2]}: \S+ +#(.*(?:\n +#.*)*)", text, flags=re.M)[1]
    alternatives = {piece.split()[0].strip(":;") for piece in re.split(r"[\[;]", comment)[0].split("|")}
    assert alternatives <= CHOICES[key], comment
    assert CHOICES[key] <= set(re.findall(r"[\w-]+", comment)), comment


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


def test_what_a_report_shows_and_what_its_intervals_mean():
    text = page("docs/report.md")
    assert "of more than six trainings the mean of each arm" in text and FEW_LINES == 6
    assert "the 256 x 256 pixels where the errors differ most" in text and CROP_PIXELS == 256
    assert "with 95 % intervals" in text and CONFIDENCE == 0.95
    assert "probability 80 %" in text and POWER == 0.8
    assert "Probabilities are cut at one half" in page("docs/nuclei.md") and THRESHOLD == 0.5
    assert "whose intersection with one found is more than half of their union" in page("docs/nuclei.md")
    assert MATCHING_IOU == 0.5


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
    assert (
        "with `--cores 16` and two GPUs, a job has 8 threads" in text and Places(16, 2, on_gpu=True).threads(None) == 8
    )
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
    assert "mean of five layers" in page("docs/phantom.md") and LAYERS == 5
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


def test_the_work_of_the_network_whose_speed_is_listed():
    flops = network_cost(NetworkSettings(architecture="fusionnet", width=16)).flops
    assert f"({flops / 1e9:.1f} GFLOP)" in page("docs/predict.md")


def test_how_nucmm_is_split():
    split = load("nucmm-z").split
    assert f"(`validation_slices: {split.validation_slices}`, `gap_slices: {split.gap_slices}`)" in page(
        "docs/nuclei.md"
    )


def options_with_defaults() -> Iterator[tuple[str, str]]:
    """Yield each option of a script that has a default, as ``SCRIPT OPTION``, with its help."""
    for script in sorted((ROOT / "scripts").glob("*.py")):
        for call in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument":
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                if "default" in given:
                    yield f"{script.name} {ast.literal_eval(call.args[0])}", given["help"]


def test_every_default_of_a_script_is_in_its_help():
    options = dict(options_with_defaults())
    assert len(options) > 8
    assert [option for option, text in options.items() if "%(default)s" not in text] == []


def test_the_values_of_the_page_on_fidelity_are_the_defaults():
    text, settings = page("docs/fidelity.md"), load("phantom").augment
    assert f"| elastic field | {settings.elastic_grid} × {settings.elastic_grid} vectors, 0 at the border |" in text
    assert f"| elastic amplitude | {settings.elastic_amplitude_pixels:g} pixels," in text
    assert f"| noise | Gaussian, {settings.noise_sigma:g} of the grey range |" in text
    assert f"| mirrored border | {settings.padding_pixels} pixels, 512 → {512 + 2 * settings.padding_pixels} |" in text
    assert f"| grey values | minus {GREY_MEAN:g}, over {GREY_SPREAD:g} of the range |" in text
    paper = load("isbi2012-paper")
    assert "width 64, whole slices of 640², Adam from 2e-4" in text
    assert (paper.network["fusionnet"].width, paper.augment.crop_pixels) == (64, 640)
    assert (paper.train.optimizer, paper.train.learning_rate) == ("adam", 2e-4)


def test_the_size_of_published_stacks():
    isbi, nuclei = DATASETS["isbi2012"], DATASETS["nucmm-z"]
    assert "30 labelled slices and 30 without labels, 4 x 4 x 50 nm" in page("docs/download.md")
    assert {stack.shape for stack in isbi.source.stacks} == {(30, 512, 512)} and isbi.voxel_size_nm == (50, 4, 4)
    assert "64 x 64 x 64 voxels of 0.48 x 0.51 x 0.51 µm (z, y, x)" in page("docs/nuclei.md")
    assert nuclei.voxel_size_nm == (480, 510, 510)
