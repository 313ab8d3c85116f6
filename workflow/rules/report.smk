# The report that compares the arms, and pages on what only some experiments have: nuclei, several units in series, arms
# trained on few slices. What each reads and writes is in fusionnet/workflow/plan.py: REPORTS.


rule report:
    input:
        code=code_files("scripts/report.py"),
        stacks=of_experiment(Plan.stacks_reported),
        replicates=of_experiment(Plan.replicates_reported, "report"),
        also=of_experiment(Plan.further_reports),
    output:
        page=report(
            f"{REPORT}/index.html",
            caption="../report/index.rst",
            category="Comparison",
        ),
        figures=[
            report(
                f"{REPORT}/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Comparison",
            )
            for figure in REPORTS["report"].figures
        ],
        table=report(
            f"{REPORT}/comparison.csv",
            caption="../report/comparison.rst",
            category="Comparison",
        ),
        texts=[f"{REPORT}/{text}" for text in REPORTS["report"].texts if text not in ("comparison.csv", "index.html")],
    log:
        "logs/{experiment}/report.log",
    wildcard_constraints:
        experiment=with_report("report"),
    conda:
        ENVIRONMENT
    params:
        job=of_experiment(Plan.report_job, "report"),
        folder="results/{experiment}",
        raw=of_experiment(Plan.raw_folder),
    shell:
        "python scripts/report.py --config {params.job:q} --results {params.folder:q}/replicates --raw {params.raw:q}"
        " --report-folder {params.folder:q}/report --also {input.also:q} --log {log:q}"


rule report_segmentation:
    input:
        code=code_files("scripts/report_segmentation.py"),
        stacks=of_experiment(Plan.stacks_reported),
        replicates=of_experiment(Plan.replicates_reported, "report_segmentation"),
    output:
        figures=[
            report(
                f"{REPORT}/{figure}.png",
                caption=f"../report/{figure}.rst",
                category="Segmentation",
            )
            for figure in REPORTS["report_segmentation"].figures
        ],
        texts=[f"{REPORT}/{text}" for text in REPORTS["report_segmentation"].texts],
    log:
        "logs/{experiment}/report-segmentation.log",
    wildcard_constraints:
        experiment=with_report("report_segmentation"),
    conda:
        ENVIRONMENT
    params:
        job=of_experiment(Plan.report_job, "report_segmentation"),
        folder="results/{experiment}",
        raw=of_experiment(Plan.raw_folder),
    shell:
        "python scripts/report_segmentation.py --config {params.job:q} --results {params.folder:q}/replicates"
        " --raw {params.raw:q} --report-folder {params.folder:q}/report --log {log:q}"


rule report_bodies:
    input:
        code=code_files("scripts/report_bodies.py"),
        bodies=of_experiment(Plan.replicates_reported, "report_bodies"),
    output:
        figure=report(
            f"{REPORT}/bodies.png",
            caption="../report/bodies.rst",
            category="Comparison",
        ),
        table=f"{REPORT}/bodies.md",
    log:
        "logs/{experiment}/report-bodies.log",
    wildcard_constraints:
        experiment=with_report("report_bodies"),
    conda:
        ENVIRONMENT
    params:
        job=of_experiment(Plan.report_job, "report_bodies"),
        folder="results/{experiment}",
    shell:
        "python scripts/report_bodies.py --config {params.job:q} --results {params.folder:q}/replicates"
        " --report-folder {params.folder:q}/report --log {log:q}"


rule report_refinement:
    input:
        code=code_files("scripts/report_refinement.py"),
        stacks=of_experiment(Plan.stacks_reported),
        replicates=of_experiment(Plan.replicates_reported, "report_refinement"),
    output:
        figure=report(
            f"{REPORT}/refinement.png",
            caption="../report/refinement.rst",
            category="Comparison",
        ),
        table=f"{REPORT}/refinement.csv",
        text=f"{REPORT}/refinement.md",
    log:
        "logs/{experiment}/report-refinement.log",
    wildcard_constraints:
        experiment=with_report("report_refinement"),
    conda:
        ENVIRONMENT
    threads: of_experiment(Plan.job_threads, PLACES)
    resources:
        gpu=of_experiment(Plan.gpus_held, PLACES),
        gpu_memory_gb=8,
        mem_mb=16000,
        runtime=240,
    params:
        job=of_experiment(Plan.report_job, "report_refinement"),
        predict=of_experiment(Plan.section, "predict"),
        folder="results/{experiment}",
        raw=of_experiment(Plan.raw_folder),
    shell:
        "python scripts/report_refinement.py --config {params.job:q} --predict {params.predict:q}"
        " --results {params.folder:q}/replicates --raw {params.raw:q} --report-folder {params.folder:q}/report --log {log:q}"


rule report_annotation:
    input:
        code=code_files("scripts/report_annotation.py"),
        replicates=of_experiment(Plan.replicates_reported, "report_annotation"),
    output:
        report(
            f"{REPORT}/annotation.png",
            caption="../report/annotation.rst",
            category="Comparison",
        ),
    log:
        "logs/{experiment}/report-annotation.log",
    wildcard_constraints:
        experiment=with_report("report_annotation"),
    conda:
        ENVIRONMENT
    params:
        job=of_experiment(Plan.report_job, "report_annotation"),
        folder="results/{experiment}/replicates",
    shell:
        "python scripts/report_annotation.py --config {params.job:q} --results {params.folder:q} --figure {output:q}"
        " --log {log:q}"
