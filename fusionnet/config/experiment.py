"""The configuration: merged from the base and one overlay, validated once, the same everywhere.

`config/config.yaml` is the base and has every key. `config/experiments/NAME.yaml` is the sparse overlay that makes
the experiment NAME. Sections bear the names of the stages that they are for.
"""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt, field_validator, model_validator

from fusionnet.config.reading import merge, read_yaml, written_path
from fusionnet.config.reporting import ReportJob, ReportSection
from fusionnet.config.schema import Section, row_of, slice_range, validate
from fusionnet.config.segmenting import SegmentSection
from fusionnet.config.stages import ArmSettings, AugmentSection, PredictSection, SplitSection, TrainingJob, TrainSection
from fusionnet.download.datasets import DATASETS
from fusionnet.errors import UserError, did_you_mean
from fusionnet.files import file_of
from fusionnet.volumes.places import is_address

BASE = Path("config/config.yaml")
EXPERIMENTS = Path("config/experiments")
DEFAULT_EXPERIMENT = "phantom"

# Experiments and arms: their names are folders, words of command lines, targets of Snakemake and keys of DVC.
NAME = r"[A-Za-z][A-Za-z0-9_-]*"
NAME_IN_WORDS = "a letter, then letters, digits, '-' and '_'"
FOLD = r"test|(?:0|[1-9][0-9]*)-(?:0|[1-9][0-9]*)"  # "08-09" would be a second name of "8-9"
# Snakemake's targets of these names are no experiments; a test holds them against the rules of the workflow.
RESERVED = r"all|figures|(download|augment|train|predict|segment|evaluate|report|submit)(_.*)?"
OWN_STACKS = ("volume", "labels", "test_volume", "test_labels")


class PhantomSettings(Section):
    """The synthetic tissue that stands in for a dataset."""

    seed: int = Field(ge=0)
    train_slices: PositiveInt
    test_slices: PositiveInt
    size_pixels: int = Field(ge=64)


class DownloadSection(Section):
    """Where the raw stacks come from."""

    dataset: Annotated[str, row_of(DATASETS)]
    mirror: str | None
    phantom: PhantomSettings | None = None
    volume: str | None
    labels: str | None
    test_volume: str | None
    test_labels: str | None
    unusual_labels: bool = False
    unlabelled_slices: str | None = None

    _paths = field_validator("mirror", *OWN_STACKS)(written_path)

    @field_validator("unlabelled_slices")
    @classmethod
    def _are_slices(cls, text: str | None) -> str | None:
        try:
            slices_named(text)
        except UserError as error:
            raise ValueError(str(error)) from error
        return text

    @model_validator(mode="after")
    def _files_are_named(self) -> "DownloadSection":
        dataset = DATASETS[self.dataset]
        if dataset.is_own and not (self.volume and self.labels):
            raise ValueError(f"dataset {self.dataset!r} needs the keys 'volume' and 'labels': paths of your two stacks")
        if dataset.is_drawn and self.phantom is None:
            raise ValueError(f"dataset {self.dataset!r} needs the section 'phantom'")
        read = {*OWN_STACKS} if dataset.is_own else {"test_labels"} if dataset.is_challenge else set()
        if unread := [f"'{key}'" for key in OWN_STACKS if getattr(self, key) and key not in read]:
            raise ValueError(
                f"dataset {self.dataset!r} does not read {' and '.join(unread)}; for stacks of your own write "
                "'dataset: files'"
            )
        if self.unlabelled_slices and not dataset.is_own:
            raise ValueError(f"dataset {self.dataset!r} has no unlabelled slices; leave 'unlabelled_slices' out")
        if dataset.is_own and self.test_labels and not self.test_volume:
            raise ValueError("'test_labels' needs 'test_volume'")
        return self

    @property
    def left_out(self) -> list[int]:
        """Numbers of the labelled stack's slices that have no labels, ascending."""
        return slices_named(self.unlabelled_slices)

    def own_files(self) -> list[str]:
        """Return the person's own files and folders that the section names; of ``file.h5:key`` the file."""
        return [str(file_of(path)) for key in OWN_STACKS if (path := getattr(self, key))]

    def require_own_files(self) -> None:
        """Raise a `UserError` if one of the person's own files or folders is not there."""
        for key in OWN_STACKS:
            path = getattr(self, key)
            if path and is_address(path):
                raise UserError(
                    f"download.{key}: got {path!r}, an address: Snakemake and DVC watch files, so an experiment reads "
                    "its stacks from a disk: download them; scripts/predict.py and examine.py take addresses"
                )
            if path and not file_of(path).exists():
                raise UserError(f"download.{key}: got {path!r}: no such file or folder")

    def relevant(self) -> "DownloadSection":
        """Return the section without settings that play no part in its dataset, so that they rerun nothing."""
        dataset = DATASETS[self.dataset]
        kept = self if dataset.is_drawn else self.model_copy(update={"phantom": None})
        return kept if self.own_files() else kept.model_copy(update={"unusual_labels": False})


