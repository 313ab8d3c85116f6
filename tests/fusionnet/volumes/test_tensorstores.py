"""Arrays in chunks: N5, neuroglancer's precomputed volumes, every coding of Zarr; and chunks that are missing."""

import json
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import tensorstore
import zarr

from fusionnet.errors import UserError
from fusionnet.volumes import tensorstores
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(0, 256, (5, 30, 40), dtype=np.uint8)


def n5(path: Path, voxels: np.ndarray, **attributes: Any) -> Path:
    metadata = {"compression": {"type": "raw"}, "dataType": "uint8", "dimensions": voxels.shape}
    metadata["blockSize"] = [min(side, 4) for side in voxels.shape]
    store = {"driver": "n5", "kvstore": f"file://{path}/", "metadata": metadata}
    tensorstore.open(store, create=True, delete_existing=True).result().write(voxels).result()
    content = json.loads((path / "attributes.json").read_text())
    (path / "attributes.json").write_text(json.dumps(content | attributes))
    return path


def test_n5_counts_its_axes_from_x(tmp_path: Path):
    source = open_volume(n5(tmp_path / "s0", STACK.transpose(2, 1, 0)))
    assert source.depth == 4 and source.voxel_size_nm is None
    np.testing.assert_array_equal(source.read_all(), STACK)
    region = slice(1, 3), slice(5, 6), slice(0, 40)
    np.testing.assert_array_equal(source.read(*region), STACK[region])


def test_n5_axes_go_by_their_names(tmp_path: Path):
    sizes = {"axes": ["z", "y", "x"], "resolution": [500, 40, 40], "units": ["angstrom"] * 3}
    source = open_volume(n5(tmp_path / "s0", STACK, **sizes))
    assert source.voxel_size_nm == pytest.approx((50, 4, 4))
    np.testing.assert_array_equal(source.read_all(), STACK)
    with pytest.raises(UserError, match="split channels"):
        open_volume(n5(tmp_path / "s1", STACK, axes=["c", "y", "x"]))


def test_n5_scale_of_fijis_plugins(tmp_path: Path):
    pixel = {"dimensions": [0.004, 0.004, 0.05], "unit": "um"}
    assert open_volume(n5(tmp_path / "s0", STACK.T, pixelResolution=pixel)).voxel_size_nm == pytest.approx((50, 4, 4))
    source = open_volume(n5(tmp_path / "s1", STACK.T, resolution=[4, 4, 50]))
    assert source.voxel_size_nm is None and "order" in source.notes[0]


def test_an_n5_group_is_refused_with_what_is_inside(tmp_path: Path):
    n5(tmp_path / "s0", STACK)
    (tmp_path / "attributes.json").write_text('{"n5": "2.0.0"}')
    with pytest.raises(UserError, match="name the array that is meant inside it: s0"):
        open_volume(tmp_path)


def precomputed(path: Path, channels: int = 1) -> Path:
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{path}/"}
    store["multiscale_metadata"] = {"type": "image", "data_type": "uint8", "num_channels": channels}
    scale = {"resolution": [4, 4, 50], "encoding": "raw", "chunk_size": [16, 16, 2], "voxel_offset": [7, 8, 9]}
    store["scale_metadata"] = scale | {"size": [40, 30, 5]}
    opened = tensorstore.open(store, create=True).result()
    opened.write(np.stack([STACK.transpose(2, 1, 0)] * channels, axis=-1)).result()
    return path


def test_precomputed_volumes_begin_anywhere(tmp_path: Path):
    source = open_volume(precomputed(tmp_path / "v"))
    assert source.voxel_size_nm == (50, 4, 4) and source.depth == 2
    np.testing.assert_array_equal(source.read_all(), STACK)
    with pytest.raises(UserError, match="split channels"):
        open_volume(precomputed(tmp_path / "w", channels=2))


def test_a_precomputed_volume_may_name_its_scales_in_any_order(tmp_path: Path):
    path = precomputed(tmp_path / "v")
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{path}/"}
    scale = {"resolution": [8, 8, 50], "encoding": "raw", "chunk_size": [16, 16, 2], "size": [20, 15, 5]}
    opened = tensorstore.open(store | {"scale_metadata": scale}, create=True, open=True).result()
    opened.write(STACK.T[::2, ::2, :, np.newaxis]).result()
    info = json.loads((path / "info").read_text())
    (path / "info").write_text(json.dumps(info | {"scales": info["scales"][::-1]}))
    source = open_volume(path)
    assert source.voxel_size_nm == (50, 4, 4)
    np.testing.assert_array_equal(source.read_all(), STACK)


