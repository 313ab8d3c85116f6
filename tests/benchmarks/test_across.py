"""Networks on tissue that they were not trained on."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.across import main
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.errors import run
from fusionnet.volumes.stacks import write_volume


def test_a_network_away_from_home_is_scored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    volume, labels = draw_phantom(3, 3, 96)
    write_volume(tmp_path / "volume.tif", volume, {})
    write_volume(tmp_path / "labels.tif", labels, {})
    table = tmp_path / "across.csv"
    stacks = ["--volume", f"{tmp_path}/volume.tif", "--labels", f"{tmp_path}/labels.tif"]
    for slices in ("0-1", "0-1", "1-2"):
        command = ["across.py", "fusionnet-isbi2012", "--on", "phantom", "--edges", "fusionnet-isbi2012", *stacks]
        monkeypatch.setattr("sys.argv", [*command, "--slices", slices, "--table", str(table)])
        run(main)
    rows = pd.read_csv(table)
    assert rows["on"].tolist() == ["phantom 0-1", "phantom 1-2"] and rows["slices"].tolist() == [2, 2]
    assert rows[["v_rand", "v_info", "v_rand_edges", "v_info_edges"]].to_numpy().min() > 0.5
    shown = f"| FusionNet | fusionnet-isbi2012 | phantom 0-1 | 1 | {rows['v_rand'][0]:.4f}"
    assert shown in capsys.readouterr().out
    rows.drop(columns="on").to_csv(table, index=False)
    with pytest.raises(SystemExit):
        run(main)
    assert "lacks on, of an older version; name a new table" in capsys.readouterr().err
