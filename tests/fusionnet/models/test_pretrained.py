import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from networks import make_network

from fusionnet.errors import UserError
from fusionnet.models import pretrained
from fusionnet.models.blocks import SegmentationNetwork
from fusionnet.models.checkpoints import save_checkpoint
from fusionnet.models.pretrained import find, load_trained, names, save_published
from fusionnet.volumes.volume import read_volume

ORIGIN = {"stage": "train", "code": "c0de", "environment": {"torch": "2.13.0"}}


@pytest.fixture
def published(tmp_path: Path, training_job, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, SegmentationNetwork]:
    monkeypatch.setattr(pretrained, "WEIGHTS", tmp_path)
    network = make_network()
    save_published(tmp_path / "small.safetensors", network, training_job(), ORIGIN)
    return tmp_path / "small.safetensors", network


def test_what_is_published_is_found_by_name_and_loaded(published, training_job) -> None:
    path, network = published
    assert find("small") == path
    loaded, job, origin = load_trained(find("small"))
    assert job == training_job() and origin == ORIGIN and not loaded.training
    x = torch.randn((1, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded(x), network(x))


def test_equal_content_gives_equal_bytes(published, tmp_path: Path, training_job) -> None:
    path, network = published
    save_published(tmp_path / "again.safetensors", network, training_job(), ORIGIN)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_a_checkpoint_is_still_a_checkpoint(tmp_path: Path, training_job) -> None:
    save_checkpoint(tmp_path / "c.pt", make_network(), training_job(), ORIGIN)
    assert load_trained(find(str(tmp_path / "c.pt")))[1] == training_job()


def test_mistakes_are_named(published) -> None:
    path, _ = published
    with pytest.raises(UserError, match=r"no such checkpoint.*did you mean 'small'.*or a name: small"):
        find("smal")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match="damaged"):
        load_trained(path)


def test_a_replicate_is_published_with_its_card(tmp_path: Path, training_job) -> None:
    replicate = tmp_path / "replicate"
    save_checkpoint(replicate / "checkpoint.pt", make_network(), training_job(), ORIGIN)
    (replicate / "metrics.json").write_text(json.dumps({"v_rand": 0.98, "v_rand_threshold": 0.4, "v_info": 0.97}))
    (replicate / "prediction-time.json").write_text(json.dumps({"orientations": 1}))
    origin = {"dataset": "striped", "description": "Stripes.", "citation": "Nobody.", "licence": "Free."}
    (tmp_path / "origin.json").write_text(json.dumps(origin | {"voxel_size_zyx_nm": [50, 4, 4]}))
    words = ["--replicates", replicate, "--origin", tmp_path / "origin.json", "--name", "s"]
    words += ["--folder", tmp_path / "published"]
    subprocess.run([sys.executable, "scripts/publish.py", *map(str, words)], check=True)
    assert load_trained(tmp_path / "published/s.safetensors")[1] == training_job()
    card = (tmp_path / "published/s.md").read_text()
    assert (
        "V_rand 0.9800 (at 0.4), V_info 0.9700; orientations: 1 |" in card
        and "4 x 4 x 50 nm" in card
        and "Nobody." in card
    )


@pytest.mark.parametrize("name", names())
def test_each_network_of_the_package_is_small_and_tells_cells_from_membranes(name: str, tmp_path: Path) -> None:
    """On tissue it never saw: a phantom, whose membranes are dark as well."""
    from fusionnet.download.phantom.draw import draw_phantom
    from fusionnet.volumes.stacks import write_volume

    path = find(name)
    assert path.stat().st_size < 12e6 and path.with_suffix(".md").is_file()
    volume, labels = draw_phantom(3, 1, 128)
    write_volume(tmp_path / "v.tif", volume, {})
    words = ["--checkpoint", name, "--volume", tmp_path / "v.tif", "--probabilities", tmp_path / "p.tif"]
    subprocess.run([sys.executable, "scripts/predict.py", *map(str, words)], check=True)
    probability = read_volume(tmp_path / "p.tif")
    assert probability[labels > 0].mean() > probability[labels == 0].mean() + 0.3


def test_others_may_read_the_file_as_they_may_any_other(published, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    assert published[0].stat().st_mode == (tmp_path / "plain").stat().st_mode
