"""What `workflow/volume.smk` needs to know to have one volume predicted by many jobs."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt, field_validator

from fusionnet.config.experiment import BASE
from fusionnet.config.reading import merge, overrides, read_yaml, written_path
from fusionnet.config.schema import Section, validate
from fusionnet.config.stages import PredictSection
from fusionnet.errors import UserError
from fusionnet.files import file_of, write_text
from fusionnet.provenance import fingerprint
from fusionnet.volumes.fingerprint import files_fingerprint
from fusionnet.volumes.places import is_address

KNOWN = Path(".snakemake/volumes")  # a file for each result: what `known_state` said of it when it was made


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
        """Files and folders that are read: of ``file.h5:key`` the file, of a network of the package its weights.

        Raises:
            UserError: The checkpoint is neither a file nor a network of the package.
        """
        checkpoint = self.checkpoint
        if not Path(checkpoint).exists():
            from fusionnet.models.pretrained import find  # imports torch, which takes seconds at each job's start

            checkpoint = os.path.relpath(find(checkpoint))  # the same in a copy of this folder
        return [checkpoint, str(file_of(self.volume))]

    @property
    def settings(self) -> str:
        """The base configuration's section ``predict`` as JSON, which is handed over: another one, another result.

        Raises:
            UserError: The file cannot be read, or a key is missing, unknown or wrong.
        """
        return validate(PredictSection, read_yaml(BASE).get("predict"), f"{BASE}: predict").model_dump_json()

    @property
    def results(self) -> list[str]:
        """Files and folders that are written."""
        return [str(file_of(name)) for name in (self.probabilities, self.deviation) if name]

    def is_folder(self, result: str) -> bool:
        """Tell whether a result is a folder."""
        return result.endswith(".zarr") or f"precomputed://{result}" in (self.probabilities, self.deviation)

    def require_known_results(self) -> None:
        """Refuse results that are there and not as this workflow left them.

        Of a file without a record Snakemake sees only that it is newer than its inputs, so that it passes for the
        result of any checkpoint; and before a job it removes what bears its result's name, whatever that holds.

        Raises:
            UserError: There is one.
        """
        for result in filter(os.path.lexists, self.results):
            record = _record_of(result)
            if not record.is_file() or record.read_text(encoding="utf-8") != known_state(result):
                raise UserError(
                    f"{result}: is there, and not as a run of this workflow in this folder left it, so what it was "
                    "made from is not known; choose another name, or move it away"
                )

    def remember_results(self) -> list[str]:
        """Record the results as they are, and return those that are there: a run may be of shards alone."""
        made = [*filter(os.path.lexists, self.results)]
        for result in made:
            write_text(_record_of(result), known_state(result))
        return made

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


def known_state(result: str) -> str:
    """Return what tells whether a result was changed; Snakemake's own file in a folder does not count."""
    path = Path(result)
    parts = [each for each in path.iterdir() if each.name != ".snakemake_timestamp"] if path.is_dir() else [path]
    return files_fingerprint(sorted(parts))


def _record_of(result: str) -> Path:
    return KNOWN / fingerprint(os.path.relpath(result))
