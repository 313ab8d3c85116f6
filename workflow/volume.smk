# One volume predicted by many jobs, on GPUs of one machine or on nodes of a cluster, each of which writes its share of the
# chunks into one store. The result does not depend on their number.
#   snakemake -s workflow/volume.smk --config checkpoint=C.pt volume=V.zarr probabilities=P.zarr shards=8
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version


include: "checkout.smk"


from fusionnet.errors import UserError
from fusionnet.volumes.fingerprint import files_fingerprint
from fusionnet.workflow.code import code_files
from fusionnet.workflow.gpus import Places, gpus_offered
from fusionnet.workflow.messages import failure, show_run
from fusionnet.workflow.volume_job import VolumeJob

min_version("9.14")


onstart:
    workflow.scheduler.job_rate_limiter = None  # as in rules/common.smk


try:
    # The processes that Snakemake starts for single jobs know the resources of their job alone.
    GPUS = gpus_offered(workflow.global_resources.get("gpu").value) if workflow.is_main_process else 1
    JOB = VolumeJob.from_command_line(workflow.config_settings.configfiles, workflow.config_settings.config_args)
    INPUTS, SETTINGS = JOB.inputs, JOB.settings
    if workflow.is_main_process:
        JOB.require_known_results()
except UserError as error:
    raise WorkflowError(str(error)) from None


rule all:
    default_target: True
    input:
        JOB.results,


rule predict_shard:
    input:
        INPUTS,
        code=code_files("scripts/predict.py"),
    output:
        temp(touch(f"{JOB.folder}/{{shard}}")),
    log:
        f"{JOB.log}/shard-{{shard}}.log",
    conda:
        workflow.source_path("envs/fusionnet.yaml")
    threads: Places(workflow.global_resources["_cores"].value, GPUS).threads(None)
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        command=JOB.command,
        settings=lambda wildcards: SETTINGS,  # a function, since Snakemake reads the braces of a text as wildcards
        # Files that change in place, or are replaced by older ones, are predicted anew.
        files=lambda wildcards: files_fingerprint(INPUTS),
        shards=JOB.shards,
    shell:
        "{params.command} --config {params.settings:q} --shard {wildcards.shard:q}/{params.shards:q} --log {log:q}"


# All chunks are there: the same command makes the result of them.
rule predict_whole:
    input:
        INPUTS,
        code=code_files("scripts/predict.py"),
        shards=expand(f"{JOB.folder}/{{shard}}", shard=range(1, JOB.shards + 1)),
    output:
        [directory(name) if JOB.is_folder(name) else name for name in JOB.results],
    log:
        f"{JOB.log}/whole.log",
    conda:
        workflow.source_path("envs/fusionnet.yaml")
    threads: Places(workflow.global_resources["_cores"].value, GPUS).threads(None)
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        command=JOB.command,
        settings=lambda wildcards: SETTINGS,  # a function, since Snakemake reads the braces of a text as wildcards
        files=lambda wildcards: files_fingerprint(INPUTS),
    shell:
        "{params.command} --config {params.settings:q} --log {log:q}"


# What is seen of a run: fusionnet/workflow/messages.py.
if workflow.is_main_process:
    show_run(logger, workflow)


onsuccess:
    if made := JOB.remember_results():
        logger.info(f"\nResult: {', '.join(made)}")


onerror:
    logger.error(failure(logger))
