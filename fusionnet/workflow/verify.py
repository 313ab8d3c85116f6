"""The record of an experiment's outcome, and what differs when the experiment is run again.

A file's SHA-256 covers its provenance too, so that a changed comment in the code changes it; `weights` and `pixels`
are hashes of the numbers alone. Equal files are the strict answer, equal numbers the one that matters to results.
Where the last bits cannot be equal (another architecture, a GPU, native arithmetic on another processor), the scores
are compared, with what two seeds of one network differ by as tolerance.
"""

import hashlib
import math
import platform
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fusionnet.config.experiment import Config
from fusionnet.config.reading import read_json
from fusionnet.errors import UserError
from fusionnet.files import sha256
from fusionnet.models.checkpoints import load_tensors
from fusionnet.provenance import ENVIRONMENT, fingerprint
from fusionnet.volumes.volume import read_volume
from fusionnet.workflow.code import project_files
from fusionnet.workflow.plan import Plan

SCRIPTS = ("download", "augment", "train", "predict", "segment", "evaluate")
PACKAGES = (*ENVIRONMENT, "scikit-learn", "numba")  # the latter two decide the bits of segmentations and scores
CAUSES = ("config", "code", "environment", "data", "machine")
# By so much, at most, do two trainings of one network on one fold of the committed isbi2012 differ that differ in their
# seed alone; a test measures it.
TOLERANCE = {"v_rand": 0.0328, "v_info": 0.0049}


def make_record(experiment: str, config: Config, root: Path, replicate: str | None = None) -> dict[str, Any]:
    """Describe what an experiment was made from and what came out.

    Args:
        experiment: Its name.
        config: Its configuration.
        root: A checkout in which it has run.
        replicate: ``ARM/FOLD/seed-N``, for the record of that one alone; all of them by default.

    Returns:
        JSON-ready dictionary: the causes, and under ``outputs`` the hashes of each replicate's files.

    Raises:
        UserError: A file of the experiment is missing.
    """
    raw = root / "data/raw" / config.raw_name(experiment)
    augmented = root / "data/augmented" / experiment
    outputs = _outputs(Plan(experiment, config), root, replicate)
    return {
        "experiment": experiment,
        "config": fingerprint(config.model_dump(exclude={"report"})),
        "code": _code(root),
        "environment": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "data": {
            str(path.relative_to(root)): _pixels(path)
            for path in [*sorted(raw.glob("*.tif")), _existing(augmented / "volume.tif"), augmented / "labels.tif"]
        },
        "machine": _machine(root / next(iter(outputs))),
        "tolerance": TOLERANCE,
        "outputs": outputs,
    }


