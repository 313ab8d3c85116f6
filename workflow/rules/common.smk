# The configuration of every experiment, and the functions that turn wildcards into files and parameters.
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# This checkout's code, also where another one is installed: `dvc exp run --temp` works in a copy of the project.
sys.path.insert(0, os.getcwd())
os.environ.update(PYTHONPATH=os.pathsep.join([os.getcwd(), *filter(None, [os.environ.get("PYTHONPATH")])]))

from fusionnet.workflow.claims import claim
from fusionnet.config.experiment import FOLD, NAME, Config, experiments, load
from fusionnet.config.reading import overrides
from fusionnet.download.datasets import DATASETS
from fusionnet.download.raw_stacks import stacks_of
from fusionnet.errors import UserError
from fusionnet.train.folds import slice_range
from fusionnet.workflow.code import project_files
from fusionnet.workflow.gpus import gpus_offered, threads_of_gpu_job

DEFAULT_EXPERIMENT = "phantom"
ENVIRONMENT = workflow.source_path("../envs/fusionnet.yaml")
REPLICATE = "results/{experiment}/replicates/{arm}/{fold}/seed-{seed}"
REPORT = "results/{experiment}/report"
REPORT_FILES = ["comparison.csv", "curves.csv", "comparison.md", "verdict.md", "summary.json", "scores.json"]
REPLICATE_FILES = [
    "checkpoint.pt",
    "history.csv",
    "training-time.json",
    "probabilities.tif",
    "deviation.tif",
    "prediction-time.json",
]
SCORE_FILES = ["metrics.json", "slices.csv"]
SUBMISSION = "results/{experiment}/submission/{arm}.tif"
BODY_FILES = ["bodies.json", "bodies.csv"]
FIGURES = ["scores", "segmentations", "training", "thresholds", "effects", "compute", "proofreading"]


def is_asked_for(experiment):
    """Return whether the command line names the experiment or a file of it, or names none and it is the default."""
    words = {word for argument in sys.argv[1:] for word in re.split("[/=,:]", argument)}
    return experiment in (words.intersection(experiments()) or {DEFAULT_EXPERIMENT})


def check_folds(name, configuration):
    for fold in configuration.folds:
        if fold != "test":
            slice_range(fold)
        elif "test-volume" not in stacks_of(configuration.download):
            raise UserError(
                f"config/experiments/{name}.yaml: fold 'test' is a test stack, and "
                f"{configuration.download.dataset!r} has none here; name slices in `folds`, such as ['25-29']"
            )


# What the command line overrides is read here as an overlay is; Snakemake's own `config` has it in another reading.
try:
    OVERRIDES = overrides(workflow.config_settings.configfiles, workflow.config_settings.config_args)
except UserError as error:
    raise WorkflowError(str(error)) from None
CONFIGS: dict[str, Config] = {}
for name in experiments():
    try:
        configuration = load(name, OVERRIDES)
        check_folds(name, configuration)
        # Snakemake passes over a missing input whose outputs are there. A node of a cluster may not see these files.
        if workflow.is_main_process:
            configuration.download.require_own_files()
        CONFIGS[name] = configuration
    except UserError as error:
        # A faulty overlay stops its own experiment alone.
        if is_asked_for(name):
            raise WorkflowError(str(error)) from None
        logger.warning(f"The experiment {name} cannot run, others can: {error}")
try:
    # The processes that Snakemake starts for single jobs are told of the resources of their job alone.
    GPUS = gpus_offered(workflow.global_resources.get("gpu").value) if workflow.is_main_process else 1
except UserError as error:
    raise WorkflowError(str(error)) from None

# The experiments that find nuclei: bodies, besides membranes, are scored there. An empty pattern fits no experiment.
NUCLEI = [name for name, configuration in CONFIGS.items() if DATASETS[configuration.download.dataset].task == "nuclei"]
ONE_OF_NUCLEI = "|".join(NUCLEI)
GPU_JOB_THREADS = threads_of_gpu_job(workflow.global_resources["_cores"].value, GPUS)
RAW = {configuration.raw_name(name): configuration for name, configuration in CONFIGS.items()}
CLAIMS = []


onstart:
    try:
        outputs = [str(file) for job in workflow.dag.needrun_jobs() for file in job.output]
        CLAIMS.append(claim(outputs, Path(".snakemake/claims")))
    except UserError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    experiment="|".join(CONFIGS),
    arm=NAME,
    fold=FOLD,
    seed=r"\d+",


def section(name):
    """Return a function that gives one section of the wildcards' experiment as JSON."""
    return lambda wildcards: getattr(CONFIGS[wildcards.experiment], name).model_dump_json()


def training_job(wildcards):
    return (
        CONFIGS[wildcards.experiment].training_job(wildcards.arm, wildcards.fold, int(wildcards.seed)).model_dump_json()
    )


def report_job(wildcards):
    job = CONFIGS[wildcards.experiment].report_job()
    return job.model_copy(update={"folds": scored_folds(wildcards.experiment)}).model_dump_json()


def report_job_of(arms_of):
    """Return a function that gives the report's job with some arms alone: those that `arms_of` gives."""

    def job(wildcards):
        every = CONFIGS[wildcards.experiment].report_job()
        update = {"arms": arms_of(wildcards.experiment), "folds": scored_folds(wildcards.experiment)}
        return every.model_copy(update=update).model_dump_json()

    return job


def has_truth(experiment):
    """Return whether the test stack's labels are at hand."""
    return "test-labels" in stacks_of(CONFIGS[experiment].download)


