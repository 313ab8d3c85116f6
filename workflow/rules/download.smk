# Raw stacks, as the dataset has them.
from fusionnet.volumes.fingerprint import files_fingerprint

# A rule for each dataset: they differ in which stacks they have.
for dataset, plan in plans_by_stacks(PLANS).items():

    rule:
        name:
            f"download_{dataset}"
        input:
            code=code_files("scripts/download.py"),
            own=plan.config.download.own_files(),
        output:
            stacks=[plan.raw_stack(stack) for stack in plan.stacks],
            origin=f"{plan.raw_folder()}/ORIGIN.json",
        log:
            f"logs/download/{dataset}.log",
        # On a cluster where Snakemake itself runs: nodes often have no network.
        localrule: True
        conda:
            ENVIRONMENT
        params:
            section=plan.download_job(),
            folder=lambda wildcards, output: Path(output.origin).parent,
            # Stacks are made anew when the person's files change in place; see fusionnet/volumes/fingerprint.py.
            own_files=lambda wildcards, plan=plan: files_fingerprint(plan.config.download.own_files()),
        shell:
            "python scripts/download.py --config {params.section:q} --output-folder {params.folder:q} --log {log:q}"
