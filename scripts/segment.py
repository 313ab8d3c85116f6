"""Segment slices into cells: superpixels joined by learned edges, as a map to threshold and as a volume of segments."""

import argparse
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.config.reading import read_yaml
from fusionnet.config.schema import parse
from fusionnet.config.segmenting import SegmentSection
from fusionnet.config.stages import PredictSection
from fusionnet.devices import set_up
from fusionnet.errors import UserError, run
from fusionnet.files import file_of, named, require_apart, same_file, split_key, write_json
from fusionnet.logs import start_log
from fusionnet.models.pretrained import find, load_trained
from fusionnet.predict.predictor import Predictor
from fusionnet.provenance import provenance
from fusionnet.segment.cutting import CutStack, learn
from fusionnet.segment.forest import LEARNED_EDGES, Forest, find_learned, load_forest, save_forest
from fusionnet.segment.labelled import StoredSlices, write_neurons
from fusionnet.segment.ladder import BESIDE, EDGES, LEARNED, segmentation_map
from fusionnet.segment.training_slices import cells_of, predicted, slices_of, training_slices, with_neighbours
from fusionnet.volumes.grey_values import choose_window, to_levels, trained_window
from fusionnet.volumes.output import WRITABLE, OutputPlan
from fusionnet.volumes.stacks import require_same_shape, write_volume
from fusionnet.volumes.volume import READABLE, open_volume, read_labels, read_volume

LOG = logging.getLogger("fusionnet")
BASE = Path(__file__).parents[1] / "config/config.yaml"
SEED_KEY = 0x5E6  # keeps the draws of trees apart from those of trainings
CHUNK = (1, 1024, 1024)  # of a chunked label volume
LEVEL = 0.4  # height up to which pieces are joined; on ISBI-2012 thresholds of 0.5 to 0.7 of the map were best


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probabilities", required=True, type=Path, help=f"of 'inside a cell'; {READABLE}")
    parser.add_argument("--volume", required=True, type=Path, help="grey values of the same slices")
    parser.add_argument("--slices", metavar="FIRST-LAST", help="the probabilities are of these slices of the volume")
    parser.add_argument("--segments", type=Path, help="TIFF to write: numbers of segments, each slice on its own")
    parser.add_argument("--neurons", help=f"volume to write, numbers that go on from slice to slice: {WRITABLE}")
    parser.add_argument("--level", type=float, default=LEVEL, help="join edges up to this height, 0..1 (%(default)s)")
    parser.add_argument("--map", type=Path, help="TIFF to write: 1 inside cells, lower the surer an edge; to threshold")
    parser.add_argument("--linkage-map", type=Path, help="the same with nothing learned")
    parser.add_argument("--edges-map", type=Path, help="the same, the slices beside not looked at")
    parser.add_argument("--edges", help="learned edges: a file of --save-edges, or fusionnet-isbi2012")
    parser.add_argument("--labels", type=Path, help="learn: 0 on membranes, of the volume (or of --train-volume)")
    parser.add_argument("--train-slices", help="learn from these slices of the labels alone: 0-7,12")
    parser.add_argument("--checkpoint", help="learn from the slices that this network was trained on")
    parser.add_argument("--train-volume", type=Path, help="with --checkpoint: the labelled stack's grey values")
    parser.add_argument("--save-edges", type=Path, help="file to write: the learned edges")
    parser.add_argument("--config", help="section 'segment' as JSON; that of config/config.yaml if absent")
    parser.add_argument("--predict", help="with --checkpoint: section 'predict' as JSON; likewise")
    parser.add_argument("--timing", type=Path, help="JSON to write: seconds")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


@dataclass(frozen=True)
class Lesson:
    """What is to be learned from: labelled slices of a stack, and the key of the random draws."""

    stack: CutStack
    cells: dict[int, np.ndarray]
    seed: int


