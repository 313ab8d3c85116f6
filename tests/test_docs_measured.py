"""What the pages say of measurements that no report has is what the benchmarks measured: the tables in docs/figures."""

import csv
import itertools
import re
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from pages import page

from benchmarks import pooled, precision, segmentation
from fusionnet.report.statistics import interval
from fusionnet.segment.ladder import BESIDE, EDGES, LINKAGE, THRESHOLD

ROOT = Path(__file__).parents[1]
SCORES = ("v_rand", "v_info")
NETWORKS = ("fusionnet", "unet")
WAYS = ("threshold", "edges_beside")


def test_score_against_minutes_is_that_of_its_table():
    with (ROOT / "docs/figures/accuracy.csv").open() as file:
        rows = list(csv.DictReader(file))
    for steps in ("200", "400", "800"):
        cells = []
        for arm in ("unet", "fusionnet"):
            of_arm = [row for row in rows if (row["arm"], row["steps"]) == (arm, steps)]
            scores = [float(row["v_rand"]) for row in of_arm]
            assert len(scores) == 6
            minutes = mean(float(row["minutes"]) for row in of_arm)
            cells.append(f"{minutes:.1f}, {mean(scores):.4f} ({min(scores):.4f} to {max(scores):.4f})")
        assert f"| {steps} | {' | '.join(cells)} |" in page("docs/train.md")


