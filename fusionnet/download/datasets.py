"""What each dataset is: where its files come from, what they must hash to, whom to cite."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

PARTS = ("train", "test")
MEMBRANE_STACKS = tuple(f"{part}-{kind}" for part in PARTS for kind in ("volume", "labels"))
# Of nuclei each stack has its bodies' numbers too, 0 outside.
NUCLEI_STACKS = tuple(f"{part}-{kind}" for part in PARTS for kind in ("volume", "labels", "instances"))
STACK_NAMES = NUCLEI_STACKS


@dataclass(frozen=True)
class SliceStack:
    """One stack that is published as a folder of slices, a file each, such as 0.png, 1.png, ...

    Args:
        name: One of `STACK_NAMES`; the stack becomes ``NAME.tif``.
        folder: The slices' folder, below the source's URL as below the mirror.
        shape: (Z, Y, X) of the whole stack.
        pixel_sha256: SHA-256 of the stack's uint8 pixels in C order.
        file_name: Of slice ``z``, as a format string.
        membranes_are_white: Whether labels come as 1 or 255 on a membrane: they are inverted.
    """

    name: str
    folder: str
    shape: tuple[int, int, int]
    pixel_sha256: str
    file_name: str = "{z}.png"
    membranes_are_white: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The slices' paths below the source, in z order."""
        return tuple(f"{self.folder}/{self.file_name.format(z=z)}" for z in range(self.shape[0]))


@dataclass(frozen=True)
class SliceSource:
    """Where a published dataset lies and how its files are verified.

    Args:
        url: What every file's path is appended to; ends in a slash.
        stacks: The stacks to assemble.
        sha256: SHA-256 of each file, by its path below ``url``.
        alternatives: Other places with the same pixels, for a person who fetches them by hand.
    """

    url: str
    stacks: tuple[SliceStack, ...]
    sha256: dict[str, str]
    alternatives: str = ""


@dataclass(frozen=True)
class CropSource:
    """Where a dataset lies that is published as small HDF5 volumes, each with one of instance numbers.

    A volume ``IMAGES/img_Z_Y_X.h5`` belongs to ``LABELS/seg_Z_Y_X.h5``. Which volumes there are is asked of the
    source at the first download.

    Args:
        url: What every file's path is appended to; ends in a slash.
        listing_url: What a folder is appended to, to get the list of its files as JSON (Hugging Face's ``tree``).
        folders: Folder of volumes and folder of labels, by `PARTS`.
        key: The dataset inside each HDF5 file.
        sha256: SHA-256 of the files for which it is known beforehand, by path below ``url``.
        alternatives: Other places with the same volumes, for a person who fetches them by hand.
    """

    url: str
    listing_url: str
    folders: dict[str, tuple[str, str]]
    key: str
    sha256: dict[str, str]
    alternatives: str = ""


@dataclass(frozen=True)
class Drawing:
    """A dataset that is drawn here from a seed: the synthetic tissue of the dataset's task."""


@dataclass(frozen=True)
class OwnFiles:
    """A dataset of the user's own stacks, which the configuration names."""


Source = SliceSource | CropSource | Drawing | OwnFiles


@dataclass(frozen=True)
class Dataset:
    """A dataset as a user chooses it with ``download: {dataset: NAME}``.

    Args:
        name: The name in the configuration.
        description: One sentence.
        citation: What a publication that uses it must cite.
        licence: The terms of use.
        voxel_size_nm: (z, y, x) in nanometres; None if it is not known.
        stack_names: Those of `STACK_NAMES` it always has.
        source: Where its stacks come from; its type decides how `fusionnet.download.raw_stacks` makes them.
        task: What the labels are 1 inside of: ``membranes`` parts cells by their membranes, ``nuclei`` finds bodies.
        is_challenge: The test stack's labels are kept apart by a challenge's organisers, and each use of them is
            entered into a ledger.
    """

    name: str
    description: str
    citation: str
    licence: str
    voxel_size_nm: tuple[float, float, float] | None
    stack_names: tuple[str, ...]
    source: Source
    task: Literal["membranes", "nuclei"] = "membranes"
    is_challenge: bool = False

    @property
    def is_published(self) -> bool:
        """Whether it is fetched, and so is the same for every experiment."""
        return isinstance(self.source, SliceSource | CropSource)

    @property
    def is_drawn(self) -> bool:
        """Whether it is drawn from the section ``download.phantom``."""
        return isinstance(self.source, Drawing)

    @property
    def is_own(self) -> bool:
        """Whether its stacks are files that the user names."""
        return isinstance(self.source, OwnFiles)


@cache
def _listed_hashes(file_name: str) -> dict[str, str]:
    """Read a list in the format of sha256sum that lies beside this module."""
    text = resources.files(__package__).joinpath(file_name).read_text(encoding="utf-8")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line)
    return {path: digest for digest, path in pairs}


