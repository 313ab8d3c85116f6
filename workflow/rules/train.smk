# Training: a replicate is one arm on one fold from one seed, and holds one GPU.


rule train:
    input:
        code=code_files("scripts/train.py"),
        volume=f"{AUGMENTED}/volume.tif",
        labels=f"{AUGMENTED}/labels.tif",
    output:
        checkpoint=f"{REPLICATE}/checkpoint.pt",
        history=f"{REPLICATE}/history.csv",
        timing=f"{REPLICATE}/training-time.json",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/train.log",
    conda:
        ENVIRONMENT
    threads: GPU_JOB_THREADS
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        job=training_job,
        # Outside of every output, so that a killed job finds its last state again.
        work="work/{experiment}/{arm}/{fold}/seed-{seed}",
    shell:
        "python scripts/train.py --config {params.job:q} --volume {input.volume:q} --labels {input.labels:q}"
        " --checkpoint {output.checkpoint:q} --history {output.history:q} --timing {output.timing:q}"
        " --work-folder {params.work:q} --log {log:q}"
