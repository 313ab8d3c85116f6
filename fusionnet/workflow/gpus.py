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
            f"--resources: got {given}, expected gpu=1 or more, the number of trainings and predictions side by side; "
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
    """Where jobs that train or predict run: on GPUs, which they queue for, or side by side on the processors.

    Without a GPU a job in portable arithmetic has a number of threads of its own, so that as many jobs run side by side
    as fit on the processors. All others queue for the resource ``gpu``.

    Args:
        cores: All that Snakemake may use on this machine; None where jobs run elsewhere.
        gpus: How many jobs may hold a GPU at once.
        here: Whether this process itself starts the jobs, and on this machine.
        processors: What this machine has, which may be less than ``cores``.
        on_gpu: Whether this machine has a GPU.
    """

    cores: int | None
    gpus: int
    here: bool = True
    processors: int = field(default_factory=available_processors)
    on_gpu: bool = field(default_factory=sees_gpu)

    def gpus_held(self, portable_threads: int | None) -> int:
        """Return what a job takes of the resource ``gpu``: nothing where it need not queue.

        Args:
            portable_threads: The job's own number of threads; None for as many as it is given.
        """
        return 1 if portable_threads is None or self.on_gpu or not self.here else 0

    def threads(self, portable_threads: int | None) -> int:
        """Return the threads of a job as Snakemake counts them: all jobs that run at once fit on the machine together.

        Args:
            portable_threads: As of `gpus_held`.
        """
        if self.cores is None:
            return MOST_THREADS
        if portable_threads is None or self.on_gpu or not self.here:
            return max(1, min(MOST_THREADS, self.cores // self.gpus))
        # Snakemake may be told of more cores than there are: then each job counts for more of them.
        return min(self.cores, max(portable_threads, -(-portable_threads * self.cores // self.processors)))