@pytest.mark.parametrize("encoding", ["compressed_segmentation", "raw", "png", "sharded"])
def test_labels_in_a_precomputed_volume(tmp_path: Path, encoding: str):
    labels = np.random.default_rng(0).integers(0, 9, (5, 30, 40), dtype=np.uint32)
    labels = labels.astype(np.uint8) if encoding == "png" else labels
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{tmp_path}/v/"}
    kind = {"type": "segmentation", "data_type": str(labels.dtype), "num_channels": 1}
    scale = {"resolution": [4, 4, 50], "chunk_size": [16, 16, 2], "size": [40, 30, 5]}
    scale["encoding"] = "raw" if encoding == "sharded" else encoding
    if encoding == "compressed_segmentation":
        scale["compressed_segmentation_block_size"] = [8, 8, 8]
    if encoding == "sharded":
        bits = {"preshift_bits": 1, "minishard_bits": 1, "shard_bits": 1}
        scale["sharding"] = {"@type": "neuroglancer_uint64_sharded_v1", "hash": "identity", **bits}
    opened = tensorstore.open(store | {"multiscale_metadata": kind, "scale_metadata": scale}, create=True).result()
    opened.write(labels.T[..., np.newaxis]).result()
    source = open_volume(tmp_path / "v")
    np.testing.assert_array_equal(source.read_all(), labels)
    assert source.dtype == labels.dtype and not source.notes


@pytest.mark.parametrize("content", ["no JSON", '{"@type": "neuroglancer_legacy_mesh"}'])
def test_a_file_of_that_name_makes_no_precomputed_volume(tmp_path: Path, content: str):
    (tmp_path / "info").write_text(content)
    with pytest.raises(UserError, match=r"holds no \.png and no \.tif slices"):
        open_volume(tmp_path)
    (tmp_path / "info").write_text('{"scales": []}')
    with pytest.raises(UserError, match="not that of a precomputed volume"):
        open_volume(tmp_path)


def holed(kind: str, folder: Path, fill: int) -> tuple[Path, Path]:
    """Write STACK in 4 x 4 x 2 chunks or so, and return its path and that of one chunk's file."""
    path = folder / "v"
    if kind == "n5":
        return n5(path, STACK.T), path / "1/2/0"
    if kind == "precomputed":
        return precomputed(path), path / "4_4_50" / "23-39_24-38_9-11"
    version = 2 if kind == "zarr-2" else 3
    shards = {"shards": (4, 20, 20)} if kind == "sharded" else {}
    zarr.create_array(
        path,
        data=STACK,
        chunks=(2, 10, 10),
        fill_value=fill,
        zarr_format=version,
        config={"write_empty_chunks": True},
        **shards,
    )
    return path, path / {"zarr-2": "0.1.2", "zarr-3": "c/0/1/2", "sharded": "c/0/1/1"}[kind]


@pytest.mark.parametrize("kind", ["zarr-2", "zarr-3", "sharded", "n5", "precomputed"])
def test_chunks_that_are_missing_are_counted_and_said(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture):
    path, chunk = holed(kind, tmp_path, 7)
    assert not open_volume(path).notes
    chunk.unlink()
    source = open_volume(path)
    fill = 0 if kind in ("n5", "precomputed") else 7
    found = source.read_all()
    assert (found != STACK).any() and (found[found != STACK] == fill).all()
    few = f"chunks is missing and is read as {fill}: a program left them out as empty"
    expected = {"zarr-2": f"1 of 36 {few}", "zarr-3": f"1 of 36 {few}", "n5": f"1 of 160 {few}"}
    expected |= {"sharded": "4 of 36 chunks are missing and are read as 7"}
    expected |= {"precomputed": f"1 of 18 {few}"}
    assert len(caplog.messages) == 1 and expected[kind] in caplog.messages[0]


def test_a_chunk_that_vanishes_while_a_volume_is_read_is_no_fill_value(tmp_path: Path):
    path, chunk = holed("zarr-3", tmp_path, 0)
    source = open_volume(path)
    chunk.unlink()
    with pytest.raises(UserError, match="is missing, and was there when the volume was opened"):
        source.read_all()


@pytest.mark.parametrize("kind", ["zarr-2", "zarr-3", "sharded", "precomputed"])
def test_metadata_without_a_chunk_is_no_volume(tmp_path: Path, kind: str):
    path, chunk = holed(kind, tmp_path, 0)
    for file in chunk.parents[2 if kind in ("zarr-3", "sharded") else 0].rglob("*"):
        if file.is_file() and not file.name.startswith((".z", "zarr.json")):
            file.unlink()
    with pytest.raises(UserError, match=r"not one of its \d\d chunks is there; fetch or export it again"):
        open_volume(path)


