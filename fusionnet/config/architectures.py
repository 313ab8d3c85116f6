"""What is known of each architecture without building it: one table for the configuration, figures and citations.

It imports nothing, so that reading a configuration starts no torch. `fusionnet.models.build` has the class of each row.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """What a publication that uses a network must cite."""

    text: str
    doi: str


@dataclass(frozen=True)
class Architecture:
    """One architecture, as a person chooses it with ``network: {ARM: {architecture: NAME}}``.

    Args:
        title: How figures, tables and model cards call it.
        publication: Whom to cite.
        colour: ``#RRGGBB``, of the arm of that name in every figure; unlike all others by hue and by lightness.
        switches: The keys of `fusionnet.config.stages.NetworkSettings`, beside ``width``, that its class takes.
    """

    title: str
    publication: Publication
    colour: str
    switches: tuple[str, ...] = ()


ARCHITECTURES = {
    "fusionnet": Architecture(
        title="FusionNet",
        publication=Publication(
            "Quan, Hildebrand, Jeong: FusionNet: a deep fully residual convolutional neural network for image "
            "segmentation in connectomics. Frontiers in Computer Science 2021",
            "10.3389/fcomp.2021.613981",
        ),
        colour="#004488",  # dark blue against amber: apart for every kind of colour vision
        switches=("chain", "residual", "skips", "neighbours", "stem"),
    ),
    "unet": Architecture(
        title="U-Net",
        publication=Publication(
            "Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation. MICCAI 2015",
            "10.1007/978-3-319-24574-4_28",
        ),
        colour="#D98500",
        switches=("neighbours", "stem"),
    ),
}
