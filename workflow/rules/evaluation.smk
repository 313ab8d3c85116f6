# Scores, and the report that compares them.


rule evaluate:
    input:
        code=project_files("scripts/evaluate.py"),
        labels=scored("labels"),
        probabilities=f"{REPLICATE}/probabilities.tif",
    output:
        metrics=f"{REPLICATE}/metrics.json",
        slices=f"{REPLICATE}/slices.csv",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/evaluate.log",
    conda:
        ENVIRONMENT
    params:
        slices=scored_slices("--label-slices"),
    shell:
        "python scripts/evaluate.py --labels {input.labels:q} {params.slices} --probabilities {input.probabilities:q}"
        " --metrics {output.metrics:q} --slices {output.slices:q} --log {log:q}"


rule report:
    input:
        code=project_files("scripts/report.py"),
        stacks=raw_stacks,
        replicates=scored_replicate_files,
    output:
        figures=[
            report(
                f"{REPORT}/{figure}.png",
                caption=f"../captions/{figure}.rst",
                category="Comparison",
            )
            for figure in FIGURES
        ],
        table=report(
            f"{REPORT}/comparison.csv",
            caption="../captions/comparison.rst",
            category="Comparison",
        ),
        texts=[f"{REPORT}/{file}" for file in REPORT_FILES if file != "comparison.csv"],
    log:
        "logs/{experiment}/report.log",
    conda:
        ENVIRONMENT
    params:
        job=report_job,
        folder="results/{experiment}",
        raw=raw_folder,
    shell:
        "python scripts/report.py --config {params.job:q} --results {params.folder:q}/replicates --raw {params.raw:q}"
        " --report-folder {params.folder:q}/report --log {log:q}"


rule submit:
    input:
        code=project_files("scripts/submit.py"),
        labels=test_labels,
        probabilities=test_probabilities,
    output:
        SUBMISSION,
    log:
        "logs/{experiment}/{arm}/submit.log",
    conda:
        ENVIRONMENT
    params:
        labels=lambda wildcards, input: (f"--labels {input.labels}" if input.labels else ""),
        # In git, not an output: lines of earlier runs stay.
        ledger="results/{experiment}/ledger.csv",
    shell:
        "python scripts/submit.py --arm {wildcards.arm:q} --probabilities {input.probabilities:q} {params.labels}"
        " --submission {output:q} --ledger {params.ledger:q} --log {log:q}"
