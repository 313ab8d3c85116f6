"""NRRD: voxels, axes from x, scale."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

nrrd = pytest.importorskip("nrrd")
STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)
NM = ["nm"] * 3


def write(path: Path, stack: np.ndarray = STACK, **header: Any) -> Path:
    """Write a stack (Z, Y, X) in the format's own order."""
    nrrd.write(str(path), stack.transpose(), header=header, index_order="F", detached_header=path.suffix == ".nhdr")
    return path


@pytest.mark.parametrize("dtype", ["i1", "u1", "<i2", "<u2", ">u2", "<i4", "<u4", "<i8", "<u8", "<f4", ">f8"])
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_every_type(tmp_path: Path, dtype: str, encoding: str):
    stack = (STACK // 2).astype(dtype)
    source = open_volume(write(tmp_path / "v.nrrd", stack, encoding=encoding))
    assert source.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(source.read_all(), stack)
    region = slice(1, 4), slice(3, 20), slice(7, 8)
    np.testing.assert_array_equal(source.read(*region), stack[region])
    assert any("held in memory" in note for note in source.notes) == (encoding == "gzip")


@pytest.mark.parametrize("encoding", ["raw", "bzip2"])
def test_voxels_beside_the_header(tmp_path: Path, encoding: str):
    np.testing.assert_array_equal(open_volume(write(tmp_path / "v.nhdr", encoding=encoding)).read_all(), STACK)


@pytest.mark.parametrize(
    ("header", "size", "note"),
    [
        ({"spacings": [4, 4, 50], "units": NM}, (50, 4, 4), ""),
        ({"spacings": [0.004, 0.004, 0.05], "units": ["microns"] * 3}, (50, 4, 4), ""),
        ({"spacings": [4, 4, 50]}, None, "have no units"),
        ({"space directions": np.diag([4.0, 4, 50]), "space units": NM, "space dimension": 3}, (50, 4, 4), ""),
        ({"space directions": np.diag([-4.0, 4, 50]), "space units": NM, "space dimension": 3}, (50, 4, 4), "mirror"),
        (
            {"space directions": [[0, 4, 0], [4, 0, 0], [0, 0, 50]], "space units": NM, "space dimension": 3},
            (50, 4, 4),
            "turn",
        ),
        ({"space directions": np.diag([4.0, 4, 50]), "space": "left-posterior-superior"}, None, "have no units"),
        ({}, None, ""),
    ],
)
def test_scale(tmp_path: Path, header: dict[str, Any], size: tuple[float, ...] | None, note: str):
    source = open_volume(write(tmp_path / "v.nrrd", encoding="raw", **header))
    assert source.voxel_size_nm == (pytest.approx(size) if size else None)
    assert note in "".join(source.notes) and bool(note) == bool(source.notes)
    np.testing.assert_array_equal(source.read_all(), STACK)


def test_what_is_no_stack_is_refused(tmp_path: Path):
    colours = np.stack([STACK] * 3, -1)
    for kind in ("RGB-color", "vector"):
        path = write(tmp_path / "v.nrrd", colours, kinds=[kind, "domain", "domain", "domain"])
        with pytest.raises(UserError, match="split channels"):
            open_volume(path)
    path = write(tmp_path / "w.nrrd", encoding="raw")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="truncated"):
        open_volume(path)
    (tmp_path / "x.nrrd").write_text("no header")
    with pytest.raises(UserError, match="cannot be read as NRRD"):
        open_volume(tmp_path / "x.nrrd")
