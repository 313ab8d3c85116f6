# Raw stacks and their enrichment.

# A rule for each dataset: they differ in which stacks they have.
for dataset, configuration in RAW.items():

    rule:
        name:
            f"download_{dataset}"
        input:
            code=project_files("scripts/download.py"),
            own=configuration.download.own_files(),
        output:
            stacks=expand(
                "data/raw/{dataset}/{stack}.tif",
                dataset=dataset,
                stack=stacks_of(configuration.download),
            ),
            origin=f"data/raw/{dataset}/ORIGIN.json",
        log:
            f"logs/download/{dataset}.log",
        # On a cluster where Snakemake itself runs: nodes often have no network.
        localrule: True
        conda:
            ENVIRONMENT
        params:
            section=configuration.download.relevant().model_dump_json(),
            folder=lambda wildcards, output: Path(output.origin).parent,
        shell:
            "python scripts/download.py --config {params.section:q} --output-folder {params.folder:q} --log {log:q}"


rule augment:
    input:
        code=project_files("scripts/augment.py"),
        volume=raw("train-volume"),
        labels=raw("train-labels"),
    output:
        volume="data/augmented/{experiment}/volume.tif",
        labels="data/augmented/{experiment}/labels.tif",
        contact_sheet=report(
            f"{REPORT}/augmentation.png",
            caption="../captions/augmentation.rst",
            category="Data",
        ),
    log:
        "logs/{experiment}/augment.log",
    conda:
        ENVIRONMENT
    params:
        section=section("augment"),
    shell:
        "python scripts/augment.py --config {params.section:q} --volume {input.volume:q} --labels {input.labels:q}"
        " --output-volume {output.volume:q} --output-labels {output.labels:q} --contact-sheet {output.contact_sheet:q}"
        " --log {log:q}"
