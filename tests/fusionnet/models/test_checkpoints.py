"""Checkpoints: what is saved is loaded, equal content has equal bytes, and anything else is refused."""

import errno
import os
import pickle
from pathlib import Path

import pytest
import torch

from fusionnet.config.experiment import load
from fusionnet.config.stages import ArmSettings, TrainingJob
from fusionnet.errors import UserError
from fusionnet.models.build import build
from fusionnet.models.checkpoints import load_tensors, save_checkpoint, save_tensors
from fusionnet.models.pretrained import load_checkpoint

ORIGIN = {"stage": "train", "inputs": {"volume": "ab" * 32}}


def make_job(**network: object) -> TrainingJob:
    experiment = load("phantom")
    job = experiment.training_job("fusionnet", "test", 0)
    return job.model_copy(update={"network": ArmSettings(**({"architecture": "unet", "width": 2} | network))})


def save(path: Path, job: TrainingJob) -> torch.nn.Module:
    network = build(job.network, torch.Generator().manual_seed(5))
    save_checkpoint(path, network, job, ORIGIN)
    return network


@pytest.mark.parametrize("network", [{}, {"architecture": "fusionnet", "chain": 2}, {"architecture": "fusionnet"}])
def test_what_is_saved_is_loaded(tmp_path: Path, network: dict):
    job = make_job(**network)
    saved = save(tmp_path / "c.pt", job)
    loaded, loaded_job, origin = load_checkpoint(tmp_path / "c.pt")
    assert loaded_job == job and origin == ORIGIN and not loaded.training
    x = torch.randn((1, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded(x), saved.eval()(x))


def test_equal_content_has_equal_bytes_under_any_name(tmp_path: Path):
    for name in ("a.pt", "other.pt"):
        save(tmp_path / name, make_job())
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "other.pt").read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_missing_checkpoint_is_named(tmp_path: Path):
    assert "no such checkpoint" in refusal(tmp_path / "none.pt")
    assert "folder" in refusal(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, share: float):
    save(tmp_path / "c.pt", make_job())
    os.truncate(tmp_path / "c.pt", int((tmp_path / "c.pt").stat().st_size * share))
    assert "damaged" in refusal(tmp_path / "c.pt")


def test_a_text_file_is_refused(tmp_path: Path):
    (tmp_path / "c.pt").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "c.pt" in refusal(tmp_path / "c.pt")


class Malicious:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("pwned",)


def test_a_file_of_another_kind_is_called_so(tmp_path: Path):
    (tmp_path / "c.pt").write_text("probabilities,0.5\n", encoding="utf-8")
    assert "no checkpoint" in refusal(tmp_path / "c.pt")


@pytest.mark.parametrize("write", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_a_pickle_that_would_run_code_is_refused_unrun(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write({"weights": Malicious()}, tmp_path / "c.pt")
    assert "could run code" in refusal(tmp_path / "c.pt")
    assert not (tmp_path / "pwned").exists()


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path):
    save_tensors(tmp_path / "c.pt", {"state_dict": torch.zeros(3), "epoch": 4})
    assert "['epoch', 'state_dict'], expected a checkpoint written by scripts/train.py" in refusal(tmp_path / "c.pt")
    torch.save([torch.zeros(3)], tmp_path / "list.pt")
    assert "got list" in refusal(tmp_path / "list.pt")


def test_weights_of_another_architecture_are_refused(tmp_path: Path):
    save(tmp_path / "c.pt", make_job())
    content = load_tensors(tmp_path / "c.pt")
    for other in ({"architecture": "fusionnet"}, {"width": 3}):
        content["job"] = make_job(**other).model_dump()
        save_tensors(tmp_path / "c.pt", content)
        assert "its weights are not those of" in refusal(tmp_path / "c.pt")


def test_an_unknown_job_is_refused(tmp_path: Path):
    save(tmp_path / "c.pt", make_job())
    content = load_tensors(tmp_path / "c.pt")
    content["job"]["network"]["architecture"] = "transformer"
    save_tensors(tmp_path / "c.pt", content)
    assert "network.architecture: got 'transformer'" in refusal(tmp_path / "c.pt")


def test_a_bit_that_turned_in_the_weights_is_seen(tmp_path: Path):
    """The archive has a checksum of each tensor, at which torch does not look."""
    save(tmp_path / "c.pt", make_job())
    content = bytearray((tmp_path / "c.pt").read_bytes())
    first = next(iter(torch.load(tmp_path / "c.pt")["weights"].values()))
    content[content.index(first.numpy().tobytes()) + 5] ^= 1
    (tmp_path / "c.pt").write_bytes(content)
    assert "damaged checkpoint" in (message := refusal(tmp_path / "c.pt")) and "checksum" in message


def test_a_full_disk_is_told_with_the_file_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Torch's archive ends in an error of its own, which hides the disk's."""

    def full(*_: object) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RuntimeError("[enforce fail] unexpected pos 64 vs 0")  # noqa: B904 - as torch does

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        save(tmp_path / "c.pt", make_job())
    assert caught.value.filename == str(tmp_path / "c.pt")
