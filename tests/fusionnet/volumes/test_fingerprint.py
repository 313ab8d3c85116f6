"""A volume's fingerprint changes with its content, and is cheap where the volume is large."""

import os
from pathlib import Path

import numpy as np
import pytest
import zarr

from fusionnet.files import sha256
from fusionnet.volumes import fingerprint
from fusionnet.volumes.fingerprint import files_fingerprint, volume_fingerprint


def test_a_file_of_ordinary_size_is_hashed_whole(tmp_path: Path):
    (tmp_path / "v.tif").write_bytes(b"pixels")
    assert volume_fingerprint(tmp_path / "v.tif") == sha256(tmp_path / "v.tif")
    (tmp_path / "v.h5").write_bytes(b"pixels")
    assert volume_fingerprint(f"{tmp_path}/v.h5:raw") == sha256(tmp_path / "v.tif")


def test_of_a_large_file_samples_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fingerprint, "WHOLE_BYTES", 10_000)
    monkeypatch.setattr(fingerprint, "SAMPLE_BYTES", 100)
    content = bytearray(np.random.default_rng(0).bytes(100_000))
    prints = set()
    for change in (None, 0, 99_999):
        if change is not None:
            content[change] ^= 1
        (tmp_path / "v.tif").write_bytes(content)
        prints.add(volume_fingerprint(tmp_path / "v.tif"))
    (tmp_path / "v.tif").write_bytes(content + b"x")
    prints.add(volume_fingerprint(tmp_path / "v.tif"))
    assert len(prints) == 4 and all(each.startswith("sampled:") for each in prints)


def test_of_a_folder_names_sizes_and_metadata_count(tmp_path: Path):
    stack = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)
    for name in ("a.zarr", "b.zarr"):
        zarr.save_array(tmp_path / name, stack)
    first = volume_fingerprint(tmp_path / "a.zarr")
    assert first.startswith("listed:") and first == volume_fingerprint(tmp_path / "b.zarr")
    zarr.open_array(tmp_path / "b.zarr").attrs["resolution"] = [50, 4, 4]
    assert volume_fingerprint(tmp_path / "b.zarr") != first


def test_files_that_are_changed_in_place_or_replaced_by_older_ones_are_noticed(tmp_path: Path):
    slices = tmp_path / "labels"
    slices.mkdir()
    for z in range(3):
        (slices / f"{z}.png").write_bytes(b"pixels")
    (tmp_path / "v.tif").write_bytes(b"pixels")
    paths = [slices, f"{tmp_path}/v.tif", tmp_path / "not there.tif"]
    prints = [files_fingerprint(paths)]
    assert files_fingerprint(paths) == prints[0]
    of_folder = slices.stat().st_mtime_ns
    os.utime(slices / "1.png", ns=(1, 1))
    prints.append(files_fingerprint(paths))
    assert slices.stat().st_mtime_ns == of_folder, "which is all that a workflow sees of a folder"
    os.utime(tmp_path / "v.tif", ns=(2, 2))
    prints.append(files_fingerprint(paths))
    (tmp_path / "not there.tif").write_bytes(b"")
    prints.append(files_fingerprint(paths))
    assert len(set(prints)) == 4
