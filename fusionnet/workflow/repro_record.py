"""The file of a record, `repro.json`: what it must hold to be compared with."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, field_validator

from fusionnet.config.reading import read_json
from fusionnet.config.schema import Section, validate
from fusionnet.errors import UserError


class Scores(Section):
    """The scores that are compared where bits cannot be equal, or by how much they may differ."""

    v_rand: float
    v_info: float


class RecordedMachine(Section):
    """What is used of a machine's description to run an experiment again; the rest of it is compared alone."""

    model_config = ConfigDict(extra="allow", strict=True)

    kind: Literal["portable", "native"]
    threads: int
    aten: str
    onednn: str | None = None


class Record(Section):
    """What the file of a record holds; `make_record` says of what."""

    experiment: str
    config: str
    code: dict[str, str]
    environment: dict[str, str]
    data: dict[str, str]
    machine: RecordedMachine
    tolerance: Scores
    outputs: dict[str, dict[str, str | dict[str, str | float]]]

    @field_validator("outputs")
    @classmethod
    def _have_scores(cls, outputs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for folder, files in outputs.items():
            scores, names = files.get("metrics.json", {"v_rand": 0.0, "v_info": 0.0}), Scores.model_fields
            if isinstance(scores, str) or not all(isinstance(scores.get(name), int | float) for name in names):
                raise ValueError(f"{folder}: metrics.json without the numbers {' and '.join(names)}")
        return outputs


def read_record(path: Path, experiment: str) -> dict[str, Any]:
    """Read the record of an experiment.

    Raises:
        UserError: There is none, it is damaged, or it is another experiment's.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such record; write one with --record after a run")
    record = read_json(path, list(Record.model_fields))
    try:
        validate(Record, record, str(path))
    except UserError as error:
        raise UserError(f"{error}; take it from git again, or write one with --record after a run") from error
    if record["experiment"] != experiment:
        raise UserError(f"{path} is of {record['experiment']!r}, not of {experiment!r}")
    return record
