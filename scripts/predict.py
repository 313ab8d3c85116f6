"""Predict a volume with a trained network: a probability stack of "inside a cell" that Fiji opens.

The volume may be larger than memory. A killed job goes on where it was when the same command is given again.
"""

import argparse
import logging
from pathlib import Path

import numpy as np

from fusionnet.config.reading import read_yaml
from fusionnet.config.schema import parse, slice_range
from fusionnet.config.stages import PredictSection, TrainingJob
from fusionnet.devices import set_up
from fusionnet.errors import UserError, run
from fusionnet.files import named, require_apart, write_json
from fusionnet.logs import start_log
from fusionnet.models.pretrained import find, load_trained
from fusionnet.predict.predictor import Predictor
from fusionnet.predict.store import PredictionStore, parse_shard
from fusionnet.predict.streaming import Work, predict_volume, stored_depth
from fusionnet.predict.summary import Summary, sentences, view_command
from fusionnet.provenance import provenance
from fusionnet.volumes.fingerprint import files_fingerprint, volume_fingerprint
from fusionnet.volumes.grey_values import choose_window, parse_window, trained_window
from fusionnet.volumes.output import WRITABLE, OutputPlan
from fusionnet.volumes.source import VolumeSource, with_voxel_size
from fusionnet.volumes.volume import READABLE, open_volume

LOG = logging.getLogger("fusionnet")
BASE = Path(__file__).parents[1] / "config/config.yaml"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", required=True, help="written by scripts/train.py, or fusionnet-isbi2012")
    parser.add_argument("--volume", required=True, help=READABLE)
    parser.add_argument("--probabilities", required=True, help=f"the result: {WRITABLE}")
    parser.add_argument("--deviation", help="standard deviation over the orientations: where to proofread")
    parser.add_argument(
        "--output-type", choices=["float32", "uint8"], default="float32", help="uint8: times 255 (default: %(default)s)"
    )
    parser.add_argument("--ome-zarr-version", choices=["0.4", "0.5"], help="that of the volume if absent, else 0.5")
    parser.add_argument("--slices", help="FIRST-LAST, counted from 0; all if absent")
    parser.add_argument(
        "--grey-window", metavar="LOW,HIGH", help="black and white; not for 8 bits; as --grey-window=-9,9"
    )
    parser.add_argument("--voxel-size", help="Z,Y,X in nanometres; that of the volume if absent")
    parser.add_argument("--shard", help="I/N: predict a share of the chunks; without it, what is left, and the result")
    parser.add_argument("--config", help="section 'predict' as JSON; that of config/config.yaml if absent")
    parser.add_argument("--expect", help="training job as JSON; refuse a checkpoint of another one")
    parser.add_argument("--timing", type=Path, help="JSON: seconds per slice, device, threads")
    parser.add_argument("--log", type=Path, help="also write the report to this file")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    require_apart(
        named(arguments, "checkpoint", "volume"), named(arguments, "probabilities", "deviation", "timing", "log")
    )
    start_log("predict", arguments.log)
    settings = parse(PredictSection, arguments.config or read_yaml(BASE)["predict"])
    checkpoint = find(arguments.checkpoint)
    # A network draws its initial weights by torch, which keeps to the instructions that it began with.
    machine = set_up(settings.device, settings.precision, settings.arithmetic, settings.threads)
    network, job, trained = load_trained(checkpoint)
    if arguments.expect:
        refuse_another_job(job, parse(TrainingJob, arguments.expect, "--expect"))
    source = with_voxel_size(open_volume(arguments.volume), arguments.voxel_size)
    if arguments.grey_window:
        window = parse_window(arguments.grey_window)
    else:
        window = choose_window(source, trained_window(trained))
    predictor = Predictor(network, settings, machine)
    depth = stored_depth(source, settings.tile_pixels + 2 * predictor.reach)
    plan = predictor.plan(chosen_slices(arguments.slices, source), source.shape[1:], depth)
    predictor.compile_for(plan)
    made = {
        "predict": settings.model_dump(),
        "job": job.model_dump(),
        "slices": arguments.slices,
        "grey_window": [window.low, window.high] if window else None,
    }
    origin = provenance("predict", made, {"checkpoint": checkpoint})
    origin["inputs"]["volume"] = volume_fingerprint(arguments.volume)
    version = arguments.ome_zarr_version or source.ome_version or "0.5"
    tile = (1, settings.tile_pixels, settings.tile_pixels)
    dtype = np.dtype(arguments.output_type)
    output = OutputPlan(plan.shape, dtype, tile, source.voxel_size_nm, origin, version)
    identity = {
        "provenance": origin,
        "device": predictor.machine.device.type,
        "precision": str(predictor.machine.precision),
        "arithmetic": predictor.machine.arithmetic,
        "depth": depth,
        "files": files_fingerprint([arguments.volume]),
    }
    numbers = plan.shard(*parse_shard(arguments.shard)) if arguments.shard else range(len(plan))
    outputs = [path for path in (arguments.probabilities, arguments.deviation) if path]
    store = PredictionStore(outputs, output, plan, numbers, identity)
    LOG.info("%s: %s (Z, Y, X), %s", source.name, source.shape, source.scale)
    try:
        work = predict_volume(source, plan, predictor, window, store)
        summary = None if arguments.shard else store.finish()
    finally:
        store.close()
    report(arguments, predictor, plan.shape, made["grey_window"], summary, work)


def chosen_slices(text: str | None, source: VolumeSource) -> range:
    chosen = slice_range(text, "--slices") if text else range(source.shape[0])
    if chosen[-1] >= source.shape[0]:
        raise UserError(f"--slices {text}: {source.name} has slices 0-{source.shape[0] - 1}")
    return chosen


def refuse_another_job(trained: TrainingJob, expected: TrainingJob) -> None:
    got, want = trained.model_dump(), expected.model_dump()
    trained_with = {key: got[key] for key in want if got[key] != want[key]}
    if trained_with:
        asked_for = {key: want[key] for key in trained_with}
        raise UserError(
            f"predict: {trained.arm} was trained with {trained_with}, the config asks for {asked_for}: train it again"
        )


def report(
    arguments: argparse.Namespace,
    predictor: Predictor,
    shape: tuple[int, int, int],
    window: list[float] | None,
    summary: Summary | None,
    work: Work,
) -> None:
    seconds = work.seconds * shape[1] * shape[2] / work.pixels if work.pixels else None
    speed = f"{seconds:.3g} s for each slice on {predictor.machine.name}" if seconds else "nothing was left to do"
    shown = (arguments.probabilities, shape, predictor.orientations, speed)
    LOG.info("%s: %s (Z, Y, X), %d orientations, %s", *shown)
    if window:
        LOG.info("grey values %.6g to %.6g became black to white", *window)
    if work.already:
        LOG.info("went on after %d chunks that were there", work.already)
    if summary is None:
        LOG.info("shard %s is done; the same command without --shard makes the result of all", arguments.shard)
    for line in sentences(summary) if summary else []:
        LOG.info(line)
    if arguments.timing:
        numbers = {"seconds_per_slice": seconds, "slices": shape[0], "shape": list(shape[1:])}
        machine = {"device": predictor.machine.name, "arithmetic": predictor.machine.arithmetic_in_use}
        write_json(arguments.timing, numbers | {"orientations": predictor.orientations} | machine)
    if summary:
        shown = {name: getattr(arguments, name) for name in ("volume", "probabilities", "deviation", "slices")}
        LOG.info("to see it in a browser: %s", view_command(**shown))


if __name__ == "__main__":
    run(main)
