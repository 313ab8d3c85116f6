"""Two configurations are compared on the trainings that both have."""

import runpy
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "benchmarks/precision.py"
FOLDS = ("8-11", "19-23", "25-29")


def trainings(name: str, better: dict[str, float], steps: int = 5) -> list[dict]:
    return [
        {"name": name, "arm": arm, "fold": fold, "seed": seed, "steps": steps, "v_rand": 0.9 + more, "v_info": 0.95}
        for arm, more in better.items()
        for fold in FOLDS
        for seed in (0, 1)
    ]


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    def compare(rows: list[dict]) -> list[list[str]]:
        table, figure = tmp_path / "table.csv", tmp_path / "figure.png"
        pd.DataFrame(rows).to_csv(table, index=False)
        monkeypatch.setattr(sys, "argv", ["precision.py", "--table", str(table), "--figure", str(figure)])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        assert Image.open(figure).width == 1350
        lines = capsys.readouterr().out.splitlines()
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "V_" in line]

    return compare


def test_differences_are_those_of_each_network_and_of_both(run):
    rows = trainings("bfloat16", {"unet": 0.01, "fusionnet": 0.03}) + trainings("float32", {"unet": 0, "fusionnet": 0})
    unpaired = next(row for row in rows if (row["name"], row["arm"], row["fold"]) == ("float32", "unet", "8-11"))
    rows.remove(unpaired)
    assert run(rows)[:3] == [
        ["FusionNet", "6", "V_rand", "+0.0300", "+0.0300 to +0.0300", "+0.0300, +0.0300"],
        ["U-Net", "5", "V_rand", "+0.0100", "+0.0100 to +0.0100", "+0.0100, +0.0100"],
        ["FusionNet and U-Net", "10", "V_rand", "+0.0200", "+0.0200 to +0.0200", "+0.0100, +0.0300"],
    ]


def test_each_length_of_training_is_a_pair_of_its_own(run):
    both = [
        {"bfloat16": {"unet": 0.01, "fusionnet": 0.03}, "float32": {"unet": 0.0, "fusionnet": 0.0}},
        {"bfloat16": {"unet": 0.02, "fusionnet": 0.04}, "float32": {"unet": 0.0, "fusionnet": 0.0}},
    ]
    rows = [
        row for steps, names in enumerate(both, 5) for name, of in names.items() for row in trainings(name, of, steps)
    ]
    assert [line[:4] for line in run(rows)[:3]] == [
        ["FusionNet", "12", "V_rand", "+0.0350"],
        ["U-Net", "12", "V_rand", "+0.0150"],
        ["FusionNet and U-Net", "24", "V_rand", "+0.0250"],
    ]


def test_without_a_training_in_common_the_names_are_said(run, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(trainings("bfloat16", {"unet": 0.0}))
    assert stopped.value.code == 1
    assert "no training in common; the table has bfloat16" in capsys.readouterr().err
