"""Predict a stack with the trained network that comes with the package, and look at one slice of the result.

python examples/predict_a_stack.py RAW.tif --probabilities probabilities.tif --picture picture.png

A membrane stack of some 4 nm a pixel, membranes dark, of any format of docs/volumes.md. The whole stack is held in
memory; scripts/predict.py takes volumes of any size.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fusionnet.config.experiment import load
from fusionnet.devices import set_up
from fusionnet.errors import run
from fusionnet.evaluate.error_maps import thinned_segments
from fusionnet.files import named, require_apart
from fusionnet.models.pretrained import find, load_trained
from fusionnet.predict.predictor import Predictor
from fusionnet.provenance import provenance
from fusionnet.volumes.grey_values import choose_window, to_levels
from fusionnet.volumes.stacks import write_volume
from fusionnet.volumes.volume import READABLE, open_volume

NETWORK = "fusionnet-isbi2012"
THRESHOLD = 0.9  # at this one it scored best on its held-out slices


def main() -> None:
    """Predict the stack and draw its middle slice."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("volume", help=READABLE)
    parser.add_argument("--probabilities", required=True, type=Path, help="TIFF to write: 1 inside a cell")
    parser.add_argument("--picture", required=True, type=Path, help="PNG to write: grey values, probability, cells")
    arguments = parser.parse_args()
    require_apart([("the stack", arguments.volume)], named(arguments, "probabilities", "picture"))

    source = open_volume(arguments.volume)
    levels = to_levels(source.read_all(), choose_window(source))  # (Z, Y, X), 0 to 255
    network, _, _ = load_trained(find(NETWORK))
    predictor = Predictor(network, load("phantom").predict, set_up())
    probabilities = predictor.predict_stack(levels)

    write_volume(arguments.probabilities, probabilities, provenance("predict", {"network": NETWORK}, {}))
    middle = len(levels) // 2
    draw(levels[middle], probabilities[middle]).savefig(arguments.picture, dpi=100)


def draw(grey: np.ndarray, probability: np.ndarray) -> Figure:
    """Return a figure of a slice (Y, X), its probability of "inside a cell", and the cells above the threshold."""
    cells = thinned_segments(probability, THRESHOLD)
    colours = np.random.default_rng(0).uniform(0.25, 1.0, (cells.max() + 1, 3))
    colours[0] = 0  # the lines between cells
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    images = {"grey values": grey, "probability of a cell": probability, "cells": colours[cells]}
    for axes, (title, image) in zip(figure.subplots(1, 3), images.items(), strict=True):
        axes.imshow(image, cmap="gray")
        axes.set_title(title)
        axes.set_axis_off()
    return figure


if __name__ == "__main__":
    run(main)
