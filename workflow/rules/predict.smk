# A trained network's probabilities on the slices of its fold, on one GPU.


rule predict:
    input:
        code=code_files("scripts/predict.py"),
        checkpoint=f"{REPLICATE}/checkpoint.pt",
        volume=of_fold(Plan.scored_stack, "volume"),
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
        section=of_experiment(Plan.section, "predict"),
        job=training_job,
        slices=of_fold(Plan.slices_option, "--slices"),
    shell:
        "python scripts/predict.py --config {params.section:q} --checkpoint {input.checkpoint:q} --expect {params.job:q}"
        " --volume {input.volume:q} {params.slices} --probabilities {output.probabilities:q} --deviation {output.deviation:q} --timing {output.timing:q}"
        " --log {log:q}"
