"""What belongs to no result is found where DVC would hash it with the results, and nowhere else."""

from pathlib import Path

import pytest
from dvc.repo import Repo

from fusionnet.errors import UserError
from fusionnet.workflow.leftovers import leftovers, require_none

PIPELINE = Path("results/mine/dvc.yaml")
TEXT = """\
stages:
  train:
    wdir: ../..
    matrix: {arm: [unet], seed: [0, 2]}
    cmd: train
    deps: [code]
    outs: ["results/mine/replicates/${item.arm}/seed-${item.seed}/weights.pt"]
  score:
    wdir: ../..
    cmd: score
    deps: [results/mine/replicates/unet/seed-0/weights.pt]
    outs: [results/mine/replicates/unet/seed-0/scores.json: {cache: false}]
  report:
    wdir: ../..
    cmd: report
    deps: [code, results/mine/replicates]
    outs: [results/mine/report/page.html]
"""
MADE = ("unet/seed-0/weights.pt", "unet/seed-0/scores.json", "unet/seed-2/weights.pt")


def put(*names: str) -> None:
    for name in names:
        path = Path("results/mine/replicates") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with its results, in whose other folders lie files that no stage makes, as they do in any project."""
    monkeypatch.chdir(tmp_path)
    Repo.init(no_scm=True).close()
    put(*MADE, "../report/page.html", "../report/notes.txt", "../ledger.csv", "../../../code/module.py")
    PIPELINE.write_text(TEXT)


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    ("left", "named"),
    [
        ((), []),
        (("unet/seed-1/weights.pt", "unet/seed-1/scores.json"), ["unet/seed-1"]),
        (
            ("old/seed-0/weights.pt", "old/seed-2/weights.pt", "unet/seed-2/scores.json"),
            ["old", "unet/seed-2/scores.json"],
        ),
        (("unet/seed-0/.cache/x", "unet/seed-0/scores.json"), ["unet/seed-0/.cache"]),
    ],
)
def test_leftovers_are_named_by_their_largest_folder(left: tuple[str, ...], named: list[str]):
    put(*left)
    assert leftovers(PIPELINE) == [f"results/mine/replicates/{name}" for name in named]


@pytest.mark.usefixtures("results")
def test_what_dvc_does_not_look_at_is_none():
    put("unet/.DS_Store")
    Path(".dvcignore").write_text(".DS_Store\n")
    require_none(PIPELINE)


@pytest.mark.usefixtures("results")
def test_all_are_named_in_a_line_with_what_to_do():
    put("old/seed-0/weights.pt", "unet/seed-1/weights.pt")
    both = "results/mine/replicates/old results/mine/replicates/unet/seed-1"
    with pytest.raises(UserError, match=f"^no stage of {PIPELINE} makes {both}, yet DVC .*: remove these, move"):
        require_none(PIPELINE)


@pytest.mark.usefixtures("results")
def test_a_pipeline_that_cannot_be_read_is_a_users_mistake():
    PIPELINE.write_text("stages: [1]\n")
    with pytest.raises(UserError, match=r"^DVC cannot read results/mine/dvc.yaml: "):
        leftovers(PIPELINE)
