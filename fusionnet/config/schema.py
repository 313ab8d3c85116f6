"""Groups of configuration keys that refuse what they do not know, read from YAML or JSON.

What a stage needs of the configuration is a `Section`; `fusionnet.config.stages` has those that training needs,
`fusionnet.config.experiment` the others.
"""

import json
import re
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fusionnet.errors import UserError, did_you_mean

Fraction = Field(ge=0.0, le=1.0)


class Section(BaseModel):
    """A group of keys: unknown ones are refused, numbers are not made of text, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


AnySection = TypeVar("AnySection", bound=Section)


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
        return validate(kind, json.loads(content) if isinstance(content, str) else content, where)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON: {error}") from error


def slice_range(text: str, where: str = "slices") -> range:
    """Return the slices of ``"FIRST-LAST"``, both included and counted from 0, or of ``"A"``, one alone.

    Args:
        text: As a person wrote it.
        where: Named in errors.

    Raises:
        UserError: Neither, or the first comes after the last.
    """
    written = re.fullmatch(r"(\d+)(?:-(\d+))?", text, re.ASCII)
    if not written:
        raise UserError(f"{where}: got {text!r}, expected FIRST-LAST or one number, counted from 0, such as 25-29")
    first, last = int(written[1]), int(written[2] or written[1])
    if first > last:
        raise UserError(f"{where}: got {text!r}, whose first slice comes after its last")
    return range(first, last + 1)


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


def validate(kind: type[AnySection], content: Any, where: str) -> AnySection:
    """Return a typed part of the configuration made from plain values; a `UserError` names each key that is wrong."""
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
