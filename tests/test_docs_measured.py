"""What the pages say of measurements that no report has is what the benchmarks measured: the tables in docs/figures."""

import csv
import itertools
import json
import re
from pathlib import Path
from statistics import mean

import numpy as np
import pandas as pd
import pytest
from committed_scores import interval_of, scores_by_arm
from pages import page

from benchmarks import pooled, precision, segmentation
from benchmarks.accuracy_figure import meetings
from fusionnet.segment.ladder import BESIDE, EDGES, LINKAGE, THRESHOLD
from workflow import measured

ROOT = Path(__file__).parents[1]
SCORES = ("v_rand", "v_info")
NETWORKS = ("fusionnet", "unet")
WAYS = ("threshold", "edges_beside")
ISBI = ROOT / "results/isbi2012"
EQUAL = measured.EQUAL.items()


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


def lengths(file: str = "accuracy-native.csv") -> pd.DataFrame:
    """Scores and minutes of trainings of several lengths, by whether edges were learned, network, steps and fold."""
    table = pd.read_csv(ROOT / "docs/figures" / file)
    table["edges"] = table["name"].str.endswith(", learned edges")
    return table.set_index(["edges", "arm", "steps", "fold"])[[*SCORES, "minutes"]].sort_index()


def first_beyond(score: float, of_arm: pd.DataFrame) -> tuple[str, str]:
    """Steps and minutes of the shortest training whose mean V_rand lies above a score."""
    steps = int(of_arm.index[of_arm["v_rand"] > score][0])
    return f"{steps:,}", f"{of_arm.loc[steps, 'minutes']:.1f}"


def test_minutes_to_a_score():
    means, text = lengths().groupby(level=["edges", "arm", "steps"]).mean(), page("docs/segment.md")
    edges = [means.loc[True, arm] for arm in NETWORKS]
    (f980, minutes_f980), (u980, minutes_u980) = (first_beyond(0.980, of_arm) for of_arm in edges)
    assert f"after {u980} steps, in {minutes_u980} minutes, FusionNet after {f980}, in {minutes_f980}." in text
    (f985, minutes_f985), (u985, minutes_u985) = (first_beyond(0.985, of_arm) for of_arm in edges)
    both = f"after {f985} steps, in {minutes_f985} minutes (and is below it again after 3,200), U-Net after {u985}, in "
    assert f"passes {both}{minutes_u985}." in text
    steps, minutes = first_beyond(0.980, means.loc[False, "fusionnet"])
    assert f"FusionNet alone passes 0.980, after {steps} steps, in {minutes} minutes." in text
    assert means.loc[False, "unet"]["v_rand"].max() < 0.980
    fusionnet, unet = ([of_arm.loc[steps, "v_rand"] for steps in (1600, 3200)] for of_arm in edges)
    assert "FusionNet falls from {:.4f} to {:.4f} and U-Net".format(*fusionnet) in text
    assert "rises from {:.4f} to {:.4f};".format(*unet) in text
    assert edges[0].loc[3200, "v_rand"] < 0.985
    hard = [lengths().loc[(True, "fusionnet", steps, "19-23"), "v_rand"] for steps in (1600, 3200)]
    assert f"FusionNet loses most of it on slices 19–23 ({hard[0] - hard[1]:.3f})." in text


def networks_apart(found: pd.DataFrame) -> pd.DataFrame:
    """FusionNet minus U-Net, by whether edges were learned, steps and fold."""
    return found.xs("fusionnet", level="arm") - found.xs("unet", level="arm")


def test_what_longer_trainings_give():
    """docs/results.md, after as many steps: V_info by threshold favours FusionNet; nothing else keeps an order."""
    found, there = lengths(), lengths("accuracy-native-intel.csv")
    apart, text = networks_apart(found), page("docs/results.md")
    mean, mean_there = (networks_apart(each).loc[False].groupby("steps").mean() for each in (found, there))
    assert mean["v_info"].is_monotonic_increasing and mean_there["v_info"].is_monotonic_increasing
    first, last = (f"{value:+.3f}" for value in mean["v_info"].iloc[[0, -1]])
    assert f"from {first} after 200 steps to {last} after 3,200" in text
    assert "grows from {:+.3f} to {:+.3f} here; there".format(*mean["v_rand"].iloc[[0, -1]]) in text
    assert "it was {:+.3f} after 800 and {:+.3f} after 1,600".format(*mean_there["v_rand"].loc[[800, 1600]]) in text
    rises = found.loc[False, "fusionnet"]["v_info"].unstack("steps").diff(axis=1).iloc[:, 1:]
    assert (rises > 0).all(axis=None)
    for edges, steps in ((False, 3200), (True, 1600), (True, 3200)):
        both = (found.loc[edges, arm, steps].mean() for arm in NETWORKS)
        fusionnet, unet = (" / ".join(f"{scores[name]:.3f}" for name in SCORES) for scores in both)
        assert (f"{fusionnet} to {unet}" if edges else f"stands at {fusionnet} and U-Net at {unet}") in text
    ahead = apart.loc[True, 1600]["v_rand"], networks_apart(there).loc[True, 1600]["v_rand"]
    assert all((each > 0).all() for each in ahead)
    assert [(apart.loc[True, 3200][score] > 0).sum() for score in SCORES] == [1, 1]


