"""What an experiment consists of: its files, and the settings that each of its jobs is given.

The rules in ``workflow/rules`` and the functions in ``common.smk``, which know wildcards, ask a `Plan`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fusionnet.config.experiment import Config
from fusionnet.download.datasets import DATASETS
from fusionnet.download.raw_stacks import stacks_of
from fusionnet.workflow.gpus import Places

REPLICATE = "results/{experiment}/replicates/{arm}/{fold}/seed-{seed}"
REPORT = "results/{experiment}/report"
SUBMISSION = "results/{experiment}/submission/{arm}.tif"
AUGMENTED = "data/augmented/{experiment}"

TRAINING_FILES = ("checkpoint.pt", "history.csv", "training-time.json")
PREDICTION_FILES = ("probabilities.tif", "deviation.tif", "prediction-time.json")
REPLICATE_FILES = (*TRAINING_FILES, *PREDICTION_FILES)
SEGMENTATION_FILES = ("segmentation.tif", "linkage.tif", "edges.tif", "edges.safetensors", "segmentation-time.json")
LADDER_FILES = ("ladder.csv",)
SCORE_FILES = ("metrics.json", "slices.csv")
BODY_FILES = ("bodies.json", "bodies.csv")


@dataclass(frozen=True)
class Report:
    """A rule that reports on an experiment's scored replicates.

    Args:
        figures: Names of its figures, without ``.png``.
        texts: Names of its tables and texts.
        reads: Which files of each replicate it reads.
        arms: Gives the arms of an experiment that it is about; none where an experiment has no such report.
    """

    figures: tuple[str, ...]
    texts: tuple[str, ...]
    reads: tuple[str, ...]
    arms: Callable[["Plan"], list[str]]


@dataclass(frozen=True)
class Plan:
    """One experiment of the workflow."""

    name: str
    config: Config

    @property
    def raw_name(self) -> str:
        """Name of the folder of raw stacks, which experiments on a published dataset share."""
        return self.config.raw_name(self.name)

    def raw_folder(self) -> str:
        """Return the folder of the raw stacks."""
        return f"data/raw/{self.raw_name}"

    @property
    def stacks(self) -> tuple[str, ...]:
        """Names of the raw stacks, such as ``train-volume``."""
        return stacks_of(self.config.download)

    @property
    def portable_threads(self) -> int | None:
        """Threads of a job in portable arithmetic; None where trainings or predictions take what the machine has."""
        sections = self.config.train, self.config.predict
        portable = all(section.arithmetic == "portable" for section in sections)
        return max(section.threads for section in sections) if portable else None

    @property
    def finds_nuclei(self) -> bool:
        """Whether bodies are scored as objects, besides the scores of every experiment."""
        return DATASETS[self.config.download.dataset].task == "nuclei"

    @property
    def finds_cells(self) -> bool:
        """Whether membranes are predicted, so that cells are segmented from them."""
        return not self.finds_nuclei

    @property
    def scored_folds(self) -> list[str]:
        """The folds that can be scored: all but a test stack without labels, which is predicted alone."""
        return [fold for fold in self.config.folds if fold != "test" or "test-labels" in self.stacks]

    @property
    def reports(self) -> list[str]:
        """The names of the report rules that have something to report on."""
        return [name for name in REPORTS if self.arms_of(name)]

    def arms_of(self, report: str) -> list[str]:
        """Return the arms that a report is about."""
        return REPORTS[report].arms(self) if self.scored_folds else []

    def job_threads(self, places: Places) -> int:
        """Return the threads of a training or a prediction."""
        return places.threads(self.portable_threads)

    def gpus_held(self, places: Places) -> int:
        """Return how many GPUs a training or a prediction holds, and queues for."""
        return places.gpus_held(self.portable_threads)

    def section(self, name: str) -> str:
        """Return a section of the configuration as JSON."""
        return getattr(self.config, name).model_dump_json()

    def download_job(self) -> str:
        """Return the part of the section ``download`` that decides the raw stacks, as JSON."""
        return self.config.download.relevant().model_dump_json()

    def training_job(self, arm: str, fold: str, seed: str | int) -> str:
        """Return what decides a training, as JSON."""
        return self.config.training_job(arm, fold, int(seed)).model_dump_json()

    def report_job(self, report: str) -> str:
        """Return what a report compares, as JSON."""
        compared = {"arms": self.arms_of(report), "folds": self.scored_folds}
        return self.config.report_job().model_copy(update=compared).model_dump_json()

    def raw_stack(self, stack: str) -> str:
        """Return the path of a raw stack."""
        return f"{self.raw_folder()}/{stack}.tif"

    def scored_stack(self, fold: str, kind: str) -> str:
        """Return the raw stack (kind: volume, labels or instances) that holds the scored slices of a fold."""
        return self.raw_stack(f"{'test' if fold == 'test' else 'train'}-{kind}")

    def slices_option(self, fold: str, option: str) -> str:
        """Return the option that names a fold's slices to a script; a test stack is taken whole."""
        return "" if fold == "test" else f"{option} {fold}"

    def replicate_files(self, folds: Iterable[str], arms: Iterable[str], files: Iterable[str]) -> list[str]:
        """Return files of every replicate of some arms on some folds."""
        places = (
            REPLICATE.format(experiment=self.name, arm=arm, fold=fold, seed=seed)
            for arm in arms
            for fold in folds
            for seed in self.config.seeds
        )
        return [f"{place}/{file}" for place in places for file in files]

    def replicates_reported(self, report: str) -> list[str]:
        """Return the replicates' files that a report reads.

        Where cells are segmented a report is given all of them, as DVC gives it the folder: so both mark the same.
        """
        segmented = [*REPLICATE_FILES, *SEGMENTATION_FILES, *SCORE_FILES, *LADDER_FILES] if self.finds_cells else []
        return self.replicate_files(self.scored_folds, self.arms_of(report), segmented or REPORTS[report].reads)

    def files_of_report(self, report: str) -> list[str]:
        """Return the figures, tables and texts that a report writes."""
        names = [*(f"{figure}.png" for figure in REPORTS[report].figures), *REPORTS[report].texts]
        return [f"{REPORT.format(experiment=self.name)}/{name}" for name in names]

    def further_reports(self) -> list[str]:
        """Return the files of the reports that the experiment has beside ``report``, whose page shows them too."""
        return [file for report in self.reports if report != "report" for file in self.files_of_report(report)]

    def stacks_reported(self) -> list[str]:
        """Return the raw stacks whose slices a report shows."""
        names = ["train", *(["test"] if "test" in self.scored_folds else [])]
        return [self.raw_stack(f"{name}-{kind}") for name in names for kind in ("volume", "labels")]

    def test_probabilities(self, arm: str) -> list[str]:
        """Return an arm's predictions of the test stack, one for each seed."""
        return self.replicate_files(["test"], [arm], ["probabilities.tif"])

    def test_labels(self) -> list[str]:
        """Return the test stack's labels where they are at hand."""
        return [self.raw_stack("test-labels")] if "test-labels" in self.stacks else []

    def figures(self) -> list[str]:
        """Return every figure of the experiment."""
        names = [figure for report in self.reports for figure in REPORTS[report].figures]
        return [f"{REPORT.format(experiment=self.name)}/{name}.png" for name in [*names, "augmentation"]]

    def files(self) -> list[str]:
        """Return every file of the experiment: what a target does not list may go missing unseen."""
        raw = [self.raw_stack(stack) for stack in self.stacks]
        augmented = [f"{AUGMENTED.format(experiment=self.name)}/{stack}.tif" for stack in ("volume", "labels")]
        scores = [*SCORE_FILES, *(BODY_FILES if self.finds_nuclei else LADDER_FILES)]
        made = [*REPLICATE_FILES, *(SEGMENTATION_FILES if self.finds_cells else [])]
        replicates = self.replicate_files(self.config.folds, self.config.arms, made)
        replicates += self.replicate_files(self.scored_folds, self.config.arms, scores)
        texts = [text for report in self.reports for text in REPORTS[report].texts]
        reports = self.figures() + [f"{REPORT.format(experiment=self.name)}/{text}" for text in texts]
        submitted = self.config.arms if self.config.report.submission else []
        submissions = [SUBMISSION.format(experiment=self.name, arm=arm) for arm in submitted]
        return raw + augmented + replicates + reports + submissions


