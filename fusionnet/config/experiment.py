"""The configuration: merged from the base and one overlay, validated once, the same everywhere.

`config/config.yaml` is the base and has every key. `config/experiments/NAME.yaml` is the sparse overlay that makes
the experiment NAME. Sections bear the names of the stages that they are for.
"""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from fusionnet.config.schema import Section, read_yaml, slice_range, validate
from fusionnet.config.stages import ArmSettings, AugmentSection, PredictSection, SplitSection, TrainingJob, TrainSection
from fusionnet.errors import UserError, did_you_mean
from fusionnet.volumes.hdf5 import file_of

BASE = Path("config/config.yaml")
EXPERIMENTS = Path("config/experiments")
PUBLISHED_DATASETS = ("isbi2012", "nucmm-z")
DRAWN_DATASETS = ("phantom", "phantom-nuclei")


class PhantomSettings(Section):
    """The synthetic tissue that stands in for a dataset."""

    seed: int = Field(ge=0)
    train_slices: PositiveInt
    test_slices: PositiveInt
    size_pixels: int = Field(ge=64)


class DownloadSection(Section):
    """Where the raw stacks come from."""

    dataset: Literal["phantom", "isbi2012", "phantom-nuclei", "nucmm-z", "files"]
    mirror: str | None
    phantom: PhantomSettings | None = None
    volume: str | None
    labels: str | None
    test_volume: str | None
    test_labels: str | None

    @model_validator(mode="after")
    def _files_are_named(self) -> "DownloadSection":
        if self.dataset == "files" and not (self.volume and self.labels):
            raise ValueError("dataset 'files' needs the keys 'volume' and 'labels': paths of your two stacks")
        if self.dataset in DRAWN_DATASETS and self.phantom is None:
            raise ValueError(f"dataset {self.dataset!r} needs the section 'phantom'")
        if self.dataset != "isbi2012" and bool(self.test_volume) < bool(self.test_labels):
            raise ValueError("'test_labels' needs 'test_volume'")
        return self

    def own_files(self) -> list[str]:
        """Return the person's own files and folders that the section names; of ``file.h5:key`` the file."""
        named = (self.volume, self.labels, self.test_volume, self.test_labels)
        return [str(file_of(path)) for path in named if path]

    def relevant(self) -> "DownloadSection":
        """Return the section without the phantom's settings where they play no part, so that they rerun nothing."""
        return self if self.dataset in DRAWN_DATASETS else self.model_copy(update={"phantom": None})


class ReportSection(Section):
    """What the report shows."""

    baseline_sigma_pixels: float = Field(ge=0.0)
    slices_shown: PositiveInt
    submission: bool


class ReportJob(Section):
    """What the report of an experiment compares."""

    arms: list[str]
    folds: list[str]
    seeds: list[int]
    report: ReportSection


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
    report: ReportSection

    def raw_name(self, experiment: str) -> str:
        """Return the name of the folder of raw stacks: a published dataset is shared, others are the experiment's."""
        shared = self.download.dataset in PUBLISHED_DATASETS and not self.download.own_files()
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

    @model_validator(mode="after")
    def _arms_and_folds_are_known(self) -> "Config":
        for arm in self.arms:
            if not re.fullmatch(r"\w[\w.-]*", arm):
                raise ValueError(f"arms: got {arm!r}, expected letters, digits, '-', '_' and '.': it names files")
            if arm not in self.network:
                raise ValueError(f"arms: {arm!r} is not a key of 'network'{did_you_mean(arm, list(self.network))}")
        for fold in self.folds:
            if fold == "test":
                continue
            if "-" not in fold:
                raise ValueError(f"folds: got {fold!r}, expected the scored slices as 'FIRST-LAST', or 'test'")
            try:
                slice_range(fold, "folds")
            except UserError as error:
                raise ValueError(str(error)) from error
        for name in ("arms", "folds", "seeds"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name}: an entry is named twice in {getattr(self, name)}")
        challenged = self.download.dataset == "isbi2012" and self.download.test_labels and "test" in self.folds
        if challenged and not self.report.submission:
            raise ValueError(
                "fold 'test' of isbi2012 is scored with 'download.test_labels', so 'report.submission' must be true: "
                "the ledger is to have a line for each look at the challenge's test stack"
            )
        if min(self.seeds) < 0:
            raise ValueError(f"seeds: got {min(self.seeds)}, expected numbers from 0")
        return self


def experiments() -> list[str]:
    """Return the names of the experiments: one for each file in ``config/experiments``."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


def load(experiment: str, overrides: dict[str, Any] | None = None) -> Config:
    """Merge and validate the configuration of an experiment.

    Args:
        experiment: Name of an overlay in ``config/experiments``, without the suffix.
        overrides: Further keys that win over the overlay (Snakemake's ``--configfile`` and ``--config``).

    Returns:
        The validated configuration. Dictionaries are merged deeply, lists are replaced.

    Raises:
        UserError: There is no such overlay, a file is not YAML, or a key is unknown or has a wrong value.
    """
    overlay = EXPERIMENTS / f"{experiment}.yaml"
    if not overlay.is_file():
        raise UserError(
            f"{overlay}: no such experiment{did_you_mean(experiment, experiments())}; write that file first"
        )
    merged = _merge(read_yaml(BASE), read_yaml(overlay))
    where = f"{BASE} with {overlay}"
    if overrides:
        merged, where = _merge(merged, overrides), f"{where} and the command line"
    return validate(Config, merged, where)


def _merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
