"""Folders of slices: in natural order, alike, without gaps that nobody hears of."""

import gc
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from rare_images import png_chunk, write_png

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


@pytest.mark.parametrize("bits", [2, 4])
def test_a_png_of_few_bits_is_not_scaled_but_refused(tmp_path: Path, bits: int):
    write_png(tmp_path / "0.png", STACK[0] >> 8 - bits, bits)
    assert f"{bits} bits a pixel" in refusal(tmp_path)


PALETTE = png_chunk(b"PLTE", bytes(range(256)) * 3)
COLOURS = {  # channels, bits, PNG's number of the kind, further chunks, message
    "rgb": (3, 8, 2, b"", "expected a grey-value slice"),
    "rgb of 16 bits": (3, 16, 2, b"", "expected a grey-value slice"),
    "rgb with alpha": (4, 8, 6, b"", "expected a grey-value slice"),
    "grey with alpha": (2, 8, 4, b"", "expected a grey-value slice"),
    "grey with alpha of 16 bits": (2, 16, 4, b"", "expected a grey-value slice"),
    "palette": (1, 8, 3, PALETTE, "a palette image"),
    "palette of 4 bits": (1, 4, 3, png_chunk(b"PLTE", bytes(range(16)) * 3), "a palette image"),
    "palette of 1 bit": (1, 1, 3, png_chunk(b"PLTE", bytes(3) + b"\xff" * 3), "a palette image"),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_and_palettes_are_refused(tmp_path: Path, kind: str):
    channels, bits, colour, further, message = COLOURS[kind]
    grey = STACK[0] >> max(0, 8 - bits)
    image = grey if channels == 1 else np.stack([grey] * channels, -1)
    write_png(tmp_path / "0.png", image, bits, colour, further)
    assert message in refusal(tmp_path)


@pytest.mark.parametrize("chunk", [b"tRNS\0\5", b"gAMA\0\1\x86\xa0", b"sBIT\x06", b"pHYs\0\0\0\1\0\0\0\1\1"])
@pytest.mark.parametrize("bits", [8, 16])
def test_what_a_png_says_of_its_values_changes_none(tmp_path: Path, bits: int, chunk: bytes):
    stack = STACK if bits == 8 else STACK.astype(np.uint16) * 257
    for z, grey in enumerate(stack):
        write_png(tmp_path / f"{z}.png", grey, bits, further=png_chunk(chunk[:4], chunk[4:]))
    source = open_volume(tmp_path)
    assert source.dtype == stack.dtype
    np.testing.assert_array_equal(source.read_all(), stack)


@pytest.mark.parametrize("odd", ["bits", "size", "colour", "end", "nothing"])
def test_one_slice_that_is_not_like_the_others_is_named(tmp_path: Path, odd: str):
    folder = save(tmp_path, [f"s{z}.png" for z in range(5)])
    file = folder / "s3.png"
    if odd == "bits":
        write_png(file, STACK[3].astype(np.uint16), 16)
    elif odd == "size":
        write_png(file, STACK[3, :20])
    elif odd == "colour":
        write_png(file, np.stack([STACK[3]] * 3, -1), colour=2)
    else:
        file.write_bytes(file.read_bytes()[: -60 if odd == "end" else 0])
    assert str(file) in refusal(folder)


def test_white_is_zero_slice_by_slice(tmp_path: Path):
    for z, grey in enumerate(STACK):
        white = z % 2 == 1
        options = {"photometric": "miniswhite" if white else "minisblack"}
        tifffile.imwrite(tmp_path / f"{z}.tif", 255 - grey if white else grey, **options)
    np.testing.assert_array_equal(open_volume(tmp_path).read_all(), STACK)


def test_files_that_were_read_are_closed(tmp_path: Path, recwarn: pytest.WarningsRecorder):
    warnings.simplefilter("always", ResourceWarning)
    for z, grey in enumerate(STACK):
        tifffile.imwrite(tmp_path / f"{z}.tif", grey)
    open_volume(tmp_path).read_all()
    open_volume(tmp_path / "0.tif").read_all()
    gc.collect()
    assert not [each for each in recwarn if str(tmp_path) in str(each.message)]


def test_names_with_several_numbers_are_said(tmp_path: Path):
    names = [f"z{z}_x{x}.png" for z, x in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1))]
    assert "2 numbers differ in the names" in open_volume(save(tmp_path / "tiles", names)).notes[0]
    names = [f"run2_s{z}.png" for z in (8, 9, 10, 11, 12)]
    assert not open_volume(save(tmp_path / "run", names)).notes


def test_a_png_of_one_bit_keeps_0_and_1(tmp_path: Path):
    Image.fromarray(STACK[0] > 127).save(tmp_path / "0.png")
    read = open_volume(tmp_path).read_all()
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read[0], STACK[0] > 127)
