# Training and prediction: a replicate is one arm on one fold from one seed, and holds one GPU.


rule train:
    input:
        code=project_files("scripts/train.py"),
        volume="data/augmented/{experiment}/volume.tif",
        labels="data/augmented/{experiment}/labels.tif",
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


rule predict:
    input:
        code=project_files("scripts/predict.py"),
        checkpoint=f"{REPLICATE}/checkpoint.pt",
        volume=scored("volume"),
    output:
        probabilities=f"{REPLICATE}/probabilities.tif",
        deviation=f"{REPLICATE}/deviation.tif",
        timing=f"{REPLICATE}/prediction-time.json",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/predict.log",
    conda:
        ENVIRONMENT
    threads: GPU_JOB_THREADS
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        section=section("predict"),
        job=training_job,
        slices=scored_slices("--slices"),
    shell:
        "python scripts/predict.py --config {params.section:q} --checkpoint {input.checkpoint:q} --expect {params.job:q}"
        " --volume {input.volume:q} {params.slices} --probabilities {output.probabilities:q} --deviation {output.deviation:q} --timing {output.timing:q}"
        " --log {log:q}"
