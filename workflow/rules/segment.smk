# Cells from a network's probabilities: superpixels joined by edges that are learned on its training slices.


rule segment:
    input:
        code=code_files("scripts/segment.py"),
        checkpoint=f"{REPLICATE}/checkpoint.pt",
        train_volume=of_experiment(Plan.raw_stack, "train-volume"),
        labels=of_experiment(Plan.raw_stack, "train-labels"),
        volume=of_fold(Plan.scored_stack, "volume"),
        probabilities=f"{REPLICATE}/probabilities.tif",
    output:
        segmentation=f"{REPLICATE}/segmentation.tif",
        linkage=f"{REPLICATE}/linkage.tif",
        edges=f"{REPLICATE}/edges.tif",
        learned=f"{REPLICATE}/edges.safetensors",
        timing=f"{REPLICATE}/segmentation-time.json",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/segment.log",
    conda:
        ENVIRONMENT
    threads: of_experiment(Plan.job_threads, PLACES)
    resources:
        gpu=of_experiment(Plan.gpus_held, PLACES),
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        section=of_experiment(Plan.section, "segment"),
        predict=of_experiment(Plan.section, "predict"),
        slices=of_fold(Plan.slices_option, "--slices"),
    shell:
        "python scripts/segment.py --config {params.section:q} --predict {params.predict:q}"
        " --checkpoint {input.checkpoint:q} --train-volume {input.train_volume:q} --labels {input.labels:q}"
        " --volume {input.volume:q} {params.slices} --probabilities {input.probabilities:q} --map {output.segmentation:q}"
        " --linkage-map {output.linkage:q} --edges-map {output.edges:q} --save-edges {output.learned:q}"
        " --timing {output.timing:q} --log {log:q}"