def test_counting_chunks_does_not_take_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, chunk = holed("zarr-3", tmp_path, 0)
    chunk.unlink()
    monkeypatch.setattr(tensorstores, "COUNTING_SECONDS", 0)
    assert "at least 1 of 36 chunks" in open_volume(path).notes[0]
    monkeypatch.setattr(tensorstores, "MOST_COUNTED", 35)
    source = open_volume(path)
    assert not source.notes
    assert (source.read_all() == 0).sum() >= 200


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("codec", ["blosc", "zstd", "gzip", "zlib", "bz2", "lz4", "delta", "none"])
def test_every_compression_of_zarr(tmp_path: Path, codec: str, version: int):
    two = {
        "blosc": {"compressors": numcodecs.Blosc(cname="lz4", shuffle=2)},
        "zstd": {"compressors": numcodecs.Zstd(level=3)},
        "gzip": {"compressors": numcodecs.GZip()},
        "zlib": {"compressors": numcodecs.Zlib()},
        "bz2": {"compressors": numcodecs.BZ2()},
        "lz4": {"compressors": numcodecs.LZ4()},
        "delta": {"filters": [numcodecs.Delta(dtype="<u2")], "compressors": numcodecs.Zlib()},
        "none": {"compressors": None},
    }
    three = {
        "blosc": {"compressors": zarr.codecs.BloscCodec(cname="lz4", shuffle="bitshuffle")},
        "zstd": {"compressors": zarr.codecs.ZstdCodec(level=3, checksum=True)},
        "gzip": {"compressors": zarr.codecs.GzipCodec()},
        "delta": {"serializer": zarr.codecs.BytesCodec(endian="big"), "compressors": zarr.codecs.Crc32cCodec()},
        "none": {"compressors": None, "filters": [zarr.codecs.TransposeCodec(order=(2, 0, 1))]},
    }
    options = (two if version == 2 else three).get(codec)
    if options is None:
        pytest.skip("no codec of Zarr 3")
    stack = STACK.astype(np.uint16) * 200
    zarr.create_array(tmp_path / "v", data=stack, chunks=(2, 16, 16), zarr_format=version, **options)
    source = open_volume(tmp_path / "v")
    assert source.dtype == np.uint16 and source.depth == 2 and not source.notes
    np.testing.assert_array_equal(source.read_all(), stack)
    region = slice(1, 4), slice(3, 20), slice(30, 31)
    np.testing.assert_array_equal(source.read(*region), stack[region])


def test_missing_chunks_of_a_compression_of_numcodecs_are_counted_too(tmp_path: Path):
    zarr.create_array(tmp_path / "v", data=STACK, chunks=(2, 16, 16), zarr_format=2, compressors=numcodecs.LZ4())
    (tmp_path / "v/0.0.0").unlink()
    assert "1 of 18 chunks" in open_volume(tmp_path / "v").notes[0]


@pytest.mark.parametrize("dtype", ["bool", "i1", "<i2", ">u2", "<u4", ">i4", "<u8", "<f2", ">f4", "<f8", "<c8", "<U3"])
def test_every_type_of_zarr_2_is_read_in_native_order_or_refused(tmp_path: Path, dtype: str):
    stack = (STACK % 2).astype(dtype)
    zarr.create_array(tmp_path / "v", data=stack, zarr_format=2)
    if np.dtype(dtype).kind in "buif":
        source = open_volume(tmp_path / "v")
        assert source.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(source.read_all(), stack)
    else:
        with pytest.raises(UserError):
            open_volume(tmp_path / "v")


def test_n5_of_bigdataviewer_and_of_fijis_multiscale_groups(tmp_path: Path):
    level = n5(tmp_path / "v.n5/setup0/timepoint0/s0", STACK.T, downsamplingFactors=[1, 1, 1])
    n5(tmp_path / "v.n5/setup0/timepoint0/s1", STACK.T[::2, ::2], downsamplingFactors=[2, 2, 1])
    (tmp_path / "v.n5/attributes.json").write_text('{"n5": "2.0.0"}')
    group = level.parent / "attributes.json"
    group.write_text('{"multiScale": true, "resolution": [4, 4, 50]}')
    assert open_volume(level).voxel_size_nm is None
    np.testing.assert_array_equal(open_volume(level).read_all(), STACK)
    for path, inside in ((tmp_path / "v.n5", "setup0"), (level.parent, "s0, s1")):
        with pytest.raises(UserError, match=f"inside it: {inside}"):
            open_volume(path)
    group.write_text(json.dumps({"pixelResolution": {"dimensions": [4, 4, 50], "unit": "nm"}}))
    assert open_volume(level).voxel_size_nm == (50, 4, 4)
    assert open_volume(level.parent / "s1").voxel_size_nm == (50, 8, 8)


def test_n5_axes_in_the_order_of_zarr_are_said(tmp_path: Path):
    assert "most programs have x first" in open_volume(n5(tmp_path / "s0", STACK, axes=["z", "y", "x"])).notes[0]
    assert not open_volume(n5(tmp_path / "s1", STACK.T, axes=["x", "y", "z"])).notes
