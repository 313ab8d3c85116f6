"""A stack looked over before hours are spent on it: what it is, what is wrong with it, and what to do."""

from fusionnet.examination.findings import Finding
from fusionnet.examination.labels import LabelReport, examine_labels
from fusionnet.examination.sections import SectionMeasures, examine_sections, measure_sections
from fusionnet.examination.volume import examine_volume, sampled_slices

__all__ = [
    "Finding",
    "LabelReport",
    "SectionMeasures",
    "examine_labels",
    "examine_sections",
    "examine_volume",
    "measure_sections",
    "sampled_slices",
]
