"""When a network is compiled, and what comes of it."""

import shutil

import pytest
import torch

from fusionnet.models.build import build
from fusionnet.train.update import compiled


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
    compiled(network, wanted, torch.device("cuda"))
    assert calls == [{"dynamic": False}] * called


def test_without_a_compiler_training_goes_on_with_a_message(network, messages, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert compiled(network, "always", torch.device("cpu")) is network
    (message,) = messages()
    assert "no C++ compiler" in message and "goes on without" in message
    (tmp_path / "g++").touch(mode=0o755)
    assert compiled(network, "always", torch.device("cpu")) is not network
    assert len(messages()) == 1
    assert torch._inductor.config.deterministic


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_compiled_computes_the_same_to_rounding(network):
    forward = compiled(network, "always", torch.device("cpu"))
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(forward(image), network(image), rtol=1e-3, atol=1e-4)
