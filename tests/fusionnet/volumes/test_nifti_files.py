"""NIfTI: voxels, axes from x, scale."""

from pathlib import Path

import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

nibabel = pytest.importorskip("nibabel")
STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)
UM = np.diag([0.004, 0.004, 0.05, 1])


def write(path: Path, array: np.ndarray, affine: np.ndarray = UM, unit: str = "micron", order: str = "<") -> Path:
    """Write an array with axes x, y, z."""
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(array.dtype)
    header.set_xyzt_units(unit)
    nibabel.save(nibabel.Nifti1Image(array, affine, header), path)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_every_type(tmp_path: Path, dtype: str, order: str):
    stack = (STACK // 2).astype(dtype)
    source = open_volume(write(tmp_path / "v.nii", stack.T, order=order))
    assert source.dtype == np.dtype(dtype) and source.voxel_size_nm == pytest.approx((50, 4, 4)) and not source.notes
    np.testing.assert_array_equal(source.read_all(), stack)
    region = slice(1, 4), slice(3, 20), slice(7, 8)
    np.testing.assert_array_equal(source.read(*region), stack[region])


def test_a_compressed_file_is_held_in_memory(tmp_path: Path):
    source = open_volume(write(tmp_path / "v.nii.gz", STACK.T))
    assert "held in memory" in source.notes[0]
    np.testing.assert_array_equal(source.read_all(), STACK)


@pytest.mark.parametrize(("unit", "size"), [("mm", (50e6, 4e6, 4e6)), ("unknown", None)])
def test_units(tmp_path: Path, unit: str, size: tuple[float, ...] | None):
    source = open_volume(write(tmp_path / "v.nii", STACK.T, np.diag([4, 4, 50, 1]), unit))
    assert source.voxel_size_nm == (pytest.approx(size) if size else None) and bool(source.notes) == (size is None)


def test_a_volume_that_is_turned_or_mirrored_is_read_as_stored(tmp_path: Path):
    for affine in (UM * [-1, 1, 1, 1], UM[[1, 0, 2, 3]]):
        source = open_volume(write(tmp_path / "v.nii", STACK.T, affine))
        assert "turns or mirrors" in source.notes[0] and source.voxel_size_nm == pytest.approx((50, 4, 4))
        np.testing.assert_array_equal(source.read_all(), STACK)


def test_scaled_numbers_are_said(tmp_path: Path):
    image = nibabel.Nifti1Image(STACK.T.astype(np.int16), UM)
    image.header.set_slope_inter(2, 1)
    nibabel.save(image, tmp_path / "v.nii")
    content = bytearray((tmp_path / "v.nii").read_bytes())
    content[112:120] = np.array([2, 1], "<f4").tobytes()
    (tmp_path / "v.nii").write_bytes(content)
    source = open_volume(tmp_path / "v.nii")
    assert source.dtype == np.float64 and any("labels may be damaged" in note for note in source.notes)


def test_what_is_no_stack_is_refused(tmp_path: Path):
    np.testing.assert_array_equal(open_volume(write(tmp_path / "u.nii", STACK.T[..., None])).read_all(), STACK)
    with pytest.raises(UserError, match="split channels or time points"):
        open_volume(write(tmp_path / "v.nii", np.stack([STACK.T] * 2, -1)))
    path = write(tmp_path / "w.nii", STACK.T)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="cannot be read"):
        open_volume(path).read_all()
    (tmp_path / "x.nii").write_text("no header")
    with pytest.raises(UserError, match="cannot be read as NIfTI"):
        open_volume(tmp_path / "x.nii")