def test_where_the_networks_meet():
    shown = []
    for file in ("accuracy-native.csv", "accuracy-native-intel.csv"):
        means = lengths(file).loc[False].groupby(level=["arm", "steps"])["v_info"].mean()
        ((steps, _),) = meetings(means["fusionnet"], means["unet"])
        shown.append(f"{round(steps, -1):,.0f}")
    assert "after {} steps here and {} there".format(*shown) in page("docs/results.md")


def test_longer_trainings_on_six_blocks():
    """docs/results.md: the networks are not told apart; FusionNet gains on each block, U-Net is not found to."""
    text = page("docs/results.md")
    cells = [
        re.split(r" *\| *", row)[1:-1] for table in (measured.longer, measured.longer_gains) for row in table(ISBI)[2:]
    ]
    assert len(cells) == 16 and all(row[-1].count(",") == 5 for row in cells)
    above = [float(row[-2].split(" to ")[0]) > 0 for row in cells]
    below = [float(row[-2].split(" to ")[1]) < 0 for row in cells]
    assert not any(below) and not any(above[:8])
    assert "Each interval contains 0: after 1,600 steps" in text
    assert sum(above[8:12]) == 3 and not any(above[12:])
    assert all("-" not in row[-1] for row in cells[8:12])
    assert "on each of the six blocks by all four, with three intervals above 0; U-Net's four contain 0" in text
    most = [int(np.argmax([float(value) for value in cells[row][-1].split(", ")])) for row in (8, 12)]
    assert "{} for FusionNet and {} for U-Net".format(*(("20–24", "15–19")[4 - block] for block in most)) in text


def test_equal_minutes():
    """docs/results.md: by threshold FusionNet is behind at each length; slices 19-23 alone make it so at the last."""
    found, text = lengths(), page("docs/results.md")
    apart = {
        edges: [found.loc[edges, "fusionnet", ours] - found.loc[edges, "unet", theirs] for ours, theirs in EQUAL]
        for edges in (False, True)
    }
    means = {edges: [each.mean() for each in apart[edges]] for edges in apart}
    by_threshold = [each["v_rand"] for each in means[False]]
    assert by_threshold == sorted(by_threshold) and all(each[score] < 0 for each in means[False] for score in SCORES)
    assert "behind in the mean by threshold at all four lengths, by V_rand by less the longer they are" in text
    assert apart[False][-1].index[apart[False][-1]["v_rand"] < 0].tolist() == ["19-23"]
    assert -by_threshold[-1] < 0.003 and "at last by less than 0.003 of V_rand" in text
    one, two, four, seven = (each["v_rand"] for each in means[True])
    assert max(one, two) < -0.005 and max(abs(four), abs(seven)) < 0.002
    assert "behind after one and two minutes, and not told apart from U-Net after four and seven" in text


def test_what_rounding_alone_does():
    """docs/segment.md: the same trainings on two processors, whose native arithmetic adds up in other orders."""
    here, there = lengths()["v_rand"], lengths("accuracy-native-intel.csv")["v_rand"]
    moved, text = (here - there).dropna(), page("docs/segment.md")
    assert len(moved) == len(there)
    of_means = moved.groupby(level=["edges", "arm", "steps"]).mean()
    of_differences = (of_means.xs("fusionnet", level="arm") - of_means.xs("unet", level="arm")).abs()
    most = [moved.loc[edges].abs().groupby("steps").max() for edges in (False, True)]
    listed = [", ".join(f"{value:.4f}" for value in each[:-1]) + f" and {each.iloc[-1]:.4f}" for each in most]
    assert f"up to {listed[0]} (200, 400, 800 and 1,600 steps), by learned edges by up to {listed[1]}" in text
    of_means = of_means.abs()
    later, at_200 = (
        [of_means.loc[edges, :, steps].max() for edges in (False, True)] for steps in (slice(400, None), 200)
    )
    assert "from 400 steps on, by up to {:.4f} and {:.4f} (at 200 by {:.4f} and {:.4f})".format(*later, *at_200) in text
    of_both = [of_differences.loc[edges, 400:].max() for edges in (False, True)]
    assert "two such means moves by up to {:.4f} and {:.4f}, from 400".format(*of_both) in text
    sentence = "moves by up to {:.3f} of V_rand by threshold and {:.3f} by learned edges (400 to 1,600 steps)"
    assert sentence.format(*of_both) in page("docs/results.md")


