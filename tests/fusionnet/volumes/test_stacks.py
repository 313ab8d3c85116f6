"""Whole stacks: written so that Fiji opens them and nothing is lost, read with their labels checked."""

import errno
from pathlib import Path

import numpy as np
import pytest
import tifffile

from fusionnet.errors import UserError
from fusionnet.volumes.stacks import read_provenance, read_stack, require_same_shape, write_volume
from fusionnet.volumes.volume import read_labels, read_volume

STACK = np.random.default_rng(0).random((4, 30, 40)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(4, 30, 40), (1, 30, 40), (3, 5, 4), (4, 16, 3), (3, 16, 16)])
def test_what_is_written_is_read(tmp_path: Path, dtype: type, shape: tuple[int, ...]):
    stack = (np.random.default_rng(1).random(shape) * 200).astype(dtype)
    write_volume(tmp_path / "v.tif", stack, {"stage": "test"})
    read = read_volume(tmp_path / "v.tif")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, stack)


def test_fiji_finds_slices_and_provenance(tmp_path: Path):
    write_volume(tmp_path / "v.tif", STACK, {"stage": "predict", "inputs": {"volume": "ab" * 32}})
    with tifffile.TiffFile(tmp_path / "v.tif") as tiff:
        assert tiff.is_imagej and tiff.series[0].axes == "ZYX"
        assert tiff.imagej_metadata["slices"] == 4 and "channels" not in tiff.imagej_metadata
    assert read_provenance(tmp_path / "v.tif") == {"stage": "predict", "inputs": {"volume": "ab" * 32}}


def test_a_foreign_tiff_has_no_provenance(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack")
    assert read_provenance(tmp_path / "v.tif") == {}


def test_equal_stacks_give_equal_bytes(tmp_path: Path):
    for name in ("a.tif", "b.tif"):
        write_volume(tmp_path / name, STACK, {"stage": "test"})
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_a_full_disk_leaves_the_old_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_volume(tmp_path / "v.tif", STACK, {})

    def full(path: Path, *_: object, **__: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full)
    with pytest.raises(OSError, match="No space left"):
        write_volume(tmp_path / "v.tif", STACK + 1, {})
    np.testing.assert_array_equal(read_volume(tmp_path / "v.tif"), STACK)
    assert [file.name for file in tmp_path.iterdir()] == ["v.tif"]


@pytest.mark.parametrize("inside", [1, 255])
def test_labels_become_0_and_1(tmp_path: Path, inside: int):
    truth = (STACK > 0.5).astype(np.uint8)
    write_volume(tmp_path / "labels.tif", truth * np.uint8(inside), {})
    labels = read_labels(tmp_path / "labels.tif")
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, truth)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_labels(path)
    return str(caught.value)


def test_labels_of_other_values_are_refused_with_their_values(tmp_path: Path):
    write_volume(tmp_path / "three.tif", np.arange(3, dtype=np.uint8).reshape(1, 1, 3).repeat(4, axis=1), {})
    assert "3 values (0, 1, 2)" in refusal(tmp_path / "three.tif")
    assert "JPEG" not in refusal(tmp_path / "three.tif")


def test_jpeg_damage_is_suspected(tmp_path: Path):
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.fromarray(((STACK[0] > 0.5) * np.uint8(255)).repeat(3, 0).repeat(3, 1)).save(file, "JPEG")
    write_volume(tmp_path / "jpeg.tif", np.asarray(Image.open(file))[np.newaxis], {})
    assert "JPEG" in refusal(tmp_path / "jpeg.tif") and ", ..." in refusal(tmp_path / "jpeg.tif")


def test_shapes_that_differ_are_named():
    require_same_shape(("a.tif", STACK), ("b.tif", STACK))
    with pytest.raises(UserError, match=r"a.tif has shape \(4, 30, 40\) but b.tif has \(3, 30, 40\)"):
        require_same_shape(("a.tif", STACK), ("b.tif", STACK[1:]))


def test_a_stack_cut_anywhere_is_whole_or_refused(tmp_path: Path):
    """Where its chain of pages is cut, tifffile reads a shorter stack."""
    path = tmp_path / "v.tif"
    write_volume(path, STACK[:, :6, :8], {"stage": "augment"})
    content, ends = path.read_bytes(), set()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            np.testing.assert_array_equal(read_stack(path), STACK[:, :6, :8])
            ends.add("read")
        except UserError as error:
            assert str(path) in str(error) and "make it again" in str(error)
            ends.add("refused")
    assert ends == {"read", "refused"}


def test_provenance_that_cannot_be_read_is_refused(tmp_path: Path):
    write_volume(tmp_path / "v.tif", STACK, {"stage": "augment"})
    content = (tmp_path / "v.tif").read_bytes()
    word = '"stage"'.encode(f"utf-16-{'be' if content[:2] == b'MM' else 'le'}")
    assert word in content
    (tmp_path / "v.tif").write_bytes(content.replace(word, word.replace(b'"', b"!")))
    with pytest.raises(UserError, match="what it was made from cannot be read"):
        read_provenance(tmp_path / "v.tif")
