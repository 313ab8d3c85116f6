"""The picture of an examination."""

from pathlib import Path

from examined import source_of

from fusionnet.examine.contrast import sampled_slices
from fusionnet.examine.picture import draw_examination
from fusionnet.examine.slices import measure_sections


def test_a_picture_is_drawn(tmp_path: Path, phantom):
    source = source_of(tmp_path, phantom[0])
    slices = list(sampled_slices(source, None))
    membranes = {z: phantom[1][z] == 0 for z, _ in slices}
    for name in ("a.png", "b.png"):
        draw_examination(tmp_path / name, slices, membranes, measure_sections(source, None))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    draw_examination(tmp_path / "c.png", slices[:1], {}, measure_sections(source, None))
    assert (tmp_path / "c.png").read_bytes() != (tmp_path / "a.png").read_bytes()
