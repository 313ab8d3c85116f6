import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from other_process import locked_elsewhere

from fusionnet import devices
from fusionnet.arithmetic import available_processors
from fusionnet.devices import set_up
from fusionnet.errors import UserError


@pytest.mark.skipif(torch.cuda.is_available(), reason="tests a machine without CUDA")
def test_cuda_without_cuda_is_a_clear_error(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(
        UserError, match=r"got 'cuda'.*sees no CUDA device \(CUDA_VISIBLE_DEVICES=''\).*'auto' or 'cpu'"
    ):
        set_up("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="tests a machine without CUDA")
def test_auto_takes_the_cpu_in_float32(messages):
    machine = set_up("auto")
    threads = "1 thread" if machine.threads == 1 else f"{machine.threads} threads"
    assert messages() == [f"no CUDA device: running on the CPU, {threads}, float32"] and machine.name.endswith(threads)
    assert machine.device.type == "cpu" and machine.precision == torch.float32


def test_threads_are_no_more_than_the_processors_of_this_process():
    before = os.sched_getaffinity(0)
    threads = torch.get_num_threads()
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_processors() == 1
        assert set_up("cpu").threads == torch.get_num_threads() == 1
    finally:
        os.sched_setaffinity(0, before)
        torch.set_num_threads(threads)


def test_algorithms_are_deterministic_afterwards():
    set_up("cpu")
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(torch.cuda.is_available(), reason="on CUDA networks are compiled")
def test_prediction_on_a_cpu_does_not_load_the_compiler():
    code = "import sys; from fusionnet.devices import set_up; set_up('cpu'); import fusionnet.predict.predictor"
    code += "; print('torch._inductor' in sys.modules, __import__('torch').are_deterministic_algorithms_enabled())"
    assert subprocess.run([sys.executable, "-c", code], text=True, stdout=-1, check=True).stdout == "False True\n"


def test_bfloat16_can_be_asked_for():
    machine = set_up("cpu", "bfloat16")
    with machine.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_of_several_gpus_the_free_one_is_used_and_the_visible_list_stays(monkeypatch, tmp_path):
    chosen = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.setattr(devices, "lease_folder", lambda: tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"uuid-{index}"))
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    with locked_elsewhere(tmp_path / "uuid-0.0.lock"):
        machine = set_up("auto")
    assert machine.device == torch.device("cuda", 1) and chosen == [1]
    assert machine.precision == torch.bfloat16
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3,5"


@pytest.mark.parametrize("precision", ["auto", "bfloat16", "float32"])
def test_a_gpu_without_bfloat16_computes_in_float32_and_says_so_once(monkeypatch, tmp_path, messages, precision):
    monkeypatch.setattr(devices, "lease_folder", lambda: tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid="uuid"))
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert set_up("cuda", precision).precision == torch.float32
    assert messages() == ["this GPU does not compute bfloat16 itself: running in float32"] * (precision != "float32")