class Config(Section):
    """A whole experiment."""

    arms: list[str] = Field(min_length=1)
    folds: list[str] = Field(min_length=1)
    seeds: list[int] = Field(min_length=1)
    download: DownloadSection
    split: SplitSection
    augment: AugmentSection
    network: dict[str, ArmSettings]
    train: TrainSection
    predict: PredictSection
    segment: SegmentSection
    report: ReportSection

    def raw_name(self, experiment: str) -> str:
        """Return the name of the folder of raw stacks: a published dataset is shared, others are the experiment's."""
        shared = DATASETS[self.download.dataset].is_published and not self.download.own_files()
        return self.download.dataset if shared else experiment

    def training_job(self, arm: str, fold: str, seed: int) -> TrainingJob:
        """Return what decides the training of one replicate of an arm."""
        return TrainingJob(
            arm=arm,
            fold=fold,
            seed=seed,
            network=self.network[arm],
            split=self.split,
            augment=self.augment,
            train=self.train,
        )

    def report_job(self) -> ReportJob:
        """Return what the report compares."""
        return ReportJob(arms=self.arms, folds=self.folds, seeds=self.seeds, report=self.report)

    def decided(self) -> "Config":
        """Return the configuration with ``arithmetic: auto`` decided.

        It is native for a person's own files, and where bfloat16 is asked for, which portable arithmetic cannot be.
        """
        own = DATASETS[self.download.dataset].is_own
        update = {
            name: section.model_copy(
                update={"arithmetic": "native" if own or section.precision == "bfloat16" else "portable"}
            )
            for name, section in (("train", self.train), ("predict", self.predict))
            if section.arithmetic == "auto"
        }
        return self.model_copy(update=update)

    @model_validator(mode="after")
    def _arms_and_folds_are_known(self) -> "Config":
        for arm in self.arms:
            if not re.fullmatch(NAME, arm):
                raise ValueError(f"arms: got {arm!r}, expected {NAME_IN_WORDS}: it names files, and keys for DVC")
            if arm not in self.network:
                raise ValueError(f"arms: {arm!r} is not a key of 'network'{did_you_mean(arm, list(self.network))}")
        for fold in self.folds:
            if fold == "test":
                continue
            if not re.fullmatch(FOLD, fold):
                raise ValueError(f"folds: got {fold!r}, expected the scored slices as 'FIRST-LAST', or 'test'")
            try:
                slice_range(fold, "folds")
            except UserError as error:
                raise ValueError(str(error)) from error
        for name in ("arms", "folds", "seeds"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name}: an entry is named twice in {getattr(self, name)}")
        dataset = DATASETS[self.download.dataset]
        challenged = dataset.is_challenge and self.download.test_labels and "test" in self.folds
        if challenged and not self.report.submission:
            raise ValueError(
                f"fold 'test' of {dataset.name} is scored with 'download.test_labels', so 'report.submission' must be "
                "true: the ledger is to have a line for each look at the challenge's test stack"
            )
        if min(self.seeds) < 0:
            raise ValueError(f"seeds: got {min(self.seeds)}, expected numbers from 0")
        return self

    @model_validator(mode="after")
    def _neighbours_are_the_tissues(self) -> "Config":
        for arm, network in self.network.items():
            gap = self.split.gap_slices
            if network.neighbours > gap:
                raise ValueError(
                    f"network.{arm}: neighbours is {network.neighbours} and split.gap_slices {gap}: training would see "
                    "slices that are scored; make the gap as large"
                )
            if network.neighbours and self.download.unlabelled_slices:
                raise ValueError(
                    f"network.{arm}: got neighbours; a stack without its 'download.unlabelled_slices' has others there"
                )
        return self


def slices_named(text: str | None) -> list[int]:
    """Return the slices of ``"3,7-9"``, ascending; none of None."""
    parts = text.split(",") if text else []
    return sorted({number for part in parts for number in slice_range(part.strip(), "unlabelled_slices")})


def experiments() -> list[str]:
    """Return the names of the overlays in ``config/experiments``, also of those that `load` refuses."""
    return sorted({path.stem for path in _overlays()})


def load(experiment: str, overrides: dict[str, Any] | None = None) -> Config:
    """Merge and validate the configuration of an experiment.

    Args:
        experiment: Name of an overlay in ``config/experiments``, without the suffix.
        overrides: Further keys that win over the overlay (Snakemake's ``--configfile`` and ``--config``).

    Returns:
        The validated configuration. Dictionaries are merged deeply, lists are replaced.

    Raises:
        UserError: There is no such overlay or it must not have this name, a file is not YAML, or a key is unknown or
            has a wrong value.
    """
    overlay = EXPERIMENTS / f"{experiment}.yaml"
    base = read_yaml(BASE)  # first: in another folder than the root nothing is found, and this says why
    _check_name(experiment, overlay)
    merged = merge(base, read_yaml(overlay))
    where = f"{BASE} with {overlay}"
    if overrides:
        merged, where = merge(merged, overrides), f"{where} and the command line"
    config = validate(Config, merged, where).decided()
    published = experiment in DATASETS and DATASETS[experiment].is_published
    if published and (config.download.dataset != experiment or config.download.own_files()):
        raise UserError(
            f"{overlay}: data/raw/{experiment} is for that dataset as published, which other experiments use too; "
            "rename the overlay"
        )
    return config


def _overlays() -> list[Path]:
    """Return the files that are meant as overlays; macOS keeps a file ``._NAME`` beside each on foreign disks."""
    files = EXPERIMENTS.glob("*")
    return [path for path in files if path.suffix.lower() in (".yaml", ".yml") and not path.name.startswith(".")]


def _check_name(experiment: str, overlay: Path) -> None:
    for path in _overlays():
        if path.stem == experiment and path.suffix != ".yaml":
            raise UserError(f"{str(path)!r}: an overlay's name ends in .yaml; rename it to {overlay.name!r}")
    if not overlay.is_file():
        raise UserError(
            f"{overlay}: no such experiment{did_you_mean(experiment, experiments())}; write that file first"
        )
    if not re.fullmatch(NAME, experiment):
        raise UserError(f"{str(overlay)!r}: an experiment's name is {NAME_IN_WORDS}; rename the file")
    if re.fullmatch(RESERVED, experiment):
        raise UserError(f"{overlay}: {experiment!r} is a rule of the workflow; rename the file")
