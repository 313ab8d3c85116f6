# Reports of what only some experiments have: several units in series, or arms trained on few slices.


rule report_refinement:
    input:
        code=project_files("scripts/report_refinement.py"),
        stacks=raw_stacks,
        replicates=files_of_arms(chained_arms),
    output:
        figure=report(
            f"{REPORT}/refinement.png",
            caption="../captions/refinement.rst",
            category="Comparison",
        ),
        table=f"{REPORT}/refinement.csv",
        text=f"{REPORT}/refinement.md",
    log:
        "logs/{experiment}/report-refinement.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIGS if chained_arms(name)),
    conda:
        ENVIRONMENT
    threads: GPU_JOB_THREADS
    resources:
        gpu=1,
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        job=report_job_of(chained_arms),
        predict=section("predict"),
        folder="results/{experiment}",
        raw=raw_folder,
    shell:
        "python scripts/report_refinement.py --config {params.job:q} --predict {params.predict:q}"
        " --results {params.folder:q}/replicates --raw {params.raw:q} --report-folder {params.folder:q}/report --log {log:q}"


rule report_annotation:
    input:
        code=project_files("scripts/report_annotation.py"),
        replicates=files_of_arms(budgeted_arms),
    output:
        report(
            f"{REPORT}/annotation.png",
            caption="../captions/annotation.rst",
            category="Comparison",
        ),
    log:
        "logs/{experiment}/report-annotation.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIGS if budgeted_arms(name)),
    conda:
        ENVIRONMENT
    params:
        job=report_job_of(budgeted_arms),
        folder="results/{experiment}/replicates",
    shell:
        "python scripts/report_annotation.py --config {params.job:q} --results {params.folder:q} --figure {output:q}"
        " --log {log:q}"
