"""From one engine to the other and back: what one has made, the other knows, and neither computes it again."""

import re
from pathlib import Path

from small_project import command_in, edit_yaml

OVERLAY = "config/experiments/phantom.yaml"


def stages_run(dvc_output: str) -> list[str]:
    return re.findall(r"^Running stage '(\S+)':", dvc_output, flags=re.M)


def test_what_snakemake_made_and_record_recorded_dvc_does_not_make_again(recorded: Path):
    run = command_in(recorded)
    assert run("dvc status dvc.yaml").stdout.strip() == "Data and pipelines are up to date."
    assert stages_run(run("dvc repro").stdout) == []


def test_what_dvc_rebuilds_after_a_change_snakemake_does_not_make_again(recorded: Path):
    run = command_in(recorded)
    before = (recorded / OVERLAY).read_text()
    try:
        edit_yaml(recorded / OVERLAY, {"report": {"baseline_sigma_pixels": 1.0}})
        assert stages_run(run("dvc repro").stdout) == ["report_segmentation", "report"]
        assert "Nothing to be done" in run("snakemake --dry-run").stdout
    finally:
        (recorded / OVERLAY).write_text(before)
        run("dvc repro")
    assert "Nothing to be done" in run("snakemake --dry-run").stdout


def test_record_refuses_while_snakemake_has_work_to_do(recorded: Path):
    before = (recorded / OVERLAY).read_text()
    try:
        edit_yaml(recorded / OVERLAY, {"report": {"baseline_sigma_pixels": 1.0}})
        done = command_in(recorded)("python scripts/records.py record", succeeds=False)
    finally:
        (recorded / OVERLAY).write_text(before)
    assert done.returncode == 1
    assert "record: phantom: Snakemake has work to do for phantom; run it first" in done.stdout
