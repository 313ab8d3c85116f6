# Scores against the truth: the official ones, those of cells that were segmented and, of nuclei, of bodies as objects.


rule evaluate:
    input:
        code=code_files("scripts/evaluate.py"),
        labels=of_fold(Plan.scored_stack, "labels"),
        probabilities=f"{REPLICATE}/probabilities.tif",
    output:
        metrics=f"{REPLICATE}/metrics.json",
        slices=f"{REPLICATE}/slices.csv",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/evaluate.log",
    conda:
        ENVIRONMENT
    params:
        slices=of_fold(Plan.slices_option, "--label-slices"),
    shell:
        "python scripts/evaluate.py --labels {input.labels:q} {params.slices} --probabilities {input.probabilities:q}"
        " --metrics {output.metrics:q} --slices {output.slices:q} --log {log:q}"


rule evaluate_segmentation:
    input:
        code=code_files("scripts/evaluate_segmentation.py"),
        labels=of_fold(Plan.scored_stack, "labels"),
        probabilities=f"{REPLICATE}/probabilities.tif",
        linkage=f"{REPLICATE}/linkage.tif",
        edges=f"{REPLICATE}/edges.tif",
        segmentation=f"{REPLICATE}/segmentation.tif",
    output:
        ladder=f"{REPLICATE}/ladder.csv",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/evaluate-segmentation.log",
    conda:
        ENVIRONMENT
    params:
        slices=of_fold(Plan.slices_option, "--label-slices"),
    shell:
        "python scripts/evaluate_segmentation.py --labels {input.labels:q} {params.slices}"
        " --probabilities {input.probabilities:q} --linkage {input.linkage:q} --edges {input.edges:q}"
        " --segmentation {input.segmentation:q} --ladder {output.ladder:q} --log {log:q}"


rule evaluate_bodies:
    input:
        code=code_files("scripts/evaluate_bodies.py"),
        labels=of_fold(Plan.scored_stack, "instances"),
        probabilities=f"{REPLICATE}/probabilities.tif",
    output:
        metrics=f"{REPLICATE}/bodies.json",
        bodies=f"{REPLICATE}/bodies.csv",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/evaluate-bodies.log",
    wildcard_constraints:
        experiment=with_report("report_bodies"),
    conda:
        ENVIRONMENT
    params:
        slices=of_fold(Plan.slices_option, "--label-slices"),
    shell:
        "python scripts/evaluate_bodies.py --labels {input.labels:q} {params.slices} --probabilities {input.probabilities:q}"
        " --metrics {output.metrics:q} --bodies {output.bodies:q} --log {log:q}"
