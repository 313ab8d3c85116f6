"""What a report needs of the configuration; apart, so that a new dataset or stage leaves reports current."""

from pydantic import Field, PositiveInt

from fusionnet.config.schema import Section


class ReportSection(Section):
    """What the report shows."""

    baseline_sigma_pixels: float = Field(ge=0.0)
    slices_shown: PositiveInt
    submission: bool


class ReportJob(Section):
    """What the report of an experiment compares."""

    arms: list[str]
    folds: list[str]
    seeds: list[int]
    report: ReportSection
