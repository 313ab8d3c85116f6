"""The many ways to write a TIFF stack: each read right, with its scale, or refused; no guess without a note."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from rare_images import write_ome_tiff, write_packed_tiff

from fusionnet.errors import UserError
from fusionnet.volumes.source import VolumeSource
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)
NM = (50, 4, 4)


def opened(path: Path, expected: np.ndarray = STACK) -> VolumeSource:
    """Open a stack that must be read as expected, also by regions."""
    source = open_volume(path)
    assert source.shape == expected.shape and source.dtype == expected.dtype.newbyteorder("=")
    np.testing.assert_array_equal(source.read_all(), expected)
    region = slice(len(expected) // 2, len(expected)), slice(3, 20), slice(7, 8)
    np.testing.assert_array_equal(source.read(*region), expected[region])
    return source


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_volume(path).read_all()
    assert "\n" not in str(caught.value)
    return str(caught.value)


TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_in_either_byte_order(tmp_path: Path, dtype: str, order: str):
    stack = (STACK // 2).astype(dtype)
    tifffile.imwrite(tmp_path / "v.tif", stack, byteorder=order, photometric="minisblack", bigtiff=order == ">")
    assert not opened(tmp_path / "v.tif", stack).notes


def test_complex_numbers_are_refused(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK.astype(np.complex64), photometric="minisblack")
    assert "values of type complex64" in refusal(tmp_path / "v.tif")


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zstd", "predictor": 2},
        {"tile": (16, 16, 16), "volumetric": True},
        {"rowsperstrip": 7, "compression": "lzw", "predictor": 2},
        {"compression": "packbits", "byteorder": ">"},
        {"compression": "jpegxl", "compressionargs": {"lossless": True}},
    ],
)
def test_tiles_strips_and_compressions(tmp_path: Path, options: dict[str, Any]):
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack", **options)
    opened(tmp_path / "v.tif")


@pytest.mark.parametrize("bits", [1, 10, 12, 14])
@pytest.mark.parametrize("white_is_zero", [False, True])
def test_values_of_some_bits(tmp_path: Path, bits: int, white_is_zero: bool):
    stack = (STACK.astype(np.uint16) * 257 >> 16 - bits).astype(bool if bits == 1 else np.uint16)
    stored = 2**bits - 1 - stack.astype(int) if white_is_zero else stack
    write_packed_tiff(tmp_path / "v.tif", stored, bits, photometric=0 if white_is_zero else 1)
    assert bool(opened(tmp_path / "v.tif", stack).notes) == white_is_zero


@pytest.mark.parametrize("bits", [2, 4, 6])
def test_few_bits_are_refused(tmp_path: Path, bits: int):
    write_packed_tiff(tmp_path / "v.tif", STACK >> 8 - bits, bits)
    assert f"{bits} bits a pixel" in refusal(tmp_path / "v.tif")


@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw"])
def test_stacks_that_pillow_writes(tmp_path: Path, compression: str | None):
    stack = STACK > 127 if compression == "group4" else STACK
    first, *others = map(Image.fromarray, stack)
    first.save(tmp_path / "v.tif", save_all=True, append_images=others, compression=compression)
    opened(tmp_path / "v.tif", stack)


COLOURS: dict[str, Callable[[Path], None]] = {
    "rgb": lambda path: tifffile.imwrite(path, np.stack([STACK[0]] * 3, -1), photometric="rgb"),
    "rgb-pages": lambda path: tifffile.imwrite(path, np.stack([STACK] * 3, -1), photometric="rgb"),
    "planes": lambda path: tifffile.imwrite(path, STACK[:3], photometric="rgb", planarconfig="separate"),
    "samples": lambda path: tifffile.imwrite(path, STACK, photometric="minisblack", planarconfig="separate"),
    "alpha": lambda path: tifffile.imwrite(
        path, np.stack([STACK[0]] * 2, -1), photometric="minisblack", extrasamples=[2], planarconfig="contig"
    ),
    "imagej": lambda path: tifffile.imwrite(path, np.stack([STACK] * 3, -1), imagej=True, metadata={"axes": "ZYXS"}),
    "channels": lambda path: tifffile.imwrite(path, np.stack([STACK] * 2, 1), imagej=True, metadata={"axes": "ZCYX"}),
    "composite": lambda path: tifffile.imwrite(
        path, STACK[:3], imagej=True, metadata={"axes": "CYX", "mode": "composite"}
    ),
    "of ImageJ itself": lambda path: tifffile.imwrite(
        path,
        STACK[:3],
        photometric="minisblack",
        metadata=None,
        description="ImageJ=1.54f\nimages=3\nchannels=3\nhyperstack=true\nmode=grayscale\n",
    ),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_and_channels_are_refused(tmp_path: Path, kind: str):
    COLOURS[kind](tmp_path / "v.tif")
    assert "RGB or multi-channel" in refusal(tmp_path / "v.tif")


def test_three_slices_that_tifffile_took_for_colours(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK[:3], photometric="rgb", planarconfig="separate")
    assert "write them with photometric='minisblack'" in refusal(tmp_path / "v.tif")


@pytest.mark.parametrize("options", [{"imagej": True}, {"ome": True}])
@pytest.mark.parametrize("axes", [None, "CYX"])
def test_channels_that_may_be_slices_are_read_with_a_note(tmp_path: Path, axes: str | None, options: dict[str, bool]):
    path = tmp_path / ("v.ome.tif" if "ome" in options else "v.tif")
    tifffile.imwrite(path, STACK, **options, metadata={"axes": axes} if axes else {})
    assert "its header says 5 channels" in opened(path).notes[0]


def test_slices_by_name_need_no_note(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, metadata={"axes": "ZYX"})
    assert not opened(tmp_path / "v.tif").notes


@pytest.mark.parametrize(("slices", "kept"), [(5, None), (4, "truncated")])
def test_imagejs_own_files_of_one_page(tmp_path: Path, slices: int, kept: str | None):
    header = "ImageJ=1.54f\nimages=5\nslices=5\nunit=\\u00B5m\nspacing=0.05\nloop=false\n"
    resolution = {"resolution": (250, 250)}
    tifffile.imwrite(
        tmp_path / "v.tif", STACK[0], photometric="minisblack", description=header, metadata=None, **resolution
    )
    with (tmp_path / "v.tif").open("ab") as file:
        file.write(STACK[1:slices].tobytes())
    if kept:
        assert kept in refusal(tmp_path / "v.tif")
    else:
        assert opened(tmp_path / "v.tif").voxel_size_nm == pytest.approx(NM)


IMAGEJ_UNITS = {"nm": 1, "nanometers": 1, "um": 1e-3, "micron": 1e-3, "\\u00B5m": 1e-3, "mm": 1e-6, "cm": 1e-7}


@pytest.mark.parametrize("unit", [*IMAGEJ_UNITS, "pixel", "inch", ""])
def test_units_of_imagej(tmp_path: Path, unit: str):
    per = IMAGEJ_UNITS.get(unit, 1)
    metadata = {"axes": "ZYX", "unit": unit, "spacing": 50 * per}
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, resolution=(1 / (4 * per),) * 2, metadata=metadata)
    assert opened(tmp_path / "v.tif").voxel_size_nm == (pytest.approx(NM) if unit in IMAGEJ_UNITS else None)


@pytest.mark.parametrize("micro", [b"\xb5", "\u00b5".encode(), "\u03bc".encode()])
def test_a_micro_sign_as_a_byte(tmp_path: Path, micro: bytes):
    header = b"ImageJ=1.47v\nimages=5\nslices=5\nunit=" + micro + b"m\nspacing=0.05\nloop=false\n"
    tifffile.imwrite(
        tmp_path / "v.tif", STACK, photometric="minisblack", description=header, metadata=None, resolution=(250, 250)
    )
    assert opened(tmp_path / "v.tif").voxel_size_nm == pytest.approx(NM)


def test_a_spacing_that_is_left_out(tmp_path: Path):
    size = {"resolution": (1 / 4, 1 / 4)}
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, metadata={"axes": "ZYX", "unit": "nm"}, **size)
    assert opened(tmp_path / "v.tif").voxel_size_nm is None
    tifffile.imwrite(tmp_path / "w.tif", STACK[0], imagej=True, metadata={"axes": "YX", "unit": "nm"}, **size)
    assert opened(tmp_path / "w.tif", STACK[:1]).voxel_size_nm is None
    header = "ImageJ=1.54f\nimages=5\nslices=5\nunit=nm\nloop=false\n"  # ImageJ itself leaves out a spacing of 1
    tifffile.imwrite(tmp_path / "x.tif", STACK, photometric="minisblack", description=header, metadata=None, **size)
    assert opened(tmp_path / "x.tif").voxel_size_nm == (1, 4, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"resolutionunit": "inch", "resolution": (300, 300)},
        {"resolutionunit": "centimeter", "resolution": (2.5e6,) * 2},
    ],
)
def test_a_printers_resolution_is_no_voxel_size(tmp_path: Path, options: dict[str, Any]):
    tifffile.imwrite(tmp_path / "v.tif", STACK, photometric="minisblack", **options)
    source = opened(tmp_path / "v.tif")
    assert source.voxel_size_nm is None and not source.notes


OME_UNITS = {"nm": 1, "\u00b5m": 1e-3, "\u03bcm": 1e-3, "mm": 1e-6, "m": 1e-9, "pm": 1e3, "\u00c5": 10, "\u212b": 10}


@pytest.mark.parametrize("unit", [*OME_UNITS, "pixel", "reference frame", "in"])
def test_units_of_ome(tmp_path: Path, unit: str):
    per = OME_UNITS.get(unit, 1)
    sizes = "".join(
        f'PhysicalSize{axis}="{side * per}" PhysicalSize{axis}Unit="{unit}" '
        for axis, side in zip("ZYX", NM, strict=True)
    )
    write_ome_tiff(tmp_path / "v.ome.tif", STACK, f'SizeZ="5" SizeC="1" SizeT="1" {sizes}')
    source = opened(tmp_path / "v.ome.tif")
    assert source.voxel_size_nm == (pytest.approx(NM) if unit in OME_UNITS else None)
    assert bool(source.notes) == (unit in ("reference frame", "in"))


@pytest.mark.parametrize("order", ["XYZCT", "XYCZT", "XYTZC"])
def test_slices_of_ome_in_any_order_of_dimensions(tmp_path: Path, order: str):
    write_ome_tiff(tmp_path / "v.ome.tif", STACK, 'SizeZ="5" SizeC="1" SizeT="1"', order)
    opened(tmp_path / "v.ome.tif")


def planes(*numbers: int) -> str:
    return "".join(f'<TiffData IFD="{ifd}" FirstZ="{z}" PlaneCount="1"/>' for ifd, z in enumerate(numbers))


def test_slices_of_ome_stored_in_another_order(tmp_path: Path):
    write_ome_tiff(tmp_path / "v.ome.tif", STACK, 'SizeZ="5" SizeC="1" SizeT="1"', inside=planes(4, 3, 2, 1, 0))
    opened(tmp_path / "v.ome.tif", STACK[::-1])


@pytest.mark.parametrize(
    ("sizes", "inside", "said"),
    [
        ('SizeZ="1" SizeC="1" SizeT="5"', "<TiffData/>", "5 time points of one slice"),
        ('SizeZ="1" SizeC="5" SizeT="1"', "<TiffData/>", "multi-channel"),
        ('SizeZ="7" SizeC="1" SizeT="1"', "<TiffData/>", "of 7 planes, of which 2 are in no file"),
        ('SizeZ="3" SizeC="1" SizeT="1"', "<TiffData/>", "has 5 pages, of which its OME metadata name 3"),
        (
            'SizeZ="6" SizeC="1" SizeT="1"',
            planes(0, 1, 2, 4, 5),
            "of 6 planes, of which 1 are in no file (the first is number 3",
        ),
    ],
)
def test_ome_metadata_that_do_not_fit_a_stack(tmp_path: Path, sizes: str, inside: str, said: str):
    write_ome_tiff(tmp_path / "v.ome.tif", STACK, sizes, inside=inside)
    assert said in refusal(tmp_path / "v.ome.tif")


def test_a_palette_of_imagej_shows_grey_values_in_colours(tmp_path: Path):
    colours = np.random.default_rng(0).integers(0, 256, (3, 256), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, metadata={"axes": "ZYX", "LUTs": [colours]})
    opened(tmp_path / "v.tif")


def test_pages_with_white_and_with_black_as_zero_are_not_mixed(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "v.tif") as writer:
        for z, grey in enumerate(STACK):
            white = z == 3
            writer.write(255 - grey if white else grey, photometric="miniswhite" if white else "minisblack")
    assert "page 4 of 5 has photometric" in refusal(tmp_path / "v.tif")


@pytest.mark.parametrize("subfiletype", [1, 0])
def test_a_smaller_copy_beside_the_slices(tmp_path: Path, subfiletype: int):
    with tifffile.TiffWriter(tmp_path / "v.tif") as writer:
        writer.write(STACK, photometric="minisblack")
        writer.write(STACK[0, ::2, ::2], photometric="minisblack", subfiletype=subfiletype)
    if subfiletype:
        opened(tmp_path / "v.tif")
    else:
        assert "page 6 of 6 has shape (15, 20)" in refusal(tmp_path / "v.tif")