def _all_arms(plan: Plan) -> list[str]:
    return plan.config.arms


def _arms_if_nuclei(plan: Plan) -> list[str]:
    return plan.config.arms if plan.finds_nuclei else []


def _arms_if_cells(plan: Plan) -> list[str]:
    return plan.config.arms if plan.finds_cells else []


def _chained_arms(plan: Plan) -> list[str]:
    return [arm for arm in plan.config.arms if plan.config.network[arm].chain > 1]


def _arms_on_few_slices(plan: Plan) -> list[str]:
    return [arm for arm in plan.config.arms if plan.config.network[arm].training_slices]


REPORTS = {
    "report": Report(
        figures=("scores", "segmentations", "training", "thresholds", "effects", "compute", "proofreading"),
        texts=(
            "comparison.csv",
            "curves.csv",
            "comparison.md",
            "verdict.md",
            "summary.json",
            "scores.json",
            "index.html",
        ),
        reads=(*REPLICATE_FILES, *SCORE_FILES),
        arms=_all_arms,
    ),
    "report_segmentation": Report(
        ("ladder", "mergers"),
        ("segmentation.md", "segmentation.csv"),
        (*SEGMENTATION_FILES, *LADDER_FILES),
        _arms_if_cells,
    ),
    "report_bodies": Report(("bodies",), ("bodies.md",), BODY_FILES, _arms_if_nuclei),
    "report_refinement": Report(
        ("refinement",), ("refinement.csv", "refinement.md"), (*REPLICATE_FILES, *SCORE_FILES), _chained_arms
    ),
    "report_annotation": Report(("annotation",), (), (*REPLICATE_FILES, *SCORE_FILES), _arms_on_few_slices),
}