def scored_folds(experiment):
    """Return the folds that can be scored: all but a test stack without labels, which is predicted alone."""
    return [fold for fold in CONFIGS[experiment].folds if fold != "test" or has_truth(experiment)]


def chained_arms(experiment):
    """Return the scored arms that have several units in series."""
    configuration = CONFIGS[experiment]
    return [arm for arm in configuration.arms if configuration.network[arm].chain > 1 and scored_folds(experiment)]


def budgeted_arms(experiment):
    """Return the scored arms that are trained on a number of slices of their own."""
    configuration = CONFIGS[experiment]
    return [
        arm for arm in configuration.arms if configuration.network[arm].training_slices and scored_folds(experiment)
    ]


def one_of(experiments):
    """Return the pattern of experiments that a rule is for; an empty pattern fits none."""
    return "|".join(experiments)


def raw(stack):
    """Return a function that gives a raw stack of the wildcards' experiment."""
    return lambda wildcards: raw_stack(wildcards.experiment, stack)


def raw_stack(experiment, stack):
    return f"data/raw/{CONFIGS[experiment].raw_name(experiment)}/{stack}.tif"


def scored(kind):
    """Return a function that gives the stack (kind: volume or labels) that holds the scored slices of a fold."""
    return lambda wildcards: raw_stack(
        wildcards.experiment,
        f"{'test' if wildcards.fold == 'test' else 'train'}-{kind}",
    )


def scored_slices(option):
    """Return a function that gives the option which names a fold's slices; a test stack is scored whole."""
    return lambda wildcards: ("" if wildcards.fold == "test" else f"{option} {wildcards.fold}")


def raw_folder(wildcards):
    return f"data/raw/{CONFIGS[wildcards.experiment].raw_name(wildcards.experiment)}"


def raw_stacks(wildcards):
    """Return the raw stacks that an experiment's report reads."""
    names = ["train"] + (["test"] if "test" in scored_folds(wildcards.experiment) else [])
    return [raw_stack(wildcards.experiment, f"{name}-{kind}") for name in names for kind in ("volume", "labels")]


def scored_replicate_files(wildcards):
    experiment = wildcards.experiment
    return replicate_files(experiment, scored_folds(experiment), [*REPLICATE_FILES, *SCORE_FILES])


def files_of_arms(arms_of):
    """Return a function that gives the scored replicates' files of some arms: those that `arms_of` gives."""

    def files(wildcards):
        experiment, arms = wildcards.experiment, arms_of(wildcards.experiment)
        return replicate_files(experiment, scored_folds(experiment), [*REPLICATE_FILES, *SCORE_FILES], arms)

    return files


def all_body_files(wildcards):
    return replicate_files(wildcards.experiment, scored_folds(wildcards.experiment), BODY_FILES)


def replicate_files(experiment, folds, files, arms=None):
    """Return these files of every replicate of an experiment on these folds, of all arms or of some."""
    configuration = CONFIGS[experiment]
    return expand(
        f"{REPLICATE}/{{file}}",
        experiment=experiment,
        arm=configuration.arms if arms is None else arms,
        fold=folds,
        seed=configuration.seeds,
        file=files,
    )


def submissions_of(experiment):
    configuration = CONFIGS[experiment]
    return expand(SUBMISSION, experiment=experiment, arm=configuration.arms if configuration.report.submission else [])


def test_probabilities(wildcards):
    """Return an arm's predictions of the test stack, one for each seed."""
    return expand(
        f"{REPLICATE}/probabilities.tif", fold="test", seed=CONFIGS[wildcards.experiment].seeds, allow_missing=True
    )


def test_labels(wildcards):
    return [raw_stack(wildcards.experiment, "test-labels")] if has_truth(wildcards.experiment) else []


def figures_of(experiment):
    figures = FIGURES if scored_folds(experiment) else []
    bodies = ["bodies"] if experiment in NUCLEI else []
    refinement = ["refinement"] if chained_arms(experiment) else []
    annotation = ["annotation"] if budgeted_arms(experiment) else []
    return expand(
        f"{REPORT}/{{figure}}.png",
        experiment=experiment,
        figure=[*figures, *bodies, *refinement, *annotation, "augmentation"],
    )


def reports_of(experiment):
    texts = REPORT_FILES if scored_folds(experiment) else []
    texts = [*texts, "bodies.md"] if experiment in NUCLEI else texts
    texts = [*texts, "refinement.md", "refinement.csv"] if chained_arms(experiment) else texts
    return figures_of(experiment) + expand(f"{REPORT}/{{file}}", experiment=experiment, file=texts)


def of_default(files):
    """Return files of the default experiment; none where its overlay is faulty and another is asked for."""
    return files(DEFAULT_EXPERIMENT) if DEFAULT_EXPERIMENT in CONFIGS else []


def files_of(experiment):
    """Return every tracked file of an experiment: what is not listed may go missing unseen."""
    augmented = expand(
        "data/augmented/{experiment}/{stack}.tif",
        experiment=experiment,
        stack=["volume", "labels"],
    )
    stacks = [raw_stack(experiment, stack) for stack in stacks_of(CONFIGS[experiment].download)]
    replicates = replicate_files(experiment, CONFIGS[experiment].folds, REPLICATE_FILES)
    scores = replicate_files(
        experiment, scored_folds(experiment), [*SCORE_FILES, *(BODY_FILES if experiment in NUCLEI else [])]
    )
    return stacks + augmented + replicates + scores + reports_of(experiment) + submissions_of(experiment)
