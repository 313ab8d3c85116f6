"""The configuration: merged from the base and one overlay, validated once, the same everywhere.

`config/config.yaml` is the base and has every key. `config/experiments/NAME.yaml` is the sparse overlay that makes
the experiment NAME. Sections bear the names of the stages that they are for.
"""

import json
import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from fusionnet.errors import UserError, did_you_mean

BASE = Path("config/config.yaml")
EXPERIMENTS = Path("config/experiments")
PUBLISHED_DATASETS = ("isbi2012",)
Device = Literal["auto", "cuda", "cpu"]
Fraction = Field(ge=0.0, le=1.0)


class Section(BaseModel):
    """A group of keys: unknown ones are refused, numbers are not made of text, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


class PhantomSettings(Section):
    """The synthetic tissue that stands in for a dataset."""

    seed: int = Field(ge=0)
    train_slices: PositiveInt
    test_slices: PositiveInt
    size_pixels: int = Field(ge=64)


class DownloadSection(Section):
    """Where the raw stacks come from."""

    dataset: Literal["phantom", "isbi2012", "files"]
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
        if self.dataset == "phantom" and self.phantom is None:
            raise ValueError("dataset 'phantom' needs the section 'phantom'")
        if bool(self.test_volume) < bool(self.test_labels):
            raise ValueError("'test_labels' needs 'test_volume'")
        return self

    def own_files(self) -> list[str]:
        """Return the person's own files and folders that the section names; of ``file.h5:key`` the file."""
        named = (self.volume, self.labels, self.test_volume, self.test_labels)
        return [re.sub(r"(\.(?:h5|hdf5?|hdf)):.*", r"\1", path) for path in named if path]

    def relevant(self) -> "DownloadSection":
        """Return the section without the phantom's settings where they play no part, so that they rerun nothing."""
        return self if self.dataset == "phantom" else self.model_copy(update={"phantom": None})


class SplitSection(Section):
    """Which labelled slices are trained on, validated on and scored."""

    validation_slices: int = Field(ge=0)
    gap_slices: int = Field(ge=0)


class AugmentSection(Section):
    """The paper's data enrichment."""

    seed: int = Field(ge=0)
    elastic_copies: int = Field(ge=0)
    elastic_grid: int = Field(ge=4)
    elastic_amplitude_pixels: float = Field(ge=0.0)
    padding_pixels: int = Field(ge=0)
    crop_pixels: int = Field(ge=32, multiple_of=16)
    orientations: bool
    noise_sigma: float = Field(ge=0.0)
    contrast_jitter: float = Fraction


class NetworkSettings(Section):
    """What one arm of the comparison is made of."""

    architecture: Literal["fusionnet", "unet"]
    width: PositiveInt
    chain: PositiveInt = 1
    residual: bool = True
    skips: Literal["add", "concatenate"] = "add"

    @model_validator(mode="after")
    def _unet_has_no_switches(self) -> "NetworkSettings":
        if self.architecture == "unet" and (self.chain != 1 or not self.residual or self.skips != "add"):
            raise ValueError("'chain', 'residual' and 'skips' are FusionNet's; architecture 'unet' takes only 'width'")
        return self


class TrainSection(Section):
    """How a network is trained; the same for every arm."""

    epochs: PositiveInt
    steps_per_epoch: PositiveInt
    batch_size: PositiveInt
    accumulation: PositiveInt
    loss: Literal["bce", "weighted_bce", "dice_bce", "mae", "mse"]
    membrane_weight: PositiveFloat
    optimizer: Literal["adam", "adamw"]
    learning_rate: PositiveFloat
    weight_decay: float = Field(ge=0.0)
    schedule: Literal["constant", "cosine", "one_cycle"]
    gradient_clip: float = Field(ge=0.0)
    ema_decay: float = Field(ge=0.0, lt=1.0)
    validate_every_epochs: PositiveInt
    device: Device
    precision: Literal["auto", "float32", "bfloat16"]
    compile: Literal["auto", "always", "never"]
    loader_workers: int = Field(ge=0)

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""
        return self.epochs * self.steps_per_epoch


class PredictSection(Section):
    """How a trained network is applied."""

    orientation_average: bool
    padding_pixels: int = Field(ge=0)
    tile_pixels: int = Field(ge=64, multiple_of=16)
    device: Device
    precision: Literal["auto", "float32", "bfloat16"]


class ReportSection(Section):
    """What the report shows."""

    baseline_sigma_pixels: float = Field(ge=0.0)
    slices_shown: PositiveInt


class TrainingJob(Section):
    """All that decides the outcome of one training, beside its data."""

    arm: str
    fold: str
    seed: int
    network: NetworkSettings
    split: SplitSection
    augment: AugmentSection
    train: TrainSection


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
    network: dict[str, NetworkSettings]
    train: TrainSection
    predict: PredictSection
    report: ReportSection

    def raw_name(self, experiment: str) -> str:
        """Return the name of the folder of raw stacks: a published dataset is shared, others are the experiment's."""
        return self.download.dataset if self.download.dataset in PUBLISHED_DATASETS else experiment

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
            if arm not in self.network:
                raise ValueError(f"arms: {arm!r} is not a key of 'network'{did_you_mean(arm, list(self.network))}")
        for fold in self.folds:
            if not re.fullmatch(r"test|\d+-\d+", fold):
                raise ValueError(f"folds: got {fold!r}, expected the scored slices as 'FIRST-LAST', or 'test'")
        for name in ("arms", "folds", "seeds"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name}: an entry is named twice in {getattr(self, name)}")
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
    return _validate(Config, merged, where)


def parse(kind: type[AnySection], content: str | dict[str, Any], where: str = "--config") -> AnySection:
    """Return a typed part of the configuration.

    Args:
        kind: The part's class.
        content: The JSON text that a rule hands to its script, or a dictionary.
        where: Named in errors.

    Raises:
        UserError: Not JSON, an unknown key or a wrong value.
    """
    try:
        return _validate(kind, json.loads(content) if isinstance(content, str) else content, where)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON: {error}") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of sections; a `UserError` tells what is wrong with it."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; run from the root of the repository")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content or {}, dict):
        raise UserError(f"{path}: got {type(content).__name__}, expected sections of keys")
    return content or {}


def _merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _validate(kind: type[AnySection], content: Any, where: str) -> AnySection:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        messages = [_explain(kind, problem) for problem in error.errors()]
        raise UserError(f"{where}: " + "; ".join(messages)) from error


def _explain(kind: type[Section], problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    key = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{key}'{did_you_mean(path[-1], _known_keys(kind, path[:-1]))}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key}: got {problem['input']!r}; {message[0].lower()}{message[1:]}"


def _known_keys(kind: Any, path: list[str]) -> list[str]:
    for part in path:
        kind = kind.model_fields[part].annotation if hasattr(kind, "model_fields") else kind.__args__[1]
        if isinstance(kind, UnionType):  # a section that may be absent
            kind = kind.__args__[0]
    return list(kind.model_fields) if hasattr(kind, "model_fields") else []


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: 2e-4 is a number (YAML 1.1, PyYAML's own, takes it for text)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)
