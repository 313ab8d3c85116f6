"""Predict a volume with a trained network: a probability stack of "inside a cell" that Fiji opens."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import yaml
from tqdm import tqdm

from fusionnet.checkpoints import load_checkpoint
from fusionnet.config import PredictSection, TrainingJob, parse
from fusionnet.errors import UserError, run
from fusionnet.files import write_json
from fusionnet.folds import slice_range
from fusionnet.inference import Predictor
from fusionnet.provenance import provenance
from fusionnet.volumes import read_volume, write_volume

BASE = Path(__file__).parents[1] / "config/config.yaml"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="written by scripts/train.py")
    parser.add_argument("--volume", required=True, help="TIFF stack, PNG folder, OME-Zarr or file.h5:key")
    parser.add_argument("--probabilities", type=Path, required=True, help="the result: float32 TIFF, 1 inside a cell")
    parser.add_argument("--deviation", type=Path, help="standard deviation over the orientations: where to proofread")
    parser.add_argument("--slices", help="FIRST-LAST, counted from 0; all if absent")
    parser.add_argument("--config", help="section 'predict' as JSON; that of config/config.yaml if absent")
    parser.add_argument("--expect", help="training job as JSON; refuse a checkpoint of another one")
    parser.add_argument("--timing", type=Path, help="JSON: seconds per slice, device, threads")
    parser.add_argument("--log", type=Path, help="what happened, as text")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    settings = parse(PredictSection, arguments.config or yaml.safe_load(BASE.read_text())["predict"])
    network, job, _ = load_checkpoint(arguments.checkpoint)
    if arguments.expect:
        refuse_another_job(job, parse(TrainingJob, arguments.expect, "--expect"))
    volume = read_volume(arguments.volume)
    if arguments.slices:
        chosen = slice_range(arguments.slices)
        if chosen[-1] >= len(volume):
            raise UserError(f"--slices {arguments.slices}: {arguments.volume} has slices 0-{len(volume) - 1}")
        volume = volume[chosen.start : chosen.stop]
    predictor = Predictor(network, settings)
    start = time.perf_counter()
    slices = [predictor.predict_slice(grey) for grey in tqdm(volume, unit="slice", disable=None)]
    seconds = (time.perf_counter() - start) / len(volume)
    made = {"predict": settings.model_dump(), "job": job.model_dump(), "slices": arguments.slices}
    sources = {"checkpoint": arguments.checkpoint, "volume": Path(arguments.volume)}
    origin = provenance("predict", made, {role: path for role, path in sources.items() if path.is_file()})
    write_volume(arguments.probabilities, np.stack([found.probability for found in slices]), origin)
    if arguments.deviation:
        write_volume(arguments.deviation, np.stack([found.deviation for found in slices]), origin)
    report = {
        "seconds_per_slice": seconds,
        "slices": len(volume),
        "shape": list(volume.shape[1:]),
        "orientations": 8 if settings.orientation_average else 1,
        "device": predictor.device.type,
        "threads": torch.get_num_threads(),
    }
    if arguments.timing:
        write_json(arguments.timing, report)
    if arguments.log:
        write_json(arguments.log, report | {"missing_pixels": sum(found.missing for found in slices)})


def refuse_another_job(trained: TrainingJob, expected: TrainingJob) -> None:
    if trained == expected:
        return
    got, want = trained.model_dump(), expected.model_dump()
    trained_with = {key: got[key] for key in want if got[key] != want[key]}
    asked_for = {key: want[key] for key in trained_with}
    raise UserError(
        f"predict: {trained.arm} was trained with {trained_with}, the config asks for {asked_for}: train it again"
    )


if __name__ == "__main__":
    run(main)