def main() -> None:
    arguments = parse_arguments()
    refuse_contradictions(arguments)
    start_log("segment", arguments.log)
    settings = parse(SegmentSection, arguments.config or read_yaml(BASE)["segment"])
    start = time.perf_counter()
    stack, numbers, lesson = read_trained(arguments) if arguments.checkpoint else read_given(arguments)
    origin = provenance("segment", settings.model_dump(), {"probabilities": file_of(arguments.probabilities)})
    read = time.perf_counter()
    forests = {BESIDE: load_forest(find_learned(arguments.edges))} if arguments.edges else {}
    if lesson:
        rungs = [BESIDE, *([EDGES] if arguments.edges_map else [])]
        generators = [np.random.default_rng([lesson.seed, SEED_KEY, LEARNED[rung]]) for rung in rungs]
        looks = [LEARNED[rung] for rung in rungs]
        trees = {"trees": settings.trees, "leaf": settings.edges_per_leaf}
        forests = dict(zip(rungs, learn(lesson.stack, lesson.cells, looks, generators, origin, **trees), strict=True))
    fitted = time.perf_counter()
    write_results(arguments, stack, numbers, forests, origin)
    if arguments.neurons:
        write_linked(arguments, stack, forests.get(BESIDE), origin)
    seconds = {"predict": read - start, "fit": fitted - read, "slice": (time.perf_counter() - fitted) / len(numbers)}
    if arguments.save_edges:
        save_forest(arguments.save_edges, forests[BESIDE])
    rule = "learned edges" if forests else "linkage of the boundary (nothing learned: no --labels and no --edges)"
    LOG.info("%d slices by %s: %.2f s to learn, %.2f s for each", len(numbers), rule, seconds["fit"], seconds["slice"])
    if arguments.timing:
        write_json(arguments.timing, {"seconds": seconds, "slices": len(numbers)})


def refuse_contradictions(arguments: argparse.Namespace) -> None:
    reads = named(arguments, "probabilities", "volume", "labels", "train_volume", "edges", "checkpoint")
    require_apart(
        [each for each in reads if each[1] not in LEARNED_EDGES],
        named(arguments, "segments", "map", "linkage_map", "edges_map", "save_edges", "neurons", "timing", "log"),
    )
    learns = bool(arguments.labels)
    if learns and arguments.edges:
        raise UserError("--labels learn edges and --edges has learned ones; give one of the two")
    if learns != bool(arguments.train_slices or arguments.checkpoint):
        raise UserError("--labels need --train-slices, such as 0-7,12, or --checkpoint; and these need --labels")
    if bool(arguments.checkpoint) != bool(arguments.train_volume):
        raise UserError("--checkpoint and --train-volume belong together: the network predicts its training slices")
    if arguments.train_slices and arguments.checkpoint:
        raise UserError(
            "--train-slices: a --checkpoint teaches from the slices that it was trained on; give one of the two"
        )
    for option in ("save_edges", "edges_map"):
        if getattr(arguments, option) and not learns:
            raise UserError(f"--{option.replace('_', '-')}: nothing is learned; give --labels and --train-slices")
    if arguments.neurons and arguments.checkpoint and arguments.slices:
        raise UserError("--neurons: of a whole volume; give the probabilities of all its slices, and no --slices")
    if not 0 <= arguments.level <= 1:
        raise UserError(f"--level: got {arguments.level}, expected a height of 0 to 1")


def read_given(arguments: argparse.Namespace) -> tuple[CutStack, list[int], Lesson | None]:
    """Return the slices, the numbers of those that are segmented, and what to learn from: slices of the same stack."""
    source = open_volume(arguments.volume)
    chosen_slices = slices_of(arguments.slices, source.shape[0], "--slices") if arguments.slices else None
    volume = StoredSlices(source, chosen_slices)
    probabilities = StoredSlices(open_volume(arguments.probabilities))
    require_same_shape((arguments.probabilities, probabilities), (arguments.volume, volume))
    stack, numbers = CutStack(probabilities, volume), list(range(len(volume)))
    if not arguments.labels:
        return stack, numbers, None
    labels = read_labels(arguments.labels)
    require_same_shape((arguments.labels, labels), (arguments.volume, volume))
    chosen = slices_of(arguments.train_slices, len(labels), "--train-slices")
    return stack, numbers, Lesson(stack, cells_of(labels, chosen), 0)


