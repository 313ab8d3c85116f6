import pytest
import torch

from fusionnet.devices import set_up
from fusionnet.models.build import build
from fusionnet.train import compilation
from fusionnet.train.compilation import compiled, repays


@pytest.fixture
def compile_with(training_job):
    """A function that asks for the forward pass of a small network; returns it, the network and the messages."""

    def ask(**train):
        job = training_job(**train)
        network, messages = build(job.network, torch.Generator().manual_seed(0)), []
        return compiled(network, job, set_up("cpu"), messages.append), network, messages

    return ask


def test_never_and_short_trainings_are_not_compiled(compile_with):
    for mode in ("never", "auto"):
        forward, network, messages = compile_with(compile=mode)
        assert forward is network and not messages


def test_without_a_compiler_training_goes_on_with_a_message(compile_with, monkeypatch):
    monkeypatch.setattr(compilation, "has_compiler", lambda: False)
    forward, network, messages = compile_with(compile="always")
    assert forward is network
    assert len(messages) == 1 and "no C++ compiler" in messages[0] and "goes on without" in messages[0]


def test_a_compiler_is_looked_for_on_the_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert not compilation.has_compiler()
    (tmp_path / "g++").touch(mode=0o755)
    assert compilation.has_compiler()


def test_long_trainings_repay_compiling(training_job, monkeypatch):
    job = training_job()
    # 3 passes of 2 x 11536 / 16 operations a pixel (width 2), 12 steps of 3 crops of 32 x 32
    monkeypatch.setitem(compilation.REPAID_FROM, "cpu", 1e8)
    assert repays(job, "cpu")
    monkeypatch.setitem(compilation.REPAID_FROM, "cpu", 1e9)
    assert not repays(job, "cpu")


@pytest.mark.slow
@pytest.mark.skipif(not compilation.has_compiler(), reason="needs a C++ compiler")
def test_compiled_computes_the_same_to_rounding(compile_with):
    forward, network, _ = compile_with(compile="always")
    image = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(forward(image), network(image), rtol=1e-3, atol=1e-4)
