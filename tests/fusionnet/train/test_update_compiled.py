"""When a network is compiled, and what comes of it."""

import copy
import shutil

import pytest
import torch

from fusionnet.devices import Machine
from fusionnet.models.build import build
from fusionnet.train.batches import Batch
from fusionnet.train.update import WeightUpdate, compiled


@pytest.fixture
def network(training_job):
    """A small network."""
    return build(training_job().network, torch.Generator().manual_seed(0))


def test_on_a_cpu_only_what_is_asked_for_is_compiled(network, messages):
    for wanted in ("never", "auto"):
        assert compiled(network, wanted, torch.device("cpu")) is network
    assert not messages()


@pytest.mark.parametrize(("wanted", "called"), [("auto", 1), ("always", 1), ("never", 0)])
def test_on_cuda_auto_compiles(network, monkeypatch, wanted, called):
    calls = []
    monkeypatch.setattr(torch, "compile", lambda *arguments, **options: calls.append(options))
    torch.use_deterministic_algorithms(False)
    compiled(network, wanted, torch.device("cuda"))
    assert calls == [{"dynamic": False}] * called
    assert torch._inductor.config.deterministic == bool(called)  # the compiler has a flag of its own
    torch.use_deterministic_algorithms(True)


@pytest.fixture
def update(network, training_job):
    """The update of the network by batches of noise, and such a batch."""
    random = torch.Generator().manual_seed(2)
    images = torch.randn(2, 1, 32, 32, generator=random)
    batch = Batch(images, (images[:, 0] > 0).byte(), torch.ones(2, 32, 32))
    machine = Machine(torch.device("cpu"), torch.float32, 1)

    def make(wanted: str) -> tuple[WeightUpdate, Batch]:
        return WeightUpdate(copy.deepcopy(network), training_job(compile=wanted).train, machine), batch

    return make


def test_where_nothing_can_be_compiled_training_goes_on_with_a_message(update, messages):
    def fails(images: torch.Tensor) -> torch.Tensor:
        broken.network(images)  # moves the statistics before it fails
        raise torch._dynamo.exc.TorchDynamoException("InvalidCxxCompiler: none is here\nand so on")

    (plain, batch), (broken, _) = update("never"), update("never")
    broken.forward = fails
    assert all(torch.equal(plain(batch, step), broken(batch, step)) for step in range(2))
    (message,) = messages()
    assert "cannot be compiled here (InvalidCxxCompiler: none is here); going on without" in message
    after = zip(plain.network.state_dict().values(), broken.network.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in after)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["none", "fails", "fails later"])
def test_a_compiler_that_fails(update, messages, monkeypatch, tmp_path, compiler):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    answers = {"fails": "exit 1", "fails later": "case $* in *-v*) exit 0;; esac; exit 1"}
    if compiler in answers:
        (tmp_path / "g++").write_text(f"#!/bin/sh\n{answers[compiler]}\n")
        (tmp_path / "g++").chmod(0o755)
    (plain, batch), (broken, _) = update("never"), update("always")
    with torch._inductor.config.patch({"cpp.cxx": (None, str(tmp_path / "g++"))}):
        assert torch.equal(plain(batch, 0), broken(batch, 0))
    assert "cannot be compiled here" in messages()[0]


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_compiled_computes_the_same_to_rounding(network):
    forward = compiled(network, "always", torch.device("cpu"))
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(forward(image), network(image), rtol=1e-3, atol=1e-4)
