"""What training and prediction need of the configuration; a change elsewhere in it leaves trained networks current."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.schema import Fraction, Section, row_of

Device = Literal["auto", "cuda", "cpu"]
Precision = Literal["auto", "float32", "bfloat16"]
Arithmetic = Literal["auto", "portable", "native"]
Skips = Literal["add", "concatenate"]
Stem = Literal["full", "half"]


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
    """What a network is made of."""

    architecture: Annotated[str, row_of(ARCHITECTURES)]
    width: PositiveInt
    chain: PositiveInt = 1
    residual: bool = True
    skips: Skips = "add"
    neighbours: int = Field(default=0, ge=0)
    stem: Stem = "full"

    @model_validator(mode="after")
    def _switches_are_the_architectures(self) -> "NetworkSettings":
        fields = NetworkSettings.model_fields
        taken = ("architecture", "width", *ARCHITECTURES[self.architecture].switches)
        refused = [key for key in fields if key not in taken and getattr(self, key) != fields[key].default]
        if refused:
            expected = ", ".join(map(repr, taken[1:]))
            raise ValueError(f"got {', '.join(refused)}; architecture {self.architecture!r} takes only {expected}")
        if self.neighbours and self.chain > 1:
            raise ValueError("got neighbours and chain; units in series see one slice: leave out one of the two")
        return self


class ArmSettings(NetworkSettings):
    """One arm of the comparison: its network, and what it is denied that the others have."""

    augmentation: bool = True
    training_slices: PositiveInt | None = None
    """How many of the fold's training slices are trained on, drawn by the seed; None for all."""


AnySection = TypeVar("AnySection", "TrainSection", "PredictSection")


def require_float32(section: AnySection) -> AnySection:
    """Refuse bfloat16 in portable arithmetic: processors round it at different places."""
    if section.arithmetic == "portable" and section.precision == "bfloat16":
        raise ValueError("arithmetic 'portable' is float32; for 'bfloat16' write arithmetic: native")
    return section


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
    arithmetic: Arithmetic = "native"
    threads: PositiveInt = 2
    """Of portable arithmetic alone: native arithmetic takes what the machine offers."""
    precision: Precision
    compile: Literal["auto", "always", "never"]

    _portable_is_float32 = model_validator(mode="after")(require_float32)

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
    arithmetic: Arithmetic = "native"
    threads: PositiveInt = 2
    """Of portable arithmetic alone: native arithmetic takes what the machine offers."""
    precision: Precision

    _portable_is_float32 = model_validator(mode="after")(require_float32)


class TrainingJob(Section):
    """All that decides the outcome of one training, beside its data."""

    arm: str
    fold: str
    seed: int = Field(ge=0)
    network: ArmSettings
    split: SplitSection
    augment: AugmentSection
    train: TrainSection

    @property
    def sampling(self) -> AugmentSection:
        """How samples are drawn: as the experiment has it, or, for an arm without augmentation, plain crops."""
        if self.network.augmentation:
            return self.augment
        plain = {"elastic_copies": 0, "orientations": False, "noise_sigma": 0.0, "contrast_jitter": 0.0}
        return self.augment.model_copy(update=plain)
