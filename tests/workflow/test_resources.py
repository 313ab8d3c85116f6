"""What docs/cluster.md has people write beside the Slurm profile takes nothing else away."""

import re
from pathlib import Path

import pytest
from small_project import ROOT, command_in

from fusionnet.config.reading import read_yaml

CHECKPOINT = "results/isbi2012/replicates/unet/25-29/seed-0/checkpoint.pt"


def test_the_profile_names_every_rule_that_holds_a_gpu():
    """Snakemake passes over a name that is no rule."""
    rules = {}
    for file in [*(ROOT / "workflow/rules").glob("*.smk"), ROOT / "workflow/volume.smk"]:
        for text in re.split(r"^rule ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            rules[text.partition(":")[0]] = "gpu=" in text
    named = read_yaml(ROOT / "workflow/profiles/slurm/config.yaml")["set-resources"]
    assert set(named) == {name for name, holds_gpu in rules.items() if holds_gpu}


def test_the_documented_options_keep_the_rest_of_the_slurm_profile():
    pytest.importorskip("snakemake_executor_plugin_slurm")
    page = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
    options = set(re.findall(r"`(--(?:set|default)-resources [^`]*=[^`]*)`", page))
    assert len(options) == 2
    plan = (
        f"snakemake --dry-run --forceall --workflow-profile workflow/profiles/slurm {' '.join(options)} -- {CHECKPOINT}"
    )
    output = command_in(ROOT)(plan).stdout
    asked = {
        rule: dict(word.split("=", 1) for word in re.split(", ", resources))
        for rule, resources in re.findall(r"^rule (\S+):\n(?: .*\n)*? +resources: (.*)$", output, flags=re.M)
    }
    common = {"slurm_extra": "--signal=TERM@120", "slurm_partition": "short"}
    gpu_job = {"gpu": "1", "gpu_memory_gb": "20", "runtime": "240", "mem_mb": "16000"}
    assert asked["train"].items() >= (common | gpu_job).items()
    assert asked["augment"].items() >= (common | {"runtime": "30", "mem_mb": "8000"}).items()


def test_the_scheduler_looks_only_when_a_job_ends(repository: Path):
    """Snakemake's limit on jobs a second would add a round to every second for each job that ended."""
    said = command_in(repository)("snakemake --cores 1 --verbose --forcerun predict --until predict").stdout
    assert said.count("Ready jobs: ") == 2, "one round for each of the two jobs, which take longer than a second"
