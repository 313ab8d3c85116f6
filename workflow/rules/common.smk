# The plan of every experiment, and the functions that turn a rule's wildcards into questions to its plan.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError


include: "../checkout.smk"


from fusionnet.config.experiment import DEFAULT_EXPERIMENT, FOLD, NAME
from fusionnet.config.reading import overrides
from fusionnet.errors import UserError
from fusionnet.workflow.claims import claim
from fusionnet.workflow.code import code_files
from fusionnet.workflow.gpus import Places, gpus_offered
from fusionnet.workflow.plan import AUGMENTED, REPLICATE, REPORT, REPORTS, SUBMISSION, Plan
from fusionnet.workflow.plans import asked_for, load_plans, plans_by_stacks, targets_of

ENVIRONMENT = workflow.source_path("../envs/fusionnet.yaml")

# What the command line overrides is read here as an overlay is; Snakemake's own `config` has it in another reading.
try:
    OVERRIDES = overrides(workflow.config_settings.configfiles, workflow.config_settings.config_args)
    # Snakemake passes over a missing input whose outputs are there. A node of a cluster may not see these files.
    PLANS, FAULTS = load_plans(OVERRIDES, own_files=workflow.is_main_process)
    ASKED_FOR = asked_for(targets_of(sys.argv[1:])) if FAULTS else set()
    for name, fault in FAULTS.items():
        if name in ASKED_FOR:
            raise fault
        logger.warning(f"The experiment {name} cannot run, others can: {fault}")
    # The processes that Snakemake starts for single jobs know the resources of their job alone.
    GPUS = gpus_offered(workflow.global_resources.get("gpu").value) if workflow.is_main_process else 1
except UserError as error:
    raise WorkflowError(str(error)) from None
HERE = workflow.is_main_process and workflow.resource_settings.nodes is None
PLACES = Places(workflow.global_resources["_cores"].value, GPUS, HERE)
CLAIMS = []


onstart:
    # A limit of 100 jobs a second, which none reach, and for which each job that ended adds a round to every second:
    # findings/snakemake_scheduler_rounds_grow.sh
    workflow.scheduler.job_rate_limiter = None
    try:
        outputs = [str(file) for job in workflow.dag.needrun_jobs() for file in job.output]
        CLAIMS.append(claim(outputs, Path(".snakemake/claims")))
    except UserError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    experiment="|".join(PLANS),
    arm=NAME,
    fold=FOLD,
    seed=r"\d+",


def of_experiment(question, *values):
    """Return the function of a rule's wildcards that asks their experiment's plan."""
    return lambda wildcards: question(PLANS[wildcards.experiment], *values)


def of_fold(question, *values):
    """Return the same for a question about a fold."""
    return lambda wildcards: question(PLANS[wildcards.experiment], wildcards.fold, *values)


def of_arm(question):
    """Return the same for a question about an arm."""
    return lambda wildcards: question(PLANS[wildcards.experiment], wildcards.arm)


def training_job(wildcards):
    return PLANS[wildcards.experiment].training_job(wildcards.arm, wildcards.fold, wildcards.seed)


def with_report(name):
    """Return the pattern of the experiments that have a report; an empty pattern fits none."""
    return "|".join(plan.name for plan in PLANS.values() if name in plan.reports)


def of_default(question):
    """Ask the default experiment's plan; there is none where its overlay is faulty and another is asked for."""
    return question(PLANS[DEFAULT_EXPERIMENT]) if DEFAULT_EXPERIMENT in PLANS else []
