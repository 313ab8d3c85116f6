"""Chunks under other names than the format's, which would be read as background."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import tensorstore
import zarr

from fusionnet.errors import UserError
from fusionnet.volumes import tensorstores
from fusionnet.volumes.volume import open_volume

STACK = np.random.default_rng(0).integers(1, 256, (4, 16, 16), dtype=np.uint8)


def precomputed(path: Path) -> list[Path]:
    """Write STACK in 8 chunks and return their files."""
    store = {"driver": "neuroglancer_precomputed", "kvstore": f"file://{path}/"}
    store["multiscale_metadata"] = {"type": "image", "data_type": "uint8", "num_channels": 1}
    store["scale_metadata"] = {
        "resolution": [4, 4, 50],
        "encoding": "raw",
        "chunk_size": [8, 8, 2],
        "size": [16, 16, 4],
    }
    tensorstore.open(store, create=True).result().write(STACK.T[..., np.newaxis]).result()
    return sorted((path / "4_4_50").iterdir())


def pack(files: list[Path], suffix: str = ".gz") -> None:
    """Compress files as cloud-volume does in a folder; of other suffixes the name alone matters."""
    for file in files:
        Path(f"{file}{suffix}").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()


@pytest.mark.parametrize("suffix", [".gz", ".br", ".zst", ".zstd", ".xz", ".bz2"])
@pytest.mark.parametrize("packed", [slice(None), slice(1), slice(3, 5)])
def test_compressed_chunks_are_named_and_not_read_as_background(tmp_path: Path, suffix: str, packed: slice):
    chunks = precomputed(tmp_path / "v")
    pack(chunks[packed], suffix)
    with pytest.raises(UserError, match=rf"its chunks end in \{suffix}, such as [-_\d]+\{suffix}") as refusal:
        open_volume(tmp_path / "v")
    assert "cloud-volume" in str(refusal.value) and "compress=False" in str(refusal.value)
    assert (f"(gunzip -r {tmp_path}/v/4_4_50)" in str(refusal.value)) == (suffix == ".gz")


def test_a_volume_too_large_to_count_is_refused_at_the_first_such_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pack(precomputed(tmp_path / "v")[-1:])
    monkeypatch.setattr(tensorstores, "MOST_COUNTED", 7)
    source = open_volume(tmp_path / "v")
    np.testing.assert_array_equal(source.read(slice(0, 2), slice(0, 8), slice(0, 8)), STACK[:2, :8, :8])
    with pytest.raises(UserError, match=r"its chunks end in \.gz"):
        source.read_all()


def test_a_compressed_copy_beside_a_chunk_does_no_harm(tmp_path: Path):
    for chunk in precomputed(tmp_path / "v"):
        Path(f"{chunk}.gz").write_bytes(b"for a server")
    source = open_volume(tmp_path / "v")
    assert not source.notes
    np.testing.assert_array_equal(source.read_all(), STACK)


def test_chunks_in_folders_of_their_own_are_named(tmp_path: Path):
    for chunk in precomputed(tmp_path / "v"):
        folder = chunk.parent.joinpath(*chunk.name.split("_")[:2])
        folder.mkdir(parents=True, exist_ok=True)
        chunk.rename(folder / chunk.name.split("_")[2])
    with pytest.raises(UserError, match=r"not one of its 8 chunks .* such as [-/\d]+ \(neuroglancer-scripts: --flat"):
        open_volume(tmp_path / "v")


def test_a_zarr_whose_metadata_lost_the_separator_is_named(tmp_path: Path):
    separator = {"name": "v2", "separator": "/"}
    zarr.create_array(tmp_path / "v", data=STACK, chunks=(2, 8, 8), zarr_format=2, chunk_key_encoding=separator)
    metadata = json.loads((tmp_path / "v/.zarray").read_text())
    del metadata["dimension_separator"]
    (tmp_path / "v/.zarray").write_text(json.dumps(metadata))
    with pytest.raises(UserError, match=r"such as \d/\d/\d \(.*'dimension_separator' in \.zarray"):
        open_volume(tmp_path / "v")
