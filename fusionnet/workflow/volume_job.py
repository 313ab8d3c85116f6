"""What `workflow/volume.smk` needs to know to have one volume predicted by many jobs."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt, field_validator

from fusionnet.config.reading import merge, overrides, written_path
from fusionnet.config.schema import Section, validate
from fusionnet.files import file_of
from fusionnet.volumes.places import is_address


class VolumeJob(Section):
    """The keys of its ``--config``."""

    checkpoint: str
    volume: str
    probabilities: str
    deviation: str | None = None
    shards: PositiveInt = 8
    output_type: Literal["float32", "uint8"] = "float32"
    slices: str | None = None
    voxel_size: str | None = None

    _paths = field_validator("checkpoint", "volume", "probabilities", "deviation")(written_path)

    @field_validator("volume")
    @classmethod
    def _is_on_a_disk(cls, volume: str) -> str:
        if is_address(volume):
            raise ValueError(
                f"got {volume!r}, an address: Snakemake watches files; download it, or predict it by scripts/predict.py"
            )
        return volume

    @classmethod
    def from_command_line(cls, files: Iterable[Path], entries: Iterable[str]) -> "VolumeJob":
        """Return the job that the command line asks for.

        Args:
            files: Those of ``--configfile``, in which a name that could be read as a number stands in quotes.
            entries: Those of ``--config``, such as ``"volume=2010"`` and ``"shards=8"``. What is a name is taken as it
                stands.

        Raises:
            UserError: A key is missing or unknown, or has a wrong value.
        """
        given: dict[str, Any] = overrides(files, [])
        for entry in entries:
            key, _, text = entry.partition("=")
            is_number = key in cls.model_fields and cls.model_fields[key].annotation is int
            given = merge(given, overrides([], [entry]) if is_number else {key: text or None})
        return validate(cls, given, "--config")

    @property
    def inputs(self) -> list[str]:
        """Files and folders that are read; of ``file.h5:key`` the file."""
        return [self.checkpoint, str(file_of(self.volume))]

    @property
    def results(self) -> list[str]:
        """Files and folders that are written."""
        return [str(file_of(name)) for name in (self.probabilities, self.deviation) if name]

    def is_folder(self, result: str) -> bool:
        """Tell whether a result is a folder."""
        return result.endswith(".zarr") or f"precomputed://{result}" in (self.probabilities, self.deviation)

    @property
    def folder(self) -> str:
        """Where a file for each shard that is done lies until all are."""
        return f"{file_of(self.probabilities)}.shards"

    @property
    def command(self) -> str:
        """The command of all jobs, quoted for the shell; a shard's has its number besides."""
        given = self.model_dump(exclude={"shards"}, exclude_none=True)
        options = (f"--{key.replace('_', '-')} {shlex.quote(str(value))}" for key, value in given.items())
        return f"python scripts/predict.py {' '.join(options)}"

    @property
    def log(self) -> str:
        """Folder of the logs."""
        return f"logs/volumes/{Path(self.results[0]).name}"
