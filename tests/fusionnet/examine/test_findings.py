"""A good stack has nothing to mend."""

from pathlib import Path

from examined import problems, source_of

from fusionnet.examine.contrast import examine_volume
from fusionnet.examine.labels import examine_labels
from fusionnet.examine.slices import examine_sections, measure_sections
from fusionnet.volumes.volume import open_volume


def test_a_good_stack_has_nothing_to_mend(tmp_path: Path, phantom):
    volume, labels = (source_of(tmp_path, stack, f"{name}.tif") for name, stack in zip("vl", phantom, strict=True))
    assert problems(examine_volume(volume)) == ""
    assert problems(examine_sections(measure_sections(volume, None))) == ""
    report = examine_labels(labels, volume)
    assert problems(report.findings) == "" and report.coding == "membranes" and not report.inverted


def test_isbi_has_nothing_to_mend(shared: Path):
    volume, labels = (open_volume(shared / "mirror/isbi2012/train" / part) for part in ("image", "label"))
    findings = examine_volume(volume) + examine_sections(measure_sections(volume, None))
    assert problems(findings + examine_labels(labels, volume).findings) == ""
