"""What an experiment's page is made from: all that its report has computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusionnet.config.reporting import ReportJob
from fusionnet.config.stages import ArmSettings
from fusionnet.report.cells import STACKS, read_ladder
from fusionnet.report.page.galleries import view_link
from fusionnet.report.page.vega import Arms
from fusionnet.report.page.viewer import Prediction, Stack
from fusionnet.report.proofreading import Guide
from fusionnet.report.results import Replicate, ScoredSlices
from fusionnet.report.statistics import Effect
from fusionnet.segment.ladder import BESIDE


@dataclass(frozen=True)
class Findings:
    """All that a report of an experiment has computed, and where its files are.

    Args:
        experiment: Its name.
        job: What is compared.
        replicates: All of them.
        scored: The slices of each fold.
        baselines: Metrics of the classical baseline, by fold.
        networks: Settings of each arm.
        effects: From `fusionnet.report.comparison.compare`.
        table: From `fusionnet.report.comparison.comparison_table`.
        guides: From `fusionnet.report.proofreading.guides_of`.
        names: Display name of each arm.
        texts: Names of the report's tables and texts, which lie beside the page.
        stacks: Files of the raw stacks.
        also: Files of further reports, by which the page is completed.
    """

    experiment: str
    job: ReportJob
    replicates: Sequence[Replicate]
    scored: Mapping[str, ScoredSlices]
    baselines: Mapping[str, Mapping[str, Any]]
    networks: Mapping[str, ArmSettings]
    effects: Sequence[Effect]
    table: pd.DataFrame
    guides: Mapping[str, Mapping[str, Guide]]
    names: Mapping[str, str]
    texts: Sequence[str]
    stacks: Sequence[Path]
    also: Sequence[Path] = ()

    @property
    def arms(self) -> Arms:
        """How charts tell the arms apart."""
        return Arms(self.names)

    @cached_property
    def slices(self) -> dict[str, Stack]:
        """The slices of each fold, as the viewer has them."""
        return {
            fold: Stack(fold, scored.raw, scored.labels, scored.numbers, [slice_title(fold, n) for n in scored.numbers])
            for fold, scored in self.scored.items()
        }

    @cached_property
    def shown(self) -> list[Prediction]:
        """The replicates that the viewer shows: of each arm and fold the first seed's."""
        first = [replicate for replicate in self.replicates if replicate.seed == self.job.seeds[0]]
        return [self._prediction(replicate) for replicate in first]

    def _prediction(self, replicate: Replicate) -> Prediction:
        scores = replicate.slice_scores("v_rand")
        lines = [f"V_rand of {self.names[replicate.arm]} {score:.4f}" for score in scores]
        threshold = float(replicate.metrics["v_rand_threshold"])
        probability, deviation = replicate.probabilities(), replicate.deviations()
        stack, cut_map = self.slices[replicate.fold], _cut_map(replicate)
        return Prediction(replicate.arm, stack, probability, threshold, deviation, lines, cut_map)

    def link(self, fold: str, position: int, **view: Any) -> str:
        """Return the fragment that shows a slice of a fold.

        Args:
            fold: Its name.
            position: Of the slice in the fold, from 0.
            **view: What else of the viewer's state is to change.
        """
        return view_link(self.slices[fold], position, **view)


def slice_title(fold: str, number: int) -> str:
    """Return how the page calls a scored slice."""
    return f"test slice {number}" if fold == "test" else f"slice {number}"


def _cut_map(replicate: Replicate) -> tuple[np.ndarray, float] | None:
    """Return the map of the stage `segment` and the threshold of its V_rand, where the experiment has that stage."""
    if not (replicate.folder / f"{STACKS[BESIDE]}.tif").is_file():
        return None
    ladder = read_ladder(replicate.arm, replicate.fold, replicate.seed, replicate.folder)
    return ladder.stack(BESIDE), ladder.threshold(BESIDE)
