"""How many jobs hold a GPU at once, and how they share out the processor's cores; read by the workflow alone."""

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


def threads_of_gpu_job(cores: int | None, gpus: int) -> int:
    """Return the threads of a job that holds a GPU: as many such jobs as there are GPUs fit on the cores together.

    Args:
        cores: All that Snakemake may use on this machine; None where jobs run elsewhere.
        gpus: How many jobs may hold a GPU at once.
    """
    return MOST_THREADS if cores is None else max(1, min(MOST_THREADS, cores // gpus))
