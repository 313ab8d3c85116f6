"""Where every number of an experiment's page comes from, each with the command that checks it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionnet.files import sha256
from fusionnet.report.page.document import Cell, Code, Table
from fusionnet.report.results import Replicate

NOT_KEPT = "not kept"


def origin_table(experiment: str, replicates: Sequence[Replicate], stacks: Sequence[Path]) -> Table:
    """Return commit, configuration, data, code, environment and processors, and how to check each.

    The page does not name its commit: it is made before it is committed. DVC's lock holds its hash, and git finds that.

    Args:
        experiment: Its name.
        replicates: All of them.
        stacks: The raw stacks that are shown and scored.
    """
    scored = [replicate.metrics.get("provenance", {}) for replicate in replicates]
    made = [item.get("probabilities", {}).get("made_by", {}) for item in scored]
    labels = scored[0].get("labels", {}).get("made_by", {})
    timings = [timing for replicate in replicates for timing in (replicate.training, replicate.prediction)]
    about = "; ".join(f"{key}: {labels[key]}" for key in ("dataset", "citation", "licence") if key in labels)
    page, origin = f"results/{experiment}/report/index.html", stacks[0].parent / "ORIGIN.json"
    verify = f"make verify EXPERIMENT={shlex.quote(experiment)}"
    same = "listed below; where it, code and data are still those of these results, nothing is to be done"
    version = 'python -c "import fusionnet; print(fusionnet.__version__)"'
    facts: list[tuple[str, Cell, str]] = [
        ("commit", "the one that recorded this page", f"git log --format=%H -S$(md5sum {_quoted(page)} | cut -c-32)"),
        ("configuration", same, f"snakemake --dry-run {shlex.quote(experiment)}"),
        ("code of the predictions", Code(_joined(item.get("code") for item in made)), verify),
        ("package", _joined(item.get("fusionnet") for item in made), version),
        ("environment", _joined(_versions(item.get("environment", {})) for item in made), "pip freeze"),
        ("processors", _joined(timing.get("device") for timing in timings), "lscpu"),
        ("arithmetic", _joined(_arithmetic(timing.get("arithmetic")) for timing in timings), verify),
        ("data", about or NOT_KEPT, f"cat {_quoted(origin)}"),
        *((path.name, Code(sha256(path)), f"sha256sum {_quoted(path)}") for path in stacks),
    ]
    caption = "What the numbers hang on, and the command that shows it on your machine"
    return Table(caption, ["what", "value", "check"], [[name, value, Code(command)] for name, value, command in facts])


def hash_table(replicates: Sequence[Replicate]) -> Table:
    """Return the hashes of each replicate's weights and probabilities, which is all that its scores hang on."""
    rows: list[list[Cell]] = []
    for replicate in replicates:
        files = [replicate.folder / name for name in ("checkpoint.pt", "probabilities.tif")]
        command = f"sha256sum {' '.join(_quoted(file) for file in files)}"
        hashes = [Code(sha256(file)) for file in files]
        rows.append([f"{replicate.arm}, {replicate.fold}, seed {replicate.seed}", *hashes, Code(command)])
    caption = "SHA-256 of every replicate's weights and probabilities"
    return Table(caption, ["replicate", "checkpoint.pt", "probabilities.tif", "check"], rows, folded=True)


def settings_table(job: Mapping[str, Any], arms: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> Table:
    """Return the configuration of a training, and what each arm has of its own.

    Args:
        job: A training job as a dictionary; its arm, fold and seed are left out.
        arms: Settings of each arm's network.
        names: Display name of each arm.
    """
    rows: list[list[Cell]] = [[names[arm], _listed(settings)] for arm, settings in arms.items()]
    rows += [
        [section, _listed(settings)]
        for section, settings in job.items()
        if isinstance(settings, Mapping) and section != "network"
    ]
    return Table(
        "Configuration: each arm's network, then what all arms share", ["section", "settings"], rows, folded=True
    )


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path))


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)


def _joined(values: Any) -> str:
    """Return the different values, in the order in which they come."""
    return "; ".join(dict.fromkeys(str(value) for value in values if value)) or NOT_KEPT


def _versions(environment: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(environment.items()))


def _arithmetic(arithmetic: Any) -> str:
    if not isinstance(arithmetic, Mapping):
        return ""
    return ", ".join(str(arithmetic[key]) for key in ("kind", "precision", "aten", "architecture") if key in arithmetic)
