"""The same bytes on every processor: what decides the last bits is set late enough to be configured, and in time."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

from fusionnet.arithmetic import ATEN, MKL, NARROWER, ONEDNN, PORTABLE, SPIN, WAITING, be_calm, cached_njit, capability

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
LIMITS = {*PORTABLE, *WAITING, "OMP_NUM_THREADS", "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE"}
STEP = """
import hashlib, sys
import torch
from fusionnet import arithmetic
early = torch.ones(1).add(1) if "late" in sys.argv else None
if "late" in sys.argv:
    torch.nn.functional.conv2d(torch.ones(1, 8, 32, 32), torch.ones(16, 8, 3, 3))
reason = arithmetic.be_portable(1) if "native" not in sys.argv else None
torch.manual_seed(0)
x = torch.randn(4, 8, 64, 64).contiguous(memory_format=torch.channels_last)
network = torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.Conv2d(16, 1, 1))
y = network(x)
y.square().mean().backward()
values = b"".join(t.detach().numpy().tobytes() for t in (y, *(p.grad for p in network.parameters())))
print(hashlib.sha256(values).hexdigest(), torch.get_num_threads(), reason, sep="|")
"""
PHANTOM = """
import hashlib
import numpy as np
from scipy.ndimage import gaussian_filter
from fusionnet.config.stages import AugmentSection
from fusionnet.augment.elastic import elastic_copies
from fusionnet.download.phantom.draw import draw_phantom
from fusionnet.evaluate.isbi import score_stack
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.ladder import segmentation_map
from fusionnet.segment.training_slices import cells_of
volume, labels = draw_phantom(3, 6, 96)
made = [volume, labels]
plain = dict(seed=0, elastic_copies=1, elastic_grid=12, elastic_amplitude_pixels=5.0, padding_pixels=8, crop_pixels=32)
section = AugmentSection(**plain, orientations=True, noise_sigma=0.0, contrast_jitter=0.0)
made += [part for pair in elastic_copies(volume, labels // 255, section) for part in pair]
made += list(score_stack(labels, volume).sums.values())
grey = volume.astype(np.float32)
near = np.stack([gaussian_filter(plane, 1) for plane in grey])
stack = CutStack((near - near.min()) / (near.max() - near.min()), grey)
cells = cells_of(labels, range(4))
(forest,) = learn(stack, cells, [True], [np.random.default_rng(0)], {}, trees=10)
made += [segmentation_map(stack, z, rule) for z in (4, 5) for rule in (None, forest)]
assert len(set(made[-1].flat)) > 10
print(hashlib.sha256(b"".join(part.tobytes() for part in made)).hexdigest())
"""


def run(code: str, *arguments: str, **environment: str) -> list[str]:
    """Run code in a new process whose processor is limited by these variables alone; return its line, split."""
    clean = {name: value for name, value in os.environ.items() if name not in LIMITS}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=clean | environment, text=True, stdout=subprocess.PIPE, check=True)
    return done.stdout.strip().split("|")


@pytest.mark.skipif(capability()["aten"] != "AVX2", reason="needs an x86-64 processor with AVX2")
def test_portable_arithmetic_set_after_the_import_is_that_of_a_narrower_processor():
    ours = run(STEP)
    assert ours[1:] == ["1", "None"]
    assert run(STEP, "native", **PORTABLE, OMP_NUM_THREADS="1")[0] == ours[0]


@pytest.mark.skipif(capability()["aten"] != "AVX2", reason="needs an x86-64 processor with AVX2")
@pytest.mark.skipif(torch.__version__ != "2.13.0+cpu", reason="other versions of torch compute other bits")
def test_a_step_has_these_bits_on_every_processor():
    """Seen on an AMD EPYC, with and without MKL told that it is Intel's, and on QEMU's Haswell."""
    assert run(STEP)[0] == "38695280631175624582f20ce234d81ec286f750908c38455eb75430aa52eacb"
    limited = {name: value for name, value in PORTABLE.items() if name != MKL}
    assert run(STEP, "native", **limited, OMP_NUM_THREADS="1")[0] != run(STEP)[0], "MKL goes by the maker"


@pytest.mark.slow
@pytest.mark.skipif(capability()["aten"] != "AVX2", reason="needs an x86-64 processor with AVX2")
def test_what_keeps_it_from_being_portable_is_said():
    assert "AVX2 is not in use (ATen: DEFAULT" in run(STEP, **{ATEN: "default"})[2]
    assert "oneDNN: at most SSE41" in run(STEP, **{ONEDNN: "SSE41"})[2]


@pytest.mark.slow
@pytest.mark.skipif("avx512f" not in Path("/proc/cpuinfo").read_text(), reason="needs a processor with AVX-512")
def test_on_a_wide_processor_native_differs_and_a_limit_that_comes_too_late_is_said():
    assert run(STEP, "native", OMP_NUM_THREADS="1")[0] != run(STEP)[0]
    assert run(STEP, "late")[2] != "None"


def test_data_augmentation_segments_and_scores_do_not_depend_on_the_processors_vectors():
    """NumPy and its OpenBLAS choose kernels by processor too: with others no phantom, copy, cell or score changes."""
    wider = [name for name in np.show_config("dicts")["SIMD Extensions"]["found"] if name not in ("X86_V2",)]
    assert run(PHANTOM, NPY_DISABLE_CPU_FEATURES=" ".join(wider), OPENBLAS_CORETYPE="Nehalem") == run(PHANTOM)


@pytest.mark.slow
def test_nor_do_they_depend_on_what_numba_compiles_for(tmp_path: Path):
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    assert run(PHANTOM, **plain) == run(PHANTOM)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {SPIN: "10000"}),
        ({SPIN: "7"}, {SPIN: "7"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
    ],
)
def test_threads_wait_calmly_unless_the_person_says_how(before: dict[str, str], after: dict[str, str]):
    environment = dict(before)
    be_calm(environment)
    assert environment == after


def test_the_package_is_calm_before_torch_is_loaded():
    code = "import sys, os, fusionnet\nprint('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'], sep='|')"
    assert run(code) == ["False", "10000"]


def test_a_limit_that_is_narrower_stays():
    assert all(PORTABLE[name] not in narrower for name, narrower in NARROWER.items())


@pytest.mark.parametrize("options", [{}, {"nogil": True}])
def test_where_numba_can_keep_no_cache_it_compiles_without(monkeypatch, options: dict):
    """Numba refuses a function of a folder that cannot be written, where the person's own cannot either."""
    compile_, asked = numba.njit, []

    def read_only(cache: bool = False, **others: object):
        asked.append((cache, others))
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available")
        return compile_(**others)

    monkeypatch.setattr(numba, "njit", read_only)

    def double(number: int) -> int:
        return 2 * number

    decorated = cached_njit(**options)(double) if options else cached_njit(double)
    monkeypatch.undo()  # numba decorates functions of its own when it compiles
    assert decorated(4) == 8 and asked == [(True, options), (False, options)]


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_scripts_set_the_machine_up_before_a_network_is_built(script: Path):
    """Its initial weights are drawn by torch, which keeps to the instructions that it began with."""
    for function in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            calls = [call for call in ast.walk(function) if isinstance(call, ast.Call)]
            lines = {call.func.id: call.lineno for call in calls if isinstance(call.func, ast.Name)}
            built = [lines[name] for name in ("load_trained", "load_checkpoint", "read_networks") if name in lines]
            assert not ("set_up" in lines and built and min(built) < lines["set_up"]), function.name
