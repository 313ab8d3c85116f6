"""Groups of configuration keys that refuse what they do not know; scripts get them as JSON.

What a stage needs of the configuration is a `Section`; `fusionnet.config.stages` has those that training needs,
`fusionnet.config.experiment` the others. `fusionnet.config.reading` reads what a person writes.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from fusionnet.errors import UserError, did_you_mean

Fraction = Field(ge=0.0, le=1.0)


class Section(BaseModel):
    """A group of keys: unknown ones are refused, numbers are finite and not made of text, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


AnySection = TypeVar("AnySection", bound=Section)


def row_of(table: Mapping[str, object]) -> AfterValidator:
    """Return the check, for `typing.Annotated`, that a key names a row of a table; a row may be added later."""

    def check(name: str) -> str:
        if name not in table:
            expected = f"expected one of {', '.join(table)}{did_you_mean(name, list(table))}"
            raise ValueError(f"got {name!r}; {expected}")
        return name

    return AfterValidator(check)


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
        return f"unknown key '{key}'{did_you_mean(path[-1], _known_keys(kind))}"
    if problem["type"] == "missing":
        return f"key '{key}' is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    if problem["type"] == "finite_number":  # JSON, in which scripts get their values, has no other
        hint = "; for no clipping write 0" if path[-1] == "gradient_clip" else ""
        return f"{key}: got {problem['input']}, expected a finite number{hint}"
    return f"{key}: got {problem['input']!r}; {message[0].lower()}{message[1:]}"


def _known_keys(kind: type[Section]) -> list[str]:
    """Return all keys of a section and of those inside it."""
    schema = kind.model_json_schema()
    sections = [schema, *schema.get("$defs", {}).values()]
    return list(dict.fromkeys(key for section in sections for key in section.get("properties", {})))
