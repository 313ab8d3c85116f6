"""The kinds of `bad_inputs`: volumes of each format, in sound variants that must read exactly, and damaged."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from damage import damage

from fusionnet.volumes.volume import open_volume

warnings.simplefilter("ignore")
SHAPES = ((5, 30, 40), (1, 17, 9), (6, 64, 5), (2, 33, 130), (12, 8, 8))
SOUND_SHARE = 0.3  # of the inputs are left as they were written
BEGINNINGS = ("truncated", "emptied", "a_page")  # what is left of a file that holds all must not read as something else


@dataclass(frozen=True)
class Made:
    """An input.

    Attributes:
        what: The variant, and what was done to it.
        read: Reads it as the package does; returns what is wrong with what came, or None.
        names: One of them must stand in a refusal.
        writes: Reading may write beside it, as a training sets a damaged state aside.
    """

    what: str
    read: Callable[[], str | None]
    names: tuple[str, ...]
    writes: bool = False


Writer = Callable[[Path, np.ndarray, np.random.Generator], tuple[Path | str, str]]


def voxels(rng: np.random.Generator, dtypes: tuple[Any, ...]) -> np.ndarray:
    """Return a stack of some shape and type, its values near the type's ends too."""
    dtype = np.dtype(dtypes[rng.integers(len(dtypes))])
    shape = SHAPES[rng.integers(len(SHAPES))]
    if dtype.kind == "f":
        return rng.normal(0, 1e3, shape).astype(dtype)
    information = np.iinfo(dtype)
    return rng.integers(information.min, information.max, shape, dtype=dtype, endpoint=True)


def volume(writer: Writer, dtypes: tuple[Any, ...]) -> Callable[[Path, np.random.Generator], Made]:
    """Return a kind: a volume that is written by ``writer``, with values of one of some types."""

    def make(folder: Path, rng: np.random.Generator) -> Made:
        stack = voxels(rng, dtypes)
        path, variant = writer(folder, stack, rng)
        file = Path(str(path).split(".h5:")[0] + ".h5") if ".h5:" in str(path) else Path(path)
        done = "sound" if rng.random() < SOUND_SHARE else damage(file, rng)
        must_match = done == "sound" or (file.is_file() and done in BEGINNINGS)
        return Made(f"{variant}, {done}", lambda: _wrong(path, stack if must_match else None), (file.name,))

    return make


def _wrong(path: Path | str, expected: np.ndarray | None) -> str | None:
    source = open_volume(path)
    if int(np.prod(source.shape, dtype=np.float64)) * source.dtype.itemsize > 1 << 26:
        for place in (0, source.shape[0] - 1):  # a declared size costs nothing before it is read
            source.read(slice(place, place + 1), slice(0, 8), slice(0, 8))
        return None if expected is None else f"shape {source.shape}"
    found = source.read_all()
    if found.shape != source.shape or found.dtype != source.dtype:
        return f"{found.dtype} {found.shape} where {source.dtype} {source.shape} was told"
    if expected is None:
        return None
    if found.shape != expected.shape or not np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f"):
        return f"other values: {found.dtype} {found.shape}, expected {expected.dtype} {expected.shape}"
    return None


def _pick(rng: np.random.Generator, *values: Any) -> Any:
    return values[rng.integers(len(values))]