def test_which_experiments_were_trained_since_mkl_is_limited():
    found = {}
    for record in (ROOT / "repro.json", *ROOT.glob("results/*/repro.json")):
        read = json.loads(record.read_text())
        found[read["experiment"]] = read["machine"]["mkl"]
    assert len(found) == 8 and set(found.values()) == {"COMPATIBLE"}
    assert "All eight recorded experiments were trained with this limit." in page("docs/reproducibility.md")


def added(experiment: str, score: str, rung: str, below: str) -> list[tuple[float, bool]]:
    """What a rung adds to another, of each network: the mean, and whether its interval lies above 0."""
    apart = scores_by_arm(experiment, rung, score) - scores_by_arm(experiment, below, score)
    return [(apart[arm].mean(), interval_of(apart[arm])[0] > 0) for arm in apart]


def test_most_of_what_the_stage_segment_gains_needs_no_learning():
    text = page("docs/segment.md")
    steps = {
        "gains {} of V_rand": ("isbi2012", "v_rand", LINKAGE, THRESHOLD),
        "within a slice add {} to it": ("isbi2012", "v_rand", EDGES, LINKAGE),
        "slices beside {}, with two of three": ("isbi2012", "v_rand", BESIDE, LINKAGE),
        "on `vnc` {}, and none": ("vnc", "v_rand", BESIDE, LINKAGE),
        "slices beside add {} to linkage, above 0 for all three": ("isbi2012", "v_info", BESIDE, LINKAGE),
        "and {} on `vnc`, above 0 for both U-Nets": ("vnc", "v_info", BESIDE, LINKAGE),
    }
    found = {sentence: added(*step) for sentence, step in steps.items()}
    for sentence, rows in found.items():
        ends = dict.fromkeys(f"{end(mean for mean, _ in rows):.3f}" for end in (min, max))
        assert sentence.format(" to ".join(ends)) in text
    assert [[above for _, above in rows] for rows in found.values()][2:] == [
        [True, False, True],
        [False] * 3,
        [True] * 3,
        [False, True, True],  # of FusionNet and of both U-Nets
    ]


def test_what_averaging_networks_gains():
    """docs/results.md, the mean of several networks: beside the mean of their scores."""
    text, found = page("docs/results.md"), pd.read_csv(ROOT / "docs/figures/means-isbi2012.csv")
    averaged = found.groupby(["arm", "rung", "fold"])["v_rand"].mean()
    single = pd.read_csv(ISBI / "report/segmentation.csv").groupby(["arm", "rung"])["v_rand"].mean()
    gains = {
        rung: [averaged[arm, rung].mean() - single[arm, rung] for arm in (*NETWORKS, "unet-matched")]
        for rung in (THRESHOLD, BESIDE)
    }
    assert f"gains from it, by {min(gains[THRESHOLD]):.3f} to {max(gains[THRESHOLD]):.3f} of V_rand" in text
    assert "left of that: {:+.3f}, {:+.3f} and {:+.3f}, within".format(*gains[BESIDE]) in text
    lowest = averaged["fusionnet+unet+unet-matched", BESIDE].nsmallest(2)
    assert set(lowest.index) == {"0-4", "20-24"} and {f"{score:.3f}" for score in lowest} == {"0.977"}
    assert "take V_rand to 0.977 on slices 0 to 4 and on 20 to 24 even with six networks" in text


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


def gap(experiment: str, baseline: str, score: str, rung: str) -> tuple[float, tuple[float, float]]:
    """FusionNet minus another network, of the fold means: the mean, and its interval."""
    by_arm = scores_by_arm(experiment, rung, score)
    apart = by_arm["fusionnet"] - by_arm[baseline]
    return apart.mean(), interval_of(apart)