def read_trained(arguments: argparse.Namespace) -> tuple[CutStack, list[int], Lesson]:
    """Return the same for slices that a network predicted; it predicts its training slices, in one orientation.

    It has seen them, so all orientations together are surer there than they are of new slices; and one takes an eighth.
    Its own scored slices are cut as a block of the labelled stack, so that there are slices beside the first and last.
    """
    settings = parse(PredictSection, arguments.predict or read_yaml(BASE)["predict"])
    settings = settings.model_copy(update={"orientation_average": False})
    # A network draws its initial weights by torch, which keeps to the instructions that it began with.
    machine = set_up(settings.device, settings.precision, settings.arithmetic, settings.threads)
    network, job, about = load_trained(find(arguments.checkpoint))
    labelled, labels = read_levels(arguments.train_volume, about), read_labels(arguments.labels)
    require_same_shape((arguments.labels, labels), (arguments.train_volume, labelled))
    probabilities, volume = read_volume(arguments.probabilities), read_chosen(arguments)
    require_same_shape((arguments.probabilities, probabilities), (arguments.volume, volume))
    chosen, scored = training_slices(job, len(labelled)), {}
    if arguments.slices and job.fold != "test" and same_stack(arguments.volume, arguments.train_volume):
        own = slices_of(job.fold, len(labelled), "fold")
        if slices_of(arguments.slices, len(labelled), "--slices") == own:
            scored = dict(zip(own, probabilities, strict=True))
    needed = with_neighbours([*chosen, *scored], len(labelled))
    taught = CutStack(predicted(Predictor(network, settings, machine), labelled, needed, scored), labelled)
    lesson = Lesson(taught, cells_of(labels, chosen), job.seed)
    if scored:
        return taught, list(scored), lesson
    return CutStack(probabilities, volume), list(range(len(volume))), lesson


def read_levels(path: Path, about: dict[str, Any]) -> np.ndarray:
    """Return the stack that a network was trained on, in the 8 bits that it saw; any other as predict shows it one."""
    source = open_volume(path)
    if source.dtype == np.uint8:
        return source.read_all()
    levels = to_levels(source.read_all(), trained_window(about) or choose_window(source))
    if np.isnan(levels).any():
        raise UserError(
            f"{path}: {np.isnan(levels).sum()} values that are not finite; a network is taught by whole slices"
        )
    return levels.astype(np.uint8)


def same_stack(one: Path, other: Path) -> bool:
    """Tell whether two names are those of one stack: one file or folder, by whatever link, and one key in it."""
    (_, mine), (_, theirs) = (split_key(path) or (path, "") for path in (one, other))
    return mine == theirs and same_file(one, other)


def read_chosen(arguments: argparse.Namespace) -> np.ndarray:
    volume = read_volume(arguments.volume)
    if not arguments.slices:
        return volume
    return volume[slices_of(arguments.slices, len(volume), "--slices")]


def write_results(
    arguments: argparse.Namespace,
    stack: CutStack,
    numbers: list[int],
    forests: dict[str, Forest],
    origin: dict[str, Any],
) -> None:
    best = forests.get(BESIDE)
    maps = {arguments.map: best, arguments.linkage_map: None, arguments.edges_map: forests.get(EDGES)}
    made: dict[Path, list[np.ndarray]] = {path: [] for path in maps if path}
    segments = []
    for z in numbers:  # slice by slice, since a stack keeps only the last ones that it cut
        for path, planes in made.items():
            planes.append(segmentation_map(stack, z, maps[path]))
        if arguments.segments:
            segments.append(stack.cut(z).segments(stack.heights(z, best), arguments.level))
    for path, planes in made.items():
        write_volume(path, np.stack(planes), origin)
    if arguments.segments:
        write_volume(arguments.segments, as_few_bits(np.stack(segments)), origin | {"level": arguments.level})


def write_linked(arguments: argparse.Namespace, stack: CutStack, edges: Forest | None, origin: dict[str, Any]) -> None:
    dtype = np.dtype(np.uint16 if Path(arguments.neurons).suffix == ".tif" else np.uint32)  # Fiji reads 16 bits
    source = open_volume(arguments.volume)
    made, shape = origin | {"level": arguments.level}, (len(stack), *source.shape[1:])
    plan = OutputPlan(shape, dtype, CHUNK, source.voxel_size_nm, made, labels=True, name="neurons")
    count = write_neurons(arguments.neurons, stack, edges, arguments.level, plan)
    LOG.info("%s: %d neurons in %d slices", arguments.neurons, count, len(stack))


def as_few_bits(segments: np.ndarray) -> np.ndarray:
    """Return numbers as 16 bits, which Fiji reads; beyond 65,535 in a slice there is no such type."""
    if segments.max() > np.iinfo(np.uint16).max:
        raise UserError(f"--segments: {segments.max()} segments in a slice, at most 65535 fit; raise --level")
    return segments.astype(np.uint16)


if __name__ == "__main__":
    run(main)
