# What the ISBI 2012 challenge takes: the mean prediction of its test stack, entered into a ledger.


rule submit:
    input:
        code=code_files("scripts/submit.py"),
        labels=of_experiment(Plan.test_labels),
        probabilities=of_arm(Plan.test_probabilities),
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
