# One volume predicted by many jobs: its chunks are scattered over a number of parts, on GPUs of one machine or on nodes of
# a cluster, and gathered. The result does not depend on their number.
#   snakemake -s workflow/volume.smk --config checkpoint=C.pt volume=V.zarr probabilities=P.zarr parts=8
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from fusionnet.workflow.bytecode import check_by_text

check_by_text()
from fusionnet.errors import UserError
from fusionnet.volumes.fingerprint import files_fingerprint
from fusionnet.workflow.code import project_files
from fusionnet.workflow.gpus import Places, gpus_offered
from fusionnet.workflow.volume_job import VolumeJob

min_version("9.14")

try:
    # The processes that Snakemake starts for single jobs know the resources of their job alone.
    GPUS = gpus_offered(workflow.global_resources.get("gpu").value) if workflow.is_main_process else 1
    JOB = VolumeJob.from_command_line(workflow.config_settings.configfiles, workflow.config_settings.config_args)
except UserError as error:
    raise WorkflowError(str(error)) from None


scattergather:
    parts=JOB.parts,


rule all:
    default_target: True
    input:
        JOB.results,


rule predict_part:
    input:
        JOB.inputs,
        code=project_files("scripts/predict.py"),
    output:
        temp(f"{JOB.folder}/{{scatteritem}}"),
    log:
        f"{JOB.log}/predict-{{scatteritem}}.log",
    conda:
        workflow.source_path("envs/fusionnet.yaml")
    threads: Places(workflow.global_resources["_cores"].value, GPUS).threads(None)
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        job=JOB,
        options=JOB.options(gathers=False),
        # Files that change in place, or are replaced by older ones, are predicted anew.
        files=lambda wildcards: files_fingerprint(JOB.inputs),
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "python scripts/predict.py --checkpoint {params.job.checkpoint:q} --volume {params.job.volume:q}"
        " --part {params.part:q} --probabilities {output:q} {params.options} --log {log:q}"


rule gather:
    input:
        code=project_files("scripts/gather.py"),
        parts=gather.parts(f"{JOB.folder}/{{scatteritem}}"),
    output:
        [directory(name) if name.endswith(".zarr") else name for name in JOB.results],
    log:
        f"{JOB.log}/gather.log",
    conda:
        workflow.source_path("envs/fusionnet.yaml")
    params:
        job=JOB,
        options=JOB.options(gathers=True),
        files=lambda wildcards: files_fingerprint(JOB.inputs),
    shell:
        "python scripts/gather.py --parts {input.parts:q} --probabilities {params.job.probabilities:q} {params.options}"
        " --log {log:q}"
