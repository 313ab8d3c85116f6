"""Configuration as it is written: overlays, Snakemake's ``--configfile`` and ``--config``, all read in one way.

Text is read as DVC reads it, by the same library (YAML 1.2), so that both engines see the same values. Snakemake reads
the same text by other rules (YAML 1.1; on the command line numbers as Python has them, all else as text), so what it
has read is not used: its files are read again, and so is the text of its command line.
"""

import json
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from fusionnet.errors import UserError


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of sections.

    Raises:
        UserError: The file is not there, is no text in UTF-8, is not YAML, names a key twice, or holds no sections.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; run from the root of the repository")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}: line {line}: got the byte 0x{error.object[error.start]:02x}, which is no text in UTF-8; "
            "save the file as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    content = read_value(text, str(path)) or {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: got {type(content).__name__}, expected sections of keys")
    return content


def read_value(text: str, where: str) -> Any:
    """Return what a text in YAML 1.2 means: ``2e-4`` is a number, ``on`` is text, ``010`` is ten.

    Args:
        text: A whole file, or the value of one key.
        where: Named in errors.

    Raises:
        UserError: The text is not YAML, or names a key twice.
    """
    try:
        return deepcopy(_read(text))
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError(f"{where}: {line}not valid YAML: {_in_short(error)}") from error
    except Exception as error:  # the library checks little of what a tag says: !!int x ends in a ValueError
        raise UserError(f"{where}: not valid YAML: {error}") from error


def overrides(files: Iterable[Path], entries: Iterable[str]) -> dict[str, Any]:
    """Return the keys that the command line sets.

    Args:
        files: Those of ``--configfile``.
        entries: Those of ``--config``, as they are written: ``"train={epochs: 2}"``. They win over the files.

    Raises:
        UserError: A file or an entry cannot be read.
    """
    result: dict[str, Any] = {}
    for file in files:
        result = merge(result, read_yaml(file))
    for entry in entries:
        key, _, text = entry.partition("=")
        result = merge(result, {key: read_value(text, f"--config {key}")})
    return result


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return the base with the overlay's keys: dictionaries are merged deeply, all else is replaced."""
    merged = dict(base)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


def written_path(path: str | None) -> str | None:
    """Return a path with the person's home for ``~/``: no shell sees what stands in a file or after ``KEY=``.

    Raises:
        ValueError: The path has braces, which Snakemake takes for a pattern, or characters that no line can show.
    """
    if path and (found := sorted(set(path) & set("{}\n\r\0"))):
        raise ValueError(f"got {path!r}, with {found[0]!r}, which no path here may have; rename that file or folder")
    return str(Path(path).expanduser()) if path and path.startswith("~/") else path


@lru_cache
def _read(text: str) -> Any:
    """Every overlay is merged into the same base, and reading takes 20 ms; so a text is read once."""
    content = YAML(typ="safe").load(text)
    json.dumps(content, ensure_ascii=False, default=str).encode()  # no half of a character, no part within itself
    return content


def _in_short(error: MarkedYAMLError) -> str:
    """Return what is wrong, without the library's advice on how to switch its check off."""
    return str(error.problem or error.context or error).split(' with value "')[0]


def read_json(path: Path, keys: Sequence[str]) -> dict[str, Any]:
    """Read a JSON file that has at least these keys.

    Raises:
        UserError: It is missing or damaged, or lacks a key.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; run the experiment first") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}); make it again") from error
    lacking = [key for key in keys if not isinstance(content, dict) or key not in content]
    if lacking:
        raise UserError(f"{path}: lacks {', '.join(lacking)}; make it again with this version")
    return content