def test_minutes_to_a_score_with_learned_edges():
    with (ROOT / "docs/figures/accuracy-native.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["name"].endswith("learned edges")]
    scores = {}
    for arm, steps in (("unet", "400"), ("fusionnet", "400"), ("fusionnet", "800")):
        of_arm = [row for row in rows if (row["arm"], row["steps"]) == (arm, steps)]
        scores[arm, steps] = mean(float(row["v_rand"]) for row in of_arm)
    assert scores["fusionnet", "400"] < 0.98 < scores["unet", "400"] < 0.985
    assert f"Both then stand at {scores['unet', '400']:.4f}." in page("docs/segment.md")
    assert f"{scores['unet', '400']:.4f}" == f"{scores['fusionnet', '800']:.4f}"


def test_what_longer_trainings_give():
    """docs/results.md and docs/segment.md: by learned edges FusionNet gains from 1,600 steps, on every fold."""
    table = pd.read_csv(ROOT / "docs/figures/accuracy-native.csv")
    found = {}
    for way, rows in table.groupby(table["name"].str.endswith("learned edges")):
        for key, of_length in rows.groupby(["arm", "steps"]):
            found[(way, *key)] = of_length.set_index("fold")
    means = {key: " / ".join(f"{of_length[score].mean():.3f}" for score in SCORES) for key, of_length in found.items()}
    fusionnet, unet = ([means[True, arm, steps] for steps in (800, 1600)] for arm in NETWORKS)
    text = page("docs/results.md")
    assert " to ".join(fusionnet) in text and " and ".join(unet) in text
    assert " to ".join(means[False, "fusionnet", steps] for steps in (800, 1600)) in text
    longest = found[True, "fusionnet", 1600]["v_rand"]
    gains = found[True, "fusionnet", 1600][list(SCORES)] > found[True, "fusionnet", 800][list(SCORES)]
    assert gains.sum().to_dict() == {"v_rand": 2, "v_info": 3}
    assert (longest > found[True, "unet", 1600]["v_rand"]).all()
    assert f"1,600 steps it stands at {longest.mean():.4f}" in page("docs/segment.md") and longest.mean() > 0.985
    assert all(of_length["v_rand"].mean() < 0.98 for (way, *_), of_length in found.items() if not way)
    minutes = sorted(f"{taken:.1f}" for taken in found[False, "fusionnet", 1600]["minutes"])
    sentence = "took {2} minutes beside one other (slices 19–23), and {0} and {1} on the other two folds"
    assert sentence.format(*minutes) in page("docs/segment.md")  # as texts the longest come first


def added(experiment: str, score: str, rung: str, below: str) -> list[tuple[float, bool]]:
    """What a rung adds to another, of each network: the mean, and whether its interval lies above 0."""
    table = pd.read_csv(ROOT / f"results/{experiment}/report/segmentation.csv")
    found = []
    for _, rows in table.groupby("arm"):
        by_rung = rows.pivot_table(index=["fold", "seed"], columns="rung", values=score)
        apart = by_rung[rung] - by_rung[below]
        found.append((apart.mean(), interval({key: np.array([value]) for key, value in apart.items()})[0] > 0))
    return found


def test_most_of_what_the_stage_segment_gains_needs_no_learning():
    text = page("docs/segment.md")
    steps = {
        "gains {} of V_rand": ("isbi2012", "v_rand", LINKAGE, THRESHOLD),
        "within a slice add {} to it": ("isbi2012", "v_rand", EDGES, LINKAGE),
        "slices beside {}, with two of three": ("isbi2012", "v_rand", BESIDE, LINKAGE),
        "on `vnc` {}, and none": ("vnc", "v_rand", BESIDE, LINKAGE),
        "slices beside add {}, above 0 for all three": ("isbi2012", "v_info", BESIDE, LINKAGE),
        "and {} on `vnc`, above 0 for none": ("vnc", "v_info", BESIDE, LINKAGE),
    }
    found = {sentence: added(*step) for sentence, step in steps.items()}
    for sentence, rows in found.items():
        ends = dict.fromkeys(f"{end(mean for mean, _ in rows):.3f}" for end in (min, max))
        assert sentence.format(" to ".join(ends)) in text
    assert [sum(above for _, above in rows) for rows in found.values()][2:] == [2, 0, 3, 0]


def test_trials_are_those_of_their_table():
    with (ROOT / "docs/figures/training-trials.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["steps"] == "400"]
    assert len({row["name"] for row in rows}) == 4
    for name in {row["name"] for row in rows}:
        trial = [row for row in rows if row["name"] == name]
        blocks = [
            ", ".join(f"{float(row['v_rand']):.4f}" for row in trial if row["fold"] == f) for f in ("12-16", "3-7")
        ]
        written = re.search(rf"\| ([\d.]+) / ([\d.]+) \| {blocks[0]} \| {blocks[1]} \|", page("docs/train.md"))
        assert written, f"{name}: {blocks}"
        means = [mean(float(row[score]) for row in trial) for score in ("v_rand", "v_info")]
        assert [float(text) for text in written.groups()] == pytest.approx(means, abs=1.01e-4), name  # of rounded ones


def gap(experiment: str, rung: str, baseline: str, score: str) -> tuple[float, tuple[float, float]]:
    """FusionNet minus another network, of the fold means: the mean, and its interval."""
    table = pd.read_csv(ROOT / f"results/{experiment}/report/segmentation.csv")
    by_arm = table[table["rung"] == rung].pivot_table(index=["fold", "seed"], columns="arm", values=score)
    apart = by_arm["fusionnet"] - by_arm[baseline]
    return apart.mean(), interval({key: np.array([value]) for key, value in apart.items()})


def test_what_holds_on_both_stacks():
    """docs/results.md: all eight differences by threshold lie below 0; behind learned edges they are smaller."""
    cases = list(itertools.product(("isbi2012", "vnc"), ("unet", "unet-matched"), SCORES))
    threshold, edges = (
        [gap(where, rung, baseline, score)[0] for where, baseline, score in cases] for rung in (THRESHOLD, BESIDE)
    )
    assert max(threshold) < 0 and all(abs(b) < abs(a) for a, b in zip(threshold, edges, strict=True))
    assert max(edges[:4]) < 0 < min(edges[4:]), "the sign is not the same on both"
    ahead, (_, high) = gap("isbi2012", BESIDE, "unet-matched", "v_rand")
    assert high < 0 and f"stays ahead by {-ahead:.3f} of V_rand, with an interval" in page("docs/results.md")


def test_by_how_much_seeds_of_vnc_differ():
    table = pd.read_csv(ROOT / "results/vnc/report/comparison.csv").dropna(subset=["seed"])
    of_fold = table.groupby(["arm", "fold"])["v_rand"]
    most = (of_fold.max() - of_fold.min()).max()
    assert f"whose seeds differ by up to {most:.4f} in V_rand" in page("docs/reproducibility.md")


def test_what_bfloat16_costs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["precision.py", "--table", str(ROOT / "docs/figures/precision.csv")])
    precision.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\| [\w-]+ \| \d", line)]
    text = (ROOT / "docs/reproducibility.md").read_text(encoding="utf-8")
    assert len(rows) == 4 and all(row in text for row in rows)


def test_what_the_stage_segment_gains_with_five_networks():
    gain = segmentation.page(pd.read_csv(ROOT / "docs/figures/segmentation.csv")).split("## Gain over the threshold")[1]
    cells = re.search(r"\| 5 networks \| learned edges, slices beside \| (\S+) \((.*?)\) \| (\S+) \((.*?)\) \|", gain)
    assert cells
    rand, interval_, info, other = cells.groups()
    sentence = f"{rand} of V_rand (95 % interval {interval_}) and {info} of V_info ({other})"
    assert sentence in page("docs/segment.md")


def test_both_stacks_together(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["pooled.py", "isbi2012", "vnc"])
    pooled.main()
    output = capsys.readouterr().out
    printed = [line.split(" | ") for line in output.splitlines() if " | together | " in line]
    assert len(printed) == 4
    text = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    for cells in printed:
        assert " | ".join(cell for cell in cells if cell != "together") in text
    for _, score, _, _, difference, interval_, _, _ in printed[0], printed[2]:  # against U-Net of the same width
        sentence = rf"{score} {re.escape(difference)} \((95 % interval )?{re.escape(interval_)}\)"
        assert re.search(sentence, page("docs/results.md"))
    ends = [[float(end) for end in cells[place].split(" to ")] for place in (5, 6) for cells in printed]
    assert sum(high < 0 for _, high in ends[:4]) == 3 and all(low < 0 < high for low, high in ends[4:])
    widened = {
        f"{(ends[4 + number][1] - ends[4 + number][0]) / (high - low):.1f}"
        for number, (low, high) in enumerate(ends[:4])
    }
    assert widened <= {"1.6", "1.7"} and "which widens it 1.6 times" in page("docs/results.md")
    found = dict(re.findall(r"^- (\w+): (\d+)%$", output, flags=re.M))
    assert f"these folds would find with a probability of {found['isbi2012']} %" in page("docs/results.md")
    assert f"reports, and that one with {found['together']} %" in page("docs/results.md")


def test_what_the_first_slices_of_vnc_score_at_home():
    with (ROOT / "results/vnc/report/segmentation.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["fold"] == "0-4"]
    text = page("docs/results.md")
    home = {
        rung: " / ".join(f"{mean(float(row[score]) for row in rows if row['rung'] == rung):.4f}" for score in SCORES)
        for rung in ("threshold", "edges_beside")
    }
    assert f"their six scored {home['threshold']} on these slices" in text
    assert f"learned edges ({home['edges_beside']} at home)" in text
    with (ROOT / "docs/figures/across.csv").open() as file:
        away = list(csv.DictReader(file))
    (packaged,) = [row for row in away if row["on"] == "vnc 0-3"]
    reached = " / ".join(f"{float(packaged[f'{score}_edges']):.3f}" for score in SCORES)
    assert f"reaches {reached} with its edges on slices 0-3" in text
    (whole,) = [row for row in away if row["network"] == packaged["network"] and row["on"] == "vnc 0-4"]
    reached = " / ".join(f"{float(whole[f'{score}_edges']):.3f}" for score in SCORES)
    assert f"which were the aim, and {reached} with slice 4" in text
    of_vnc = [row for row in away if row["on"] == "isbi2012"]
    assert {float(row["v_rand_threshold"]) for row in of_vnc} == {0.9}
    assert f"V_rand {mean(float(row['v_rand']) for row in of_vnc):.2f} instead of" in text


def test_learned_edges_find_neurons_best_on_all_tissues_of_the_phantom():
    table = pd.read_csv(ROOT / "docs/figures/neurons.csv")
    assert f"seeds {table['seed'].min()} to {table['seed'].max()}, {table['neurons'].min()} to" in page(
        "docs/segment.md"
    )
    for score in ("adapted_rand_error", "voi"):
        ways = table.pivot_table(index=["arm", "seed"], columns="way", values=score)
        found = ways[["threshold", "linkage", "learned edges"]]
        assert len(found) == 10 and (found.idxmin(axis=1) == "learned edges").all()
        of_arm = found["learned edges"].unstack("arm")
        assert len(set(of_arm["fusionnet"] < of_arm["unet"])) == 2, "the tissues do not agree on a network"
        assert 0.4 < (found["learned edges"].mean() / found["threshold"].mean()) < 0.6