def test_what_holds_on_both_stacks():
    """docs/results.md: all eight differences by threshold lie below 0; behind learned edges they are small."""
    cases = list(itertools.product(("isbi2012", "vnc"), ("unet", "unet-matched"), SCORES))
    threshold, edges = ({case: gap(*case, rung) for case in cases} for rung in (THRESHOLD, BESIDE))
    means = [[mean for mean, _ in of_rung.values()] for of_rung in (threshold, edges)]
    assert max(means[0]) < 0 and max(means[1][:4]) < 0 < min(means[1][4:])
    text = page("docs/results.md")
    assert max(map(abs, means[1])) < 0.003
    assert "every difference is smaller than 0.003, and on `vnc` all four lie above 0" in text
    decided, at_edges = (
        [case for case, (_, (low, high)) in of_rung.items() if not low < 0 < high] for of_rung in (threshold, edges)
    )
    assert decided == [("vnc", "unet-matched", "v_info")]
    assert at_edges == [("isbi2012", "unet-matched", "v_rand"), ("vnc", "unet", "v_info")]
    (behind, _), (ahead, _) = (edges[case] for case in at_edges)
    assert behind < 0 < ahead and len(cases) == 8
    assert "by threshold or learned edges, three exclude 0: two have it behind, one ahead." in page("README.md")
    assert f"stays ahead by {-behind:.3f} of V_rand, on `vnc` FusionNet is ahead of U-Net by {ahead:.4f}" in text


def test_by_how_much_the_two_u_nets_differ():
    text, apart = page("docs/results.md"), {}
    for experiment in ("isbi2012", "vnc"):
        by_arm = scores_by_arm(experiment, THRESHOLD, "v_rand").groupby("fold").mean()
        apart[experiment] = by_arm["unet-matched"] - by_arm["unet"]
    both = (apart[experiment].mean() for experiment in ("isbi2012", "vnc"))
    assert "is {:.3f} higher than U-Net's on `isbi2012` and {:.3f} here".format(*both) in text
    assert 0.75 < apart["vnc"]["0-4"] / apart["vnc"].sum() < 0.85
    assert "where the block 0-4 makes more than three quarters of it" in text


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


def test_what_the_folds_of_isbi2012_can_find(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    table, text = pooled.read_trainings(["isbi2012"]), page("docs/results.md")
    rand, info = (pooled.fold_differences(table, "isbi2012", "fusionnet", "unet", score).std() for score in SCORES)
    assert round(rand / info) == 6 and "By V_info folds scatter six times less" in text
    row = r"\| FusionNet minus U-Net \| V_rand \|.*\| ([\d.]+) \| \d+ folds \|"
    found = float(re.search(row, (ISBI / "report/comparison.md").read_text())[1])
    assert 2.5 < found / pooled.PAPER < 3 and "it is nearly three times the paper's effect" in text


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
    assert [high < 0 for _, high in ends[:4]] == [False, False, False, True]
    assert all(low < 0 < high for low, high in ends[4:])
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
    assert f"whose six scored {home['threshold']} on these slices" in text
    assert f"learned edges ({home['edges_beside']} at home)" in text
    with (ROOT / "docs/figures/across.csv").open() as file:
        away = list(csv.DictReader(file))
    (packaged,) = [row for row in away if row["on"] == "vnc 0-3"]
    reached = " / ".join(f"{float(packaged[f'{score}_edges']):.3f}" for score in SCORES)
    assert f"reaches {reached} with its edges on slices 0-3" in text
    (whole,) = [row for row in away if row["network"] == packaged["network"] and row["on"] == "vnc 0-4"]
    reached = " / ".join(f"{float(whole[f'{score}_edges']):.3f}" for score in SCORES)
    assert f"on slices 0-3, and {reached} with slice 4" in text
    of_vnc = [row for row in away if row["on"] == "isbi2012"]
    assert {float(row["v_rand_threshold"]) for row in of_vnc} == {0.9}
    of_arm = pd.DataFrame(of_vnc).astype({"v_rand": float}).groupby("arm")["v_rand"].mean()
    assert f"V_rand {of_arm.min():.2f} to {of_arm.max():.2f} instead of" in text


def test_learned_edges_find_neurons_best_on_all_tissues_of_the_phantom():
    table = pd.read_csv(ROOT / "docs/figures/neurons.csv")
    assert f"seeds {table['seed'].min()} to {table['seed'].max()}, {table['neurons'].min()} to" in page(
        "docs/segment.md"
    )
    for score, lower in (("adapted_rand_error", 5), ("voi", 3)):
        ways = table.pivot_table(index=["arm", "seed"], columns="way", values=score)
        found = ways[["threshold", "linkage", "learned edges"]]
        assert len(found) == 10 and (found.idxmin(axis=1) == "learned edges").all()
        ahead = {way: (found[way].loc["fusionnet"] < found[way].loc["unet"]).sum() for way in found}
        assert ahead["learned edges"] == lower and 0 < ahead["threshold"] < 5 and 0 < ahead["linkage"] < 5
        linked = ways["learned edges, linked by the truth"]
        assert (linked.loc["unet"] < linked.loc["fusionnet"]).sum() == {"adapted_rand_error": 4, "voi": 5}[score]
        assert 0.4 < (found["learned edges"].mean() / found["threshold"].mean()) < 0.6
