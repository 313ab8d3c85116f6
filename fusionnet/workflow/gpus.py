"""How many jobs hold a GPU at once, and how they share out the processor's cores; read by the workflow alone."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from fusionnet.arithmetic import available_processors
from fusionnet.errors import UserError

MOST_THREADS = 8  # of one job


def gpus_offered(gpu: int | str | None) -> int:
    """Return how many jobs may hold a GPU at once.

    Args:
        gpu: The resource of that name which Snakemake was given by ``--resources`` or a profile; None for none.

    Raises:
        UserError: None, or less than 1. Snakemake takes a resource that is missing for unlimited, and lowers what a
            job asks for to what there is: in both cases it would start all trainings at once.
    """
    if not isinstance(gpu, int) or gpu < 1:
        given = "no gpu" if gpu is None else f"gpu={gpu}"
        raise UserError(
            f"--resources: got {given}, expected gpu=1 or more: so many trainings and predictions run side by side; "
            "gpu=1 is right on a machine without a GPU too, and `device: cpu` in the configuration leaves one unused"
        )
    return gpu


def sees_gpu(devices: Path = Path("/dev")) -> bool:
    """Return whether this machine seems to have a GPU for CUDA; torch, which knows, takes seconds to import.

    A wrong answer costs time alone: each job leases a GPU that it finds, and waits for a free one.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return visible not in ("", "-1", "NoDevFiles")
    return any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists()  # dxg: Linux in Windows


@dataclass(frozen=True)
class Places:
    """Where jobs that train or predict run: on GPUs, which they queue for, or one on each processor of this machine.

    Without a GPU a job in portable arithmetic computes on one thread, so that as many run side by side as there are
    processors. All others queue for the resource ``gpu``.

    Args:
        cores: All that Snakemake may use on this machine; None where jobs run elsewhere.
        gpus: How many jobs may hold a GPU at once.
        processors: What this machine has, which may be less than ``cores``.
        on_gpu: Whether this machine has a GPU.
    """

    cores: int | None
    gpus: int
    processors: int = field(default_factory=available_processors)
    on_gpu: bool = field(default_factory=sees_gpu)

    def side_by_side(self, portable: bool) -> bool:
        """Return whether jobs run one on each processor."""
        return portable and self.cores is not None and not self.on_gpu

    def gpus_held(self, portable: bool) -> int:
        """Return what a job takes of the resource ``gpu``."""
        return 0 if self.side_by_side(portable) else 1

    def threads(self, portable: bool) -> int:
        """Return the threads of a job, so many that all jobs that run at once fit on the cores together."""
        if self.cores is None:
            return MOST_THREADS
        if self.side_by_side(portable):
            return max(1, -(-self.cores // self.processors))
        return max(1, min(MOST_THREADS, self.cores // self.gpus))
