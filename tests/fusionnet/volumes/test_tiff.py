"""TIFF as other programs write it: all slices, as they are shown, with their scale; or a message."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from fusionnet.errors import UserError
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_volume(path).read_all()
    return str(caught.value)


@pytest.mark.parametrize("compressions", [[None], ["zlib"], [None, "zlib"]])
def test_pages_written_one_by_one_are_slices_in_order(tmp_path: Path, compressions: list[str | None]):
    path = tmp_path / "v.tif"
    with tifffile.TiffWriter(path) as writer:
        for z, grey in enumerate(STACK):
            writer.write(grey, compression=compressions[z % len(compressions)], photometric="minisblack")
    source = open_volume(path)
    np.testing.assert_array_equal(source.read_all(), STACK)
    region = slice(1, 4), slice(3, 20), slice(7, 8)
    np.testing.assert_array_equal(source.read(*region), STACK[region])
    assert any("one by one" in note for note in source.notes)


def test_appended_pages_are_slices(tmp_path: Path):
    path = tmp_path / "v.tif"
    tifffile.imwrite(path, STACK[:3], photometric="minisblack")
    tifffile.imwrite(path, STACK[3:], photometric="minisblack", append=True)
    np.testing.assert_array_equal(open_volume(path).read_all(), STACK)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (STACK[0, :20], r"shape \(20, 40\), page 1 has \(30, 40\)"),
        (STACK[0, ::2, ::2], r"shape \(15, 20\), page 1 has \(30, 40\)"),
        (STACK[0].astype(np.uint16), "dtype uint16, page 1 has uint8"),
    ],
)
def test_pages_that_differ_are_refused(tmp_path: Path, other: np.ndarray, named: str):
    path = tmp_path / "v.tif"
    for description in (None, "no JSON of tifffile's"):
        with tifffile.TiffWriter(path) as writer:
            for grey in (STACK[0], STACK[1], other):
                writer.write(grey, photometric="minisblack", metadata=None, description=description)
        with pytest.raises(UserError, match=f"page 3 of 3 has {named}"):
            open_volume(path)


@pytest.mark.parametrize(("ome", "levels"), [(True, "SubIFDs"), (False, "SubIFDs"), (False, "pages")])
def test_of_a_pyramid_the_finest_level_is_read(tmp_path: Path, ome: bool, levels: str):
    path = tmp_path / ("v.ome.tif" if ome else "v.tif")
    options = {"photometric": "minisblack", "tile": (16, 16), "compression": "zlib"}
    with tifffile.TiffWriter(path, ome=ome) as writer:
        writer.write(STACK, subifds=1 if levels == "SubIFDs" else 0, metadata={"axes": "ZYX"}, **options)
        writer.write(STACK[:, ::2, ::2], subfiletype=1, **options)
    np.testing.assert_array_equal(open_volume(path).read_all(), STACK)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_white_is_zero_is_inverted(tmp_path: Path, dtype: type, compression: str | None):
    path = tmp_path / "v.tif"
    stack = STACK.astype(dtype)
    tifffile.imwrite(path, np.iinfo(dtype).max - stack, photometric="miniswhite", compression=compression)
    source = open_volume(path)
    assert source.dtype == dtype and any("inverted" in note for note in source.notes)
    np.testing.assert_array_equal(source.read_all(), stack)


def test_white_is_zero_of_fractions_is_refused(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK.astype(np.float32), photometric="miniswhite")
    assert "white is zero, of type float32" in refusal(tmp_path / "v.tif")


def test_time_points_are_no_slices(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, metadata={"axes": "TYX"})
    assert "5 time points of one slice" in refusal(tmp_path / "v.tif")


def test_an_ome_stack_written_without_its_axes_is_a_stack(tmp_path: Path):
    tifffile.imwrite(tmp_path / "v.ome.tif", STACK, ome=True)
    np.testing.assert_array_equal(open_volume(tmp_path / "v.ome.tif").read_all(), STACK)
    tifffile.imwrite(tmp_path / "w.ome.tif", STACK[:3], ome=True, photometric="minisblack")
    assert "multi-channel" in refusal(tmp_path / "w.ome.tif")
    names = {"axes": "CYX", "Channel": {"Name": list("abcde")}}
    tifffile.imwrite(tmp_path / "x.ome.tif", STACK, ome=True, metadata=names)
    assert "multi-channel" in refusal(tmp_path / "x.ome.tif")


def test_several_ome_images_are_refused(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "v.ome.tif") as writer:
        writer.write(STACK, photometric="minisblack")
        writer.write(STACK, photometric="minisblack")
    assert "OME-TIFF of 2 images" in refusal(tmp_path / "v.ome.tif")


def test_a_palette_is_refused(tmp_path: Path):
    colours = np.random.default_rng(0).integers(0, 65535, (3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "v.tif", STACK[0], photometric="palette", colormap=colours)
    assert "palette" in refusal(tmp_path / "v.tif")


def test_ome_sizes_have_a_unit_of_their_own_or_micrometres(tmp_path: Path):
    sizes = {"PhysicalSizeX": 0.004, "PhysicalSizeY": 40, "PhysicalSizeYUnit": "\u00c5", "PhysicalSizeZ": 0.05}
    tifffile.imwrite(tmp_path / "v.ome.tif", STACK, ome=True, metadata={"axes": "ZYX"} | sizes)
    assert open_volume(tmp_path / "v.ome.tif").voxel_size_nm == pytest.approx((50, 4, 4))
    tifffile.imwrite(tmp_path / "w.ome.tif", STACK, ome=True, metadata={"axes": "ZYX"})
    assert open_volume(tmp_path / "w.ome.tif").voxel_size_nm is None


@pytest.mark.parametrize("unit", ["pixel", "inch", "furlong"])
def test_an_imagej_scale_that_is_no_length_is_not_known(tmp_path: Path, unit: str):
    tifffile.imwrite(tmp_path / "v.tif", STACK, imagej=True, resolution=(1, 1), metadata={"axes": "ZYX", "unit": unit})
    source = open_volume(tmp_path / "v.tif")
    assert source.voxel_size_nm is None and bool(source.notes) == (unit == "furlong")


def test_a_colon_in_a_folders_name(tmp_path: Path):
    (tmp_path / "run.h5:1").mkdir()
    tifffile.imwrite(tmp_path / "run.h5:1/v.tif", STACK, photometric="minisblack")
    np.testing.assert_array_equal(open_volume(tmp_path / "run.h5:1/v.tif").read_all(), STACK)


def write_in_several_files(folder: Path, compression: str | None, planes: set[int]) -> Path:
    """Write `STACK` as microscopes do, a file for each plane; the metadata, which each has, name some of the planes."""
    folder.mkdir()
    identity = "urn:uuid:00000000-0000-0000-0000-00000000000{}".format
    data = "".join(
        f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="p{z}.ome.tif">{identity(z)}</UUID></TiffData>'
        for z in sorted(planes)
    )
    slices, height, width = STACK.shape
    pixels = f'SizeX="{width}" SizeY="{height}" SizeZ="{slices}" SizeC="1" SizeT="1" Type="{STACK.dtype}"'
    for z, plane in enumerate(STACK):
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{identity(z)}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" {pixels}>'
            f'<Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>'
        )
        options = {"description": xml, "metadata": None, "photometric": "minisblack", "compression": compression}
        tifffile.imwrite(folder / f"p{z}.ome.tif", plane, **options)
    return folder / "p0.ome.tif"


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_an_ome_stack_in_several_files_is_read_and_missing_planes_are_refused(tmp_path: Path, compression: str | None):
    every = set(range(len(STACK)))
    whole = write_in_several_files(tmp_path / "whole", compression, every)
    np.testing.assert_array_equal(open_volume(whole).read_all(), STACK)
    last = whole.with_name(f"p{max(every)}.ome.tif")
    last.write_bytes(last.read_bytes()[:-9])
    assert f"{last.name}: truncated" in refusal(whole)
    last.unlink()
    assert f"of which 1 are in no file (the first is number {max(every)}" in refusal(whole)
    for missing in (0, 2, max(every)):
        path = write_in_several_files(tmp_path / f"without {missing}", compression, every - {missing})
        assert f"of {len(STACK)} planes, of which 1 are in no file" in refusal(path)
