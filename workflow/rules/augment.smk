# Enrichment of the labelled stack, made ahead.


rule augment:
    input:
        code=code_files("scripts/augment.py"),
        volume=of_experiment(Plan.raw_stack, "train-volume"),
        labels=of_experiment(Plan.raw_stack, "train-labels"),
    output:
        volume=f"{AUGMENTED}/volume.tif",
        labels=f"{AUGMENTED}/labels.tif",
        contact_sheet=report(
            f"{REPORT}/augmentation.png",
            caption="../report/augmentation.rst",
            category="Data",
        ),
    log:
        "logs/{experiment}/augment.log",
    conda:
        ENVIRONMENT
    params:
        section=of_experiment(Plan.section, "augment"),
    shell:
        "python scripts/augment.py --config {params.section:q} --volume {input.volume:q} --labels {input.labels:q}"
        " --output-volume {output.volume:q} --output-labels {output.labels:q} --contact-sheet {output.contact_sheet:q}"
        " --log {log:q}"