def tiff(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write a TIFF: strips or tiles, any compression and order of bytes, BigTIFF, ImageJ's and OME's metadata."""
    import tifffile

    options: dict[str, Any] = {"photometric": "minisblack", "compression": _pick(rng, None, "zlib", "lzw", "zstd")}
    style = _pick(rng, "plain", "imagej", "ome", "page by page")
    if style == "imagej":
        options["compression"] = None
        if stack.dtype not in (np.uint8, np.uint16, np.float32):
            style = "plain"
    if style == "ome" and stack.dtype in (np.uint64, np.int64, np.float16):  # OME has no such types
        style = "plain"
    if style != "imagej":
        options |= {"bigtiff": bool(rng.integers(2)), "byteorder": _pick(rng, "<", ">")}
        tile = _pick(rng, None, (16, 16), (32, 16))
        options |= {"tile": tile} if tile else {"rowsperstrip": int(_pick(rng, 1, 7, 1000))}
        options |= {"predictor": _pick(rng, None, True)} if options["compression"] and stack.dtype.itemsize < 8 else {}
    path = folder / _pick(rng, "stack.tif", "stack.TIFF", "a stack, 5% (1).tif", "stäck.tif")
    if style == "page by page":
        big = {"bigtiff": options.pop("bigtiff"), "byteorder": options.pop("byteorder")}
        with tifffile.TiffWriter(path, **big) as writer:
            for plane in stack:
                writer.write(plane, contiguous=False, metadata=None, **options)
    elif style == "plain":
        tifffile.imwrite(path, stack, **options)
    else:
        tifffile.imwrite(path, stack, **{style: True}, metadata={"axes": "ZYX"}, **options)
    return path, f"{style} {stack.dtype} {options}"


def hdf5(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[str, str]:
    """Write an array of an HDF5 file: contiguous or in chunks, compressed, with checksums."""
    import h5py

    chunks = _pick(rng, None, True, tuple(min(side, 4) for side in stack.shape))
    options: dict[str, Any] = {"chunks": chunks} if chunks else {}
    if chunks:
        options |= {"compression": _pick(rng, None, "gzip", "lzf"), "shuffle": bool(rng.integers(2))}
        options |= {"fletcher32": bool(rng.integers(2))}
    key = _pick(rng, "data", "volumes/raw", "a/b/c")
    order = _pick(rng, "<", ">") if stack.dtype.itemsize > 1 else "="
    with h5py.File(folder / "stack.h5", "w", libver=_pick(rng, "earliest", "latest")) as file:
        file.create_dataset(key, data=stack.astype(stack.dtype.newbyteorder(order)), **options)
        if rng.integers(2):
            file[key].attrs["resolution"] = [50, 4, 4]
    return f"{folder / 'stack.h5'}:{key}", f"{stack.dtype} {options}"


def zarr(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write a Zarr array or OME-Zarr image of either format, in chunks or shards, compressed or not."""
    import zarr as library

    version = int(_pick(rng, 2, 3))
    chunks = tuple(int(_pick(rng, side, -(-side // 2), -(-side // 3))) for side in stack.shape)
    codec: dict[str, Any] = {}
    if rng.integers(2):
        codec = {"compressors": None}
    if version == 3 and rng.integers(2):
        codec["shards"] = tuple(2 * side for side in chunks)
    order = {"order": _pick(rng, "C", "F")} if version == 2 else {}
    is_image = bool(rng.integers(2))
    if is_image:
        group: Any = library.open_group(folder / "image.zarr", mode="w", zarr_format=version)
        array = group.create_array("0", shape=stack.shape, dtype=stack.dtype, chunks=chunks, **codec, **order)
        scale = [{"type": "scale", "scale": [50.0, 4.0, 4.0]}]
        axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
        image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}], "version": "0.4"}
        group.attrs.update({"multiscales": [image]} if version == 2 else {"ome": {"multiscales": [image]}})
    else:
        options = {"shape": stack.shape, "dtype": stack.dtype, "chunks": chunks, "zarr_format": version}
        array = library.create_array(folder / "image.zarr", **options, **codec, **order)
    array[:] = stack
    return folder / "image.zarr", f"format {version} {stack.dtype} {chunks} {codec} {order} image: {is_image}"


def n5(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write an N5 array of any compression."""
    import tensorstore

    kind = _pick(rng, "raw", "gzip", "bzip2", "xz", "blosc")
    more = {"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0} if kind == "blosc" else {}
    x_first = stack.transpose(2, 1, 0)
    metadata = {"compression": {"type": kind, **more}, "dataType": str(stack.dtype), "dimensions": x_first.shape}
    metadata["blockSize"] = [min(side, 7) for side in x_first.shape]
    store = {"driver": "n5", "kvstore": f"file://{folder / 'array'}/", "metadata": metadata}
    tensorstore.open(store, create=True).result().write(x_first).result()
    return folder / "array", f"{stack.dtype} {kind}"


def precomputed(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write neuroglancer's format, in chunks or shards."""
    import tensorstore

    x_first = stack.transpose(2, 1, 0)[..., np.newaxis]
    store: dict[str, Any] = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{folder / 'volume'}/"}
    store["multiscale_metadata"] = {"type": "image", "data_type": str(stack.dtype), "num_channels": 1}
    chunk = [min(side, 8) for side in x_first.shape[:3]]
    scale = {"size": x_first.shape[:3], "chunk_size": chunk, "resolution": [4, 4, 50], "encoding": "raw"}
    if rng.integers(2):
        scale["sharding"] = {"@type": "neuroglancer_uint64_sharded_v1", "hash": "identity", "preshift_bits": 1}
        scale["sharding"] |= {"minishard_bits": 1, "shard_bits": 2, "data_encoding": _pick(rng, "raw", "gzip")}
    store["scale_metadata"] = scale
    tensorstore.open(store, create=True).result().write(x_first).result()
    return folder / "volume", f"{stack.dtype} {scale.get('sharding', 'chunks')}"


def mrc(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write an MRC file."""
    import mrcfile

    path = folder / f"stack.{_pick(rng, 'mrc', 'rec', 'st', 'map')}"
    with mrcfile.new(path) as file:
        file.set_data(stack)
        file.voxel_size = (40, 40, 500)
    return path, str(stack.dtype)


def png_folder(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write a folder of PNG slices."""
    from PIL import Image

    slices = folder / "slices"
    slices.mkdir()
    for number, plane in enumerate(stack):
        Image.fromarray(plane).save(slices / f"slice-{number}.png", compress_level=int(rng.integers(10)))
    return slices, str(stack.dtype)


def tiff_folder(folder: Path, stack: np.ndarray, rng: np.random.Generator) -> tuple[Path, str]:
    """Write a folder of TIFF slices."""
    import tifffile

    slices = folder / "slices"
    slices.mkdir()
    compression = _pick(rng, None, "zlib")
    for number, plane in enumerate(stack, 8):
        tifffile.imwrite(slices / f"s{number}.tif", plane, photometric="minisblack", compression=compression)
    return slices, f"{stack.dtype} {compression}"


INTEGERS = (np.uint8, np.uint16, np.uint32, np.int16, np.int32)
ANY = (*INTEGERS, np.int8, np.uint64, np.float32, np.float64)
VOLUMES: dict[str, Callable[[Path, np.random.Generator], Made]] = {
    "TIFF": volume(tiff, (*ANY, np.float16)),
    "HDF5": volume(hdf5, (*ANY, np.float16)),
    "Zarr and OME-Zarr": volume(zarr, ANY),
    "N5": volume(n5, ANY),
    "precomputed": volume(precomputed, (np.uint8, np.uint16, np.uint32, np.float32)),
    "MRC": volume(mrc, (np.int16, np.uint16, np.float32)),
    "folders of PNG": volume(png_folder, (np.uint8, np.uint16)),
    "folders of TIFF": volume(tiff_folder, (np.uint8, np.uint16, np.float32)),
}


def kinds() -> dict[str, Callable[[Path, np.random.Generator], Made]]:
    """Return all kinds; those of the project's own files lie beside."""
    from own_kinds import OWN

    return VOLUMES | OWN


def json_of(path: Path) -> Any:
    """Return a file's JSON."""
    return json.loads(path.read_text(encoding="utf-8"))


KINDS = kinds()