def only(record: Mapping[str, Any], replicate: str) -> dict[str, Any]:
    """Return a record with the outputs of one replicate, ``ARM/FOLD/seed-N``, alone.

    Raises:
        UserError: It is not in the record.
    """
    outputs = {folder: files for folder, files in record["outputs"].items() if folder.endswith(f"/{replicate}")}
    if not outputs:
        recorded = [folder.partition("/replicates/")[2] for folder in record["outputs"]]
        raise UserError(f"replicate {replicate!r} is not in the record, which has: {', '.join(recorded)}")
    return {**record, "outputs": outputs}


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each value of a record that differs, named by its path of keys."""
    for key in [*expected, *(key for key in found if key not in expected)]:
        before, now = expected.get(key), found.get(key)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            yield from (f"{key}: {line}" for line in differences(before, now))
        elif before != now:
            yield f"{key}: {_short(before)} recorded, {_short(now)} found"


def verdict(expected: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[bool, str]:
    """Compare two records.

    Returns:
        Whether the outcome is the same in its numbers or, where bits cannot be equal, alike in its scores; and a
        report of some lines: the answer, then what differs, causes first.
    """
    causes = [line for key in CAUSES for line in differences({key: expected[key]}, {key: found[key]})]
    outputs = list(differences(expected["outputs"], found["outputs"]))
    numbers = [line for line in outputs if not re.search(r"\.(pt|tif|json): file: ", line)]
    if not outputs:
        answer = "same: every file has the recorded bytes"
    elif not numbers:
        answer = "same: weights, probabilities, cells and scores are those recorded; the files' provenance differs"
    elif expected["machine"] != found["machine"]:
        return _compare_scores(expected, found, causes)
    else:
        answer = "different"
    why = [f"  {line}" for line in causes] or ["  none: config, code, environment, data and machine are those recorded"]
    lines = [answer]
    if outputs:
        lines += ["causes that differ:", *why, "outputs that differ:", *(f"  {line}" for line in outputs)]
    elif causes:
        lines += ["although these differ:", *why]
    return not numbers, "\n".join(lines)


def _compare_scores(expected: Mapping[str, Any], found: Mapping[str, Any], causes: list[str]) -> tuple[bool, str]:
    """Compare scores alone: the machine or its arithmetic is another, so that the last bits cannot be equal."""
    tolerance = expected["tolerance"]
    lines, alike = [], True
    scored = {folder: files for folder, files in expected["outputs"].items() if "metrics.json" in files}
    if not scored:
        return False, "different: last bits, as on any other machine, and nothing here has scores to compare"
    for folder, files in scored.items():
        for name in TOLERANCE:
            before = files["metrics.json"][name]
            now = found["outputs"].get(folder, {}).get("metrics.json", {}).get(name, math.nan)
            within = abs(now - before) <= tolerance[name]
            alike &= within
            what = "no longer part of the experiment" if math.isnan(now) else f"{now:.4f} found"
            lines.append(f"  {folder}: {name} {before:.4f} recorded, {what}{'' if within else ': too far'}")
    most = " and ".join(f"{tolerance[name]:.4f} in {name}" for name in TOLERANCE)
    answer = "alike" if alike else "different"
    head = f"{answer}: this machine computes other last bits than the record's, so scores are compared, not bytes"
    return alike, "\n".join(
        [head, f"tolerance, by which two seeds of one network differ: {most}", "causes that differ:"]
        + [f"  {line}" for line in causes]
        + ["scores:", *lines]
    )


def files_recorded(plan: Plan, fold: str) -> list[str]:
    """Return the files of each replicate of a fold that a record has; a test stack without labels has no scores."""
    segmented = ["segmentation.tif"] if plan.finds_cells else []
    scored = ["metrics.json", *(["ladder.csv"] if plan.finds_cells else [])] if fold in plan.scored_folds else []
    return ["checkpoint.pt", "history.csv", "probabilities.tif", *segmented, *scored]


def paths_recorded(plan: Plan, replicate: str | None) -> list[str]:
    """Return the paths of the files that a record has, of all replicates or of one, ``ARM/FOLD/seed-N``."""
    arms = plan.config.arms
    paths = [
        path for fold in plan.config.folds for path in plan.replicate_files([fold], arms, files_recorded(plan, fold))
    ]
    return [path for path in paths if replicate is None or f"/replicates/{replicate}/" in path]


def _outputs(plan: Plan, root: Path, replicate: str | None) -> dict[str, Any]:
    """Return the hashes of the files of each replicate, or of one, by its folder."""
    outputs: dict[str, Any] = {}
    for path in paths_recorded(plan, replicate):
        folder, name = path.rsplit("/", 1)
        outputs.setdefault(folder, {})[name] = _hashes(_existing(root / path))
    return outputs


def _code(root: Path) -> dict[str, str]:
    """Return a hash for each stage: of its script and all modules that it imports."""
    hashes = {}
    for name in SCRIPTS:
        digest = hashlib.sha256()
        for file in project_files(f"scripts/{name}.py"):
            digest.update(file.encode() + (root / file).read_bytes())
        hashes[name] = digest.hexdigest()
    return hashes


def _machine(folder: Path) -> dict[str, Any]:
    """Return what the last bits of a training depended on; in portable arithmetic not on the processor."""
    timing = read_json(folder / "training-time.json", ["arithmetic", "device"])
    arithmetic = timing["arithmetic"]
    if not isinstance(arithmetic, Mapping) or "kind" not in arithmetic:
        raise UserError(f"{folder / 'training-time.json'}: got the arithmetic {arithmetic!r}; train again")
    return dict(arithmetic) if arithmetic["kind"] == "portable" else {"device": timing["device"], **arithmetic}


def _hashes(path: Path) -> Any:
    """Return a file's hash and, where it carries provenance, one of its numbers alone."""
    if path.suffix == ".pt":
        return {"file": sha256(path), "weights": _weights(path)}
    if path.suffix == ".tif":
        return {"file": sha256(path), "pixels": _pixels(path)}
    if path.suffix == ".json":
        return {"file": sha256(path), "numbers": _numbers(path), **_scores(path)}
    return sha256(path)


def _weights(path: Path) -> str:
    digest = hashlib.sha256()
    for name, tensor in load_tensors(path)["weights"].items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def _numbers(path: Path) -> str:
    """Return a hash of the metrics without their provenance, which names the code that made the probabilities."""
    return fingerprint({**read_json(path, list(TOLERANCE)), "provenance": None})


def _scores(path: Path) -> dict[str, float]:
    metrics = read_json(path, list(TOLERANCE))
    return {name: metrics[name] for name in TOLERANCE}


def _pixels(path: Path) -> str:
    return hashlib.sha256(read_volume(path).tobytes()).hexdigest()


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UserError(f"{path}: no such file; run the experiment first")
    return path


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    return value[:12] if isinstance(value, str) and len(value) == 64 else str(value)
