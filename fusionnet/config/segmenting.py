"""What the stage `segment` needs of the configuration; apart, so that trained networks stay current."""

from pydantic import PositiveInt

from fusionnet.config.schema import Section


class SegmentSection(Section):
    """How the classifier of edges is fitted."""

    trees: PositiveInt
    edges_per_leaf: PositiveInt