ISBI2012 = Dataset(
    name="isbi2012",
    description="Drosophila larva ventral nerve cord, serial-section TEM: the ISBI 2012 EM segmentation challenge.",
    citation=(
        "Cardona et al., PLoS Biology 2010, doi 10.1371/journal.pbio.1000502; "
        "Arganda-Carreras et al., Frontiers in Neuroanatomy 2015, doi 10.3389/fnana.2015.00142"
    ),
    licence="Non-commercial research, by the challenge's terms; fetched by each user, not redistributed.",
    voxel_size_nm=(50.0, 4.0, 4.0),
    stack_names=("train-volume", "train-labels", "test-volume"),
    source=SliceSource(
        url=("https://raw.githubusercontent.com/zhixuhao/unet/b45af4d458437d8281cc218a07fd4380818ece4a/data/membrane/"),
        stacks=(
            SliceStack(
                name="train-volume",
                folder="train/image",
                shape=(30, 512, 512),
                pixel_sha256="200da3d452d726e6c9ca1ce04b869d4edb727320d23b516d01cce707dc8c4760",
            ),
            SliceStack(
                name="train-labels",
                folder="train/label",
                shape=(30, 512, 512),
                pixel_sha256="a7cb64000a1a7e542682927e19c91339f58f9f178e0bcce4e207371116f0ca36",
            ),
            SliceStack(
                name="test-volume",
                folder="test",
                shape=(30, 512, 512),
                pixel_sha256="1b58fa7ec1d0ff9d39a855622db3ff66a97863036339b0d04be51b2f5a99b0e9",
            ),
        ),
        sha256=_listed_hashes("isbi2012.sha256"),
        alternatives=(
            "the organisers' archive https://downloads.imagej.net/ISBI-2012-challenge.zip has the same pixels as TIFF "
            "stacks, which the dataset 'files' takes"
        ),
    ),
    is_challenge=True,
)

VNC = Dataset(
    name="vnc",
    description="Drosophila larva ventral nerve cord, serial-section TEM: 20 sections of 1024 x 1024, all labelled.",
    citation="Gerhard, Funke, Martel, Cardona, Fetter, figshare 2013, doi 10.6084/m9.figshare.856713",
    licence="CC BY-NC-SA 3.0; fetched by each user, not redistributed.",
    voxel_size_nm=(50.0, 4.6, 4.6),  # the authors: 45 to 50 nm thick
    stack_names=("train-volume", "train-labels"),
    source=SliceSource(
        url=(
            "https://raw.githubusercontent.com/unidesigner/groundtruth-drosophila-vnc/"
            "4a5f051466d24d8dc1e855ab55658bb1b1dcd6bf/stack1/"
        ),
        stacks=(
            SliceStack(
                name="train-volume",
                folder="raw",
                shape=(20, 1024, 1024),
                pixel_sha256="b845f8b459993f5ca6135daba76a4069bdddca65770f5171f4c3518765f391da",
                file_name="{z:02d}.tif",
            ),
            SliceStack(
                name="train-labels",
                folder="membranes",
                shape=(20, 1024, 1024),
                pixel_sha256="d143e054989514d51ba96bb5416a45f6110c346878f9cd7a7186a76805f7b372",
                file_name="{z:02d}.png",
                membranes_are_white=True,
            ),
        ),
        sha256=_listed_hashes("vnc.sha256"),
        alternatives="also figshare, doi 10.6084/m9.figshare.856713",
    ),
)

PHANTOM = Dataset(
    name="phantom",
    description="Synthetic serial-section EM with exactly known membranes, drawn from a seed.",
    citation="None: it is drawn by this package (fusionnet.download.phantom.draw).",
    licence="MIT, as the package.",
    voxel_size_nm=(50.0, 4.0, 4.0),
    stack_names=MEMBRANE_STACKS,
    source=Drawing(),
)

PHANTOM_NUCLEI = Dataset(
    name="phantom-nuclei",
    description="Synthetic serial-section EM of cell bodies among neurites, nuclei exactly known, drawn from a seed.",
    citation="None: it is drawn by this package (fusionnet.download.phantom.nuclei).",
    licence="MIT, as the package.",
    voxel_size_nm=(50.0, 4.0, 4.0),
    stack_names=NUCLEI_STACKS,
    source=Drawing(),
    task="nuclei",
)

NUCMM_Z = Dataset(
    name="nucmm-z",
    description="Larval zebrafish brain, serial-section EM at half a micrometre, 64^3 voxels a volume: NucMM-Z.",
    citation="Lin et al., NucMM Dataset, MICCAI 2021, doi 10.1007/978-3-030-87193-2_16",
    licence="MIT, as the authors' own copy says (https://huggingface.co/datasets/pytc/NucMM); not redistributed.",
    voxel_size_nm=(480.0, 510.0, 510.0),
    stack_names=NUCLEI_STACKS,
    source=CropSource(
        url="https://huggingface.co/datasets/Angelou0516/NucMM-Z/resolve/main/",
        listing_url="https://huggingface.co/api/datasets/Angelou0516/NucMM-Z/tree/main/",
        folders={"train": ("Image/train", "Label/train"), "test": ("Image/val", "Label/val")},
        key="main",
        sha256=_listed_hashes("nucmm-z.sha256"),
        alternatives=(
            "also https://huggingface.co/datasets/MedOtter/NucMM-Z, or the authors' NucMM-Z.zip at "
            "https://huggingface.co/datasets/pytc/NucMM"
        ),
    ),
    task="nuclei",
)

FILES = Dataset(
    name="files",
    description="The user's own stacks, named in the configuration.",
    citation="As the owner of the data asks.",
    licence="As the owner of the data says.",
    voxel_size_nm=None,
    stack_names=("train-volume", "train-labels"),
    source=OwnFiles(),
)

DATASETS = {dataset.name: dataset for dataset in (ISBI2012, VNC, PHANTOM, PHANTOM_NUCLEI, NUCMM_Z, FILES)}
