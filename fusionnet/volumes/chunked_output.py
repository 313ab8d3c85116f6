"""Chunked volumes with their levels, written through tensorstore: OME-Zarr, and neuroglancer's precomputed.

Jobs may write chunks of an OME-Zarr's first level at a time, each its own.
"""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from fusionnet.errors import UserError
from fusionnet.files import file_of
from fusionnet.volumes.levels import ALL_LEVELS, Region, factors_of, shape_of, write_levels, written_or_told
from fusionnet.volumes.output import OutputPlan, cannot_be_written
from fusionnet.volumes.source import Shape, VolumeSource

DEEP, WIDE = 16, 256  # of the chunks of an OME-Zarr's further levels
CUBE = 64  # sides of a precomputed volume's chunks


class ZarrWriter:
    """Writes an OME-Zarr image.

    Args:
        name: The path of the result.
        plan: What it is to be.

    Raises:
        UserError: The name does not end in ``.zarr``: a folder of other things would be replaced.
    """

    def __init__(self, name: str, plan: OutputPlan):
        if file_of(name).suffix != ".zarr":
            raise cannot_be_written(name)
        self.plan = plan
        self.size = int(plan.size * ALL_LEVELS)

    def write(self, part: Path, source: VolumeSource) -> None:
        """Write all levels, or those after the first where that is there."""
        factors = factors_of(self.plan)
        copy = not (part / "0").exists()
        arrays = [first_level(part, self.plan, create=copy)]
        arrays += [_level(part, self.plan, level, create=True) for level in range(1, len(factors))]
        write_levels(source, self.plan, arrays, [_chunk(self.plan, level) for level in range(len(factors))], copy)
        for name, content in _group_files(self.plan, factors).items():
            (part / name).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for left in part.rglob("*.__lock"):  # by a job that was killed while it wrote a chunk
            left.unlink()


def first_level(part: Path, plan: OutputPlan, create: bool = False) -> Any:
    """Open or make the first level of an OME-Zarr image; jobs that write chunks of their own may do so at a time."""
    return _level(part, plan, 0, create)


def chunk_file(plan: OutputPlan, region: Region) -> str:
    """Return the name, in an image's folder, of the first level's chunk that a region begins in."""
    numbers = "/".join(str(part.start // side) for part, side in zip(region, plan.chunk, strict=True))
    return f"0/{numbers}" if plan.ome_version == "0.4" else f"0/c/{numbers}"


def _chunk(plan: OutputPlan, level: int) -> Shape:
    deep, tall, wide = plan.chunk
    if level:
        tall, wide = tall // 2, wide // 2
        while max(tall, wide) > WIDE:
            tall, wide = tall // 2, wide // 2
        deep = DEEP
    z, y, x = (min(a, b) for a, b in zip((deep, tall, wide), shape_of(plan, factors_of(plan)[level]), strict=True))
    return z, y, x


def _level(part: Path, plan: OutputPlan, level: int, create: bool) -> Any:
    import tensorstore

    shape, chunk = list(shape_of(plan, factors_of(plan)[level])), list(_chunk(plan, level))
    codec = {"cname": "zstd", "clevel": 1}
    if plan.ome_version == "0.4":
        driver = "zarr"
        kind = plan.dtype.newbyteorder("<").str
        metadata: dict[str, Any] = {"shape": shape, "chunks": chunk, "dtype": kind, "dimension_separator": "/"}
        metadata |= {"compressor": codec | {"id": "blosc", "shuffle": 1}, "fill_value": 0}
    else:
        driver = "zarr3"
        blosc = {"name": "blosc", "configuration": codec | {"shuffle": "shuffle"}}
        grid = {"name": "regular", "configuration": {"chunk_shape": chunk}}
        metadata = {"shape": shape, "chunk_grid": grid, "data_type": plan.dtype.name, "fill_value": 0}
        metadata |= {"codecs": [{"name": "bytes"}, blosc], "dimension_names": list("zyx")}
    spec: dict[str, Any] = {"driver": driver, "kvstore": _files(part / str(level)), "metadata": metadata}
    # A chunk of zeros alone must be there too: what is there is done.
    spec["store_data_equal_to_fill_value"] = True
    with written_or_told() if create else nullcontext():
        return tensorstore.open(spec, create=create, delete_existing=create, open=not create).result()


def _files(folder: Path) -> dict[str, Any]:
    return {"driver": "file", "path": f"{folder.resolve()}/"}


def _group_files(plan: OutputPlan, factors: Sequence[Shape]) -> dict[str, Any]:
    """Return the metadata files of an image's group, by name."""
    unit = {"unit": "nanometer"} if plan.voxel_size_nm else {}
    sides = plan.voxel_size_nm or (1.0, 1.0, 1.0)
    levels = []
    for level, by in enumerate(factors):
        scale = [float(side * f) for side, f in zip(sides, by, strict=True)]
        middle = [float(side * (f - 1) / 2) for side, f in zip(sides, by, strict=True)]
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        steps += [{"type": "translation", "translation": middle}] if level else []
        levels.append({"path": str(level), "coordinateTransformations": steps})
    image: dict[str, Any] = {
        "axes": [{"name": axis, "type": "space"} | unit for axis in "zyx"],
        "datasets": levels,
        "name": plan.name,
        "type": "mode" if plan.labels else "mean",
    }
    shown = _display(plan)
    if plan.ome_version == "0.4":
        attributes = {"multiscales": [image | {"version": "0.4"}], "fusionnet": plan.provenance} | shown
        return {".zgroup": {"zarr_format": 2}, ".zattrs": attributes}
    ome = {"version": "0.5", "multiscales": [image]} | shown
    group = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome, "fusionnet": plan.provenance}}
    return {"zarr.json": group}


