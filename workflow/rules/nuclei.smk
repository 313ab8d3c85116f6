# The second task, for the experiments whose dataset labels nuclei: bodies as objects, beside the scores of all.


rule evaluate_bodies:
    input:
        code=project_files("scripts/evaluate_bodies.py"),
        labels=scored("instances"),
        probabilities=f"{REPLICATE}/probabilities.tif",
    output:
        metrics=f"{REPLICATE}/bodies.json",
        bodies=f"{REPLICATE}/bodies.csv",
    log:
        "logs/{experiment}/{arm}/{fold}/seed-{seed}/evaluate-bodies.log",
    wildcard_constraints:
        experiment=ONE_OF_NUCLEI,
    conda:
        ENVIRONMENT
    params:
        slices=scored_slices("--label-slices"),
    shell:
        "python scripts/evaluate_bodies.py --labels {input.labels:q} {params.slices} --probabilities {input.probabilities:q}"
        " --metrics {output.metrics:q} --bodies {output.bodies:q} --log {log:q}"


rule report_bodies:
    input:
        code=project_files("scripts/report_bodies.py"),
        bodies=all_body_files,
    output:
        figure=report(
            f"{REPORT}/bodies.png",
            caption="../captions/bodies.rst",
            category="Comparison",
        ),
        table=f"{REPORT}/bodies.md",
    log:
        "logs/{experiment}/report-bodies.log",
    wildcard_constraints:
        experiment=ONE_OF_NUCLEI,
    conda:
        ENVIRONMENT
    params:
        job=report_job,
        folder="results/{experiment}",
    shell:
        "python scripts/report_bodies.py --config {params.job:q} --results {params.folder:q}/replicates"
        " --report-folder {params.folder:q}/report --log {log:q}"
