"""A lock file of DVC that is damaged is told of in a line."""

from pathlib import Path

import pytest

from fusionnet.errors import UserError
from fusionnet.workflow.dvc_lock import outputs_by_stage, outputs_of

DAMAGED = (
    *(b"", b"\xff", b"<html>", b"3", b"[]", b"stages: [", b"stages: 3", b"stages: " + b"[" * 3000),
    *(b"stages: {a: 3}", b"stages: {a: {outs: 3}}", b"stages: {a: {outs: [1]}}", b"stages: {a: {outs: [{}]}}"),
    b"stages: {a: {outs: [{path: b, md5: 0a1b}]}}",
)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_lock_is_named_with_the_way_out(tmp_path: Path, content: bytes):
    (tmp_path / "dvc.lock").write_bytes(content)
    with pytest.raises(UserError, match=r"(?s)dvc.lock: damaged .*git checkout"):
        outputs_of(tmp_path / "dvc.lock")


def test_outputs_are_told_stage_by_stage(tmp_path: Path):
    md5 = "0123456789abcdef" * 2
    outs = f"[{{path: data/b, md5: {md5}.dir}}, {{path: c, md5: {md5}}}]"
    (tmp_path / "dvc.lock").write_text(f"stages: {{one: {{outs: {outs}}}, two: {{cmd: x}}}}")
    assert outputs_by_stage(tmp_path / "dvc.lock") == {"one": ["data/b", "c"], "two": []}
    assert outputs_of(tmp_path / "dvc.lock") == {"data/b", "c"}