def _display(plan: OutputPlan) -> dict[str, Any]:
    """Return how viewers show the image: as labels, or in grey from black to white."""
    if plan.labels:
        return {"image-label": {}}
    if plan.window is None:
        return {}
    low, high = plan.window
    window = {"min": low, "start": low, "end": high, "max": high}
    channel = {"label": plan.name, "color": "FFFFFF", "active": True, "window": window}
    return {"omero": {"channels": [channel], "rdefs": {"model": "greyscale"}}}


class PrecomputedWriter:
    """Writes a volume as neuroglancer reads it.

    Args:
        name: ``precomputed://FOLDER``.
        plan: What it is to be.

    Raises:
        UserError: No voxel size or a type that the format does not have, or the folder holds something else.
    """

    TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float32")

    def __init__(self, name: str, plan: OutputPlan):
        folder = file_of(name)
        if not name.startswith("precomputed://"):
            raise cannot_be_written(name)
        if folder.exists() and not (folder / "info").is_file():
            raise UserError(f"{folder}: is there and no precomputed volume, and would be lost; choose a new folder")
        if plan.voxel_size_nm is None:
            raise UserError(f"{name}: the format needs a voxel size, and this volume's is not known; give --voxel-size")
        if plan.dtype.name not in self.TYPES:
            raise UserError(f"{name}: the format has no voxels of type {plan.dtype}; write .zarr or .h5:KEY")
        self.plan = plan
        self.size = int(plan.size * ALL_LEVELS)

    def write(self, part: Path, source: VolumeSource) -> None:
        """Write all levels."""
        factors = factors_of(self.plan)
        arrays = [self._level(part, by) for by in factors]
        write_levels(source, self.plan, arrays, [(CUBE, CUBE, CUBE)] * len(factors), copy=True)
        made = {"description": self.plan.name, "sources": [], "owners": [], "processing": [self.plan.provenance]}
        (part / "provenance").write_text(json.dumps(made, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def _level(self, part: Path, factors: Shape) -> Any:
        import tensorstore

        plan = self.plan
        assert plan.voxel_size_nm is not None  # asked for above
        resolution = [side * by for side, by in zip(plan.voxel_size_nm, factors, strict=True)]
        packed = plan.labels and plan.dtype.name in ("uint32", "uint64")
        scale: dict[str, Any] = {"size": shape_of(plan, factors)[::-1], "resolution": resolution[::-1]}
        scale |= {"chunk_size": [CUBE] * 3, "voxel_offset": [0, 0, 0], "encoding": "raw"}
        if packed:
            scale |= {"encoding": "compressed_segmentation", "compressed_segmentation_block_size": [8, 8, 8]}
        whole = {"type": "segmentation" if plan.labels else "image", "data_type": plan.dtype.name, "num_channels": 1}
        spec = {"driver": "neuroglancer_precomputed", "kvstore": _files(part), "store_data_equal_to_fill_value": True}
        spec |= {"multiscale_metadata": whole, "scale_metadata": scale}
        with written_or_told():
            opened = tensorstore.open(spec, create=True).result()
        return opened[tensorstore.d["channel"][0]].T
