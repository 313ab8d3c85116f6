"""Folders of slices: in natural order, alike, without gaps that nobody hears of."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def save(folder: Path, names: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, grey in zip(names, STACK, strict=True):
        Image.fromarray(grey).save(folder / name)
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_volume(folder).read_all()
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["PNG", "png", "tif", "TIFF"])
def test_slices_come_in_natural_order(tmp_path: Path, suffix: str):
    source = open_volume(save(tmp_path, [f"s{number}.{suffix}" for number in (8, 9, 10, 11, 100)]))
    np.testing.assert_array_equal(source.read_all(), STACK)
    np.testing.assert_array_equal(source.read(slice(3, 5), slice(2, 9), slice(0, 4)), STACK[3:5, 2:9, :4])


def test_gaps_in_the_numbers_are_noted(tmp_path: Path):
    source = open_volume(save(tmp_path / "gap", [f"s_{number:03}.tif" for number in (1, 2, 4, 5, 8)]))
    assert "3 slices are missing by their numbers (3, 6, 7)" in source.notes[0]
    assert open_volume(save(tmp_path / "tens", [f"{number}.tif" for number in (0, 10, 20, 30, 40)])).notes == ()
    assert open_volume(save(tmp_path / "names", ["a.png", "b.png", "c1.png", "c2.png", "d.png"])).notes == ()


def test_two_files_of_one_number_are_refused(tmp_path: Path):
    assert "which comes first" in refusal(save(tmp_path, ["1.png", "01.png", "2.png", "3.png", "4.png"]))


def test_a_mixed_folder_is_refused(tmp_path: Path):
    assert "2 .png and 3 .tif" in refusal(save(tmp_path, ["1.png", "2.png", "3.tif", "4.tif", "5.tif"]))


def test_a_stack_among_slices_is_refused(tmp_path: Path):
    tifffile.imwrite(tmp_path / "0.tif", STACK, photometric="minisblack")
    assert "holds 5 slices, expected one in each file" in refusal(tmp_path)


def test_other_files_do_not_matter(tmp_path: Path):
    folder = save(tmp_path, [f"{number}.png" for number in range(5)])
    (folder / "._0.png").write_bytes(b"of a Mac")
    (folder / "notes.txt").touch()
    np.testing.assert_array_equal(open_volume(folder).read_all(), STACK)


def png_of_bits(path: Path, bits: int) -> None:
    """Write a PNG of 8 x 8 pixels with so many bits each, all of them 1, as Pillow cannot."""
    rows = b"".join(b"\0" + bytes([0b01010101 if bits == 2 else 0b00010001]) * bits for _ in range(8))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 8, 8, bits, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [2, 4])
def test_a_png_of_few_bits_is_not_scaled_but_refused(tmp_path: Path, bits: int):
    png_of_bits(tmp_path / "0.png", bits)
    assert f"{bits} bits a pixel" in refusal(tmp_path)


def test_a_png_of_one_bit_keeps_0_and_1(tmp_path: Path):
    Image.fromarray(STACK[0] > 127).save(tmp_path / "0.png")
    read = open_volume(tmp_path).read_all()
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read[0], STACK[0] > 127)
