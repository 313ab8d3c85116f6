"""Data and models are had from DVC's registry by their names in dvc.yaml."""

from pathlib import Path

import pytest
from small_project import command_in

from fusionnet.files import sha256

pytestmark = pytest.mark.slow


def test_a_release_of_a_model_and_of_the_data_is_had_by_its_name(repository: Path):
    run = command_in(repository)
    for name in ("fusionnet", "raw-stacks"):
        run(f"git tag -a {name}@v1.0.0 -m release && dvc artifacts get . {name} --out taken-{name}")
    checkpoint = repository / "results/phantom/replicates/fusionnet/test/seed-0/checkpoint.pt"
    assert sha256(repository / "taken-fusionnet") == sha256(checkpoint)
    stacks = {path.name: sha256(path) for path in (repository / "data/raw/phantom").iterdir()}
    assert {path.name: sha256(path) for path in (repository / "taken-raw-stacks").iterdir()} == stacks
