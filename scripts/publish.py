"""Publish a trained network: safetensors and a model card, from a replicate of an experiment and its scores.

`--checkpoint NAME` of scripts/predict.py and scripts/export.py then finds it in fusionnet/models/weights.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.config.reading import read_json
from fusionnet.config.stages import TrainingJob
from fusionnet.errors import UserError, run
from fusionnet.files import named, require_apart, write_text
from fusionnet.logs import start_log
from fusionnet.models.cost import SLICE_PIXELS, network_cost
from fusionnet.models.pretrained import SUFFIX, WEIGHTS, load_checkpoint, save_published
from fusionnet.report.results import read_table

METRICS = ("v_rand", "v_rand_threshold", "v_info")
ORIGIN = ("dataset", "description", "voxel_size_zyx_nm", "citation", "licence")
SCORES = "V_rand {v_rand:.4f} (at {v_rand_threshold:.1f}), V_info {v_info:.4f}; orientations: {orientations}"
CARD = """# {name}

{architecture} of width {width} ({parameters:.2f} M parameters, {flops:.1f} GFLOP for {side} x {side} pixels), trained
on {dataset}. It gives the probability that a pixel is inside a cell (1) rather than on a membrane (0).

```sh
python scripts/predict.py --checkpoint {name} --volume YOUR.tif --probabilities probabilities.tif
```

| | |
| --- | --- |
| data | {description} |
| split | scored on {where}; trained on {rest} |
| training | {steps} steps of {batch} crops of {crop} x {crop} pixels, loss `{loss}`, seed {seed} |
| score on {where} | {scores} |
| chosen | {chosen} |
| checkpoint | trained with code {code}, torch {torch} |

## Limits

- It knows one tissue, one microscope and one resolution: {voxels}. On other data expect
  worse; train on slices of your own (`config/README.md`).
- A few slices of the stack that it was trained on are no test stack. The report of the experiment tells how much scores
  differ between folds and seeds.
- Grey values: 8 bits, membranes dark. `scripts/examine.py` tells whether your stack is like that.

## Cite

- Network: {publication}
- Data: {citation}

Weights: MIT, as the package. Data: {licence}
"""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--replicates", required=True, nargs="+", type=Path, help="folders with checkpoint.pt and scores"
    )
    parser.add_argument("--origin", required=True, type=Path, help="ORIGIN.json of the raw stacks")
    parser.add_argument("--name", required=True, help="to be found by, such as fusionnet-isbi2012")
    parser.add_argument(
        "--folder", type=Path, default=WEIGHTS, help="receives NAME.safetensors and NAME.md (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    weights = arguments.folder / f"{arguments.name}{SUFFIX}"
    written = [("--name", weights), ("--name", weights.with_suffix(".md"))]
    require_apart(named(arguments, "replicates", "origin"), written)
    log = start_log("publish", None)
    replicate, chosen = choose(arguments.replicates)
    network, job, provenance = load_checkpoint(replicate / "checkpoint.pt")
    metrics = read_json(replicate / "metrics.json", METRICS)
    metrics |= read_json(replicate / "prediction-time.json", ["orientations"])
    origin = read_json(arguments.origin, ORIGIN)
    save_published(weights, network, job, provenance)
    write_text(weights.with_suffix(".md"), card(arguments.name, chosen, job, provenance, metrics, origin))
    log.info("%s: %.1f MB, and its card", weights, weights.stat().st_size / 1e6)


def choose(replicates: list[Path]) -> tuple[Path, str]:
    """Return the replicate that did best on the validation slices, which the scored ones have no part in, and why."""
    if len(replicates) == 1:
        return replicates[0], f"{name_of(replicates[0])}, the only one offered"
    scores = [
        float(read_table(folder / "history.csv", ["validation_v_rand"])["validation_v_rand"].iloc[-1])
        for folder in replicates
    ]
    if np.isnan(scores).any():
        raise UserError("--replicates: without V_rand on validation slices (no cell is labelled there) name just one")
    best = max(range(len(scores)), key=scores.__getitem__)
    listed = ", ".join(f"{name_of(folder)} {score:.5f}" for folder, score in zip(replicates, scores, strict=True))
    return replicates[best], f"{name_of(replicates[best])}, by V_rand on the validation slices ({listed})"


def name_of(replicate: Path) -> str:
    """Return ARM/FOLD/seed-N."""
    return "/".join(replicate.parts[-3:])


def card(
    name: str,
    chosen: str,
    job: TrainingJob,
    provenance: dict[str, Any],
    metrics: dict[str, Any],
    origin: dict[str, Any],
) -> str:
    cost = network_cost(job.network)
    architecture = ARCHITECTURES[job.network.architecture]
    z, y, x = origin["voxel_size_zyx_nm"] or (None, None, None)
    rest = f"less a validation block of {job.split.validation_slices} and gaps of {job.split.gap_slices}"
    of_stack = job.fold != "test"
    return CARD.format(
        name=name,
        chosen=chosen,
        architecture=architecture.title + (" at half resolution" if job.network.stem == "half" else ""),
        publication=f"{architecture.publication.text}, doi {architecture.publication.doi}",
        width=job.network.width,
        parameters=cost.parameters / 1e6,
        flops=cost.flops / 1e9,
        side=SLICE_PIXELS,
        dataset=origin["dataset"],
        description=origin["description"],
        where=f"slices {job.fold}" if of_stack else "the test stack",
        rest=f"{'the others' if of_stack else 'the training stack'} {rest}",
        steps=job.train.steps,
        batch=job.train.batch_size,
        crop=job.augment.crop_pixels,
        loss=job.train.loss,
        code=provenance["code"][:12],
        torch=provenance["environment"]["torch"],
        voxels=f"{x:g} x {y:g} x {z:g} nm (x, y, z)" if z else "voxels of unknown size",
        scores=SCORES.format(**metrics),
        **{key: origin[key] for key in ("citation", "licence")},
        seed=job.seed,
    )


if __name__ == "__main__":
    run(main)
