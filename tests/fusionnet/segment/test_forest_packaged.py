"""The learned edges of the package belong to a network that comes with it, and to the features as they are."""

import numpy as np

from fusionnet.models.pretrained import find, load_trained, names
from fusionnet.segment.cutting import CutStack, columns_of
from fusionnet.segment.forest import LEARNED_EDGES, find_learned, load_forest
from fusionnet.train.folds import make_fold


def test_they_know_todays_features_and_the_training_slices_of_their_network():
    assert list(LEARNED_EDGES) == ["fusionnet-isbi2012"]
    for name in LEARNED_EDGES:
        assert name in names()
        forest = load_forest(find_learned(name))
        assert forest.features == columns_of(True)
        _, job, _ = load_trained(find(name))
        assert forest.about["slices"] == make_fold(job.fold, 30, job.split).train
        path = find_learned(name)
        assert path.with_suffix(".md").is_file() and path.stat().st_size < 3e6


def test_they_tell_a_wall_from_a_texture():
    y, x = np.mgrid[:192, :192]
    wall = (y % 48 < 6) | (x % 64 < 6)
    rng = np.random.default_rng(0)
    probability = np.clip(np.where(wall, 0.05, 0.97) - np.abs(rng.normal(0, 0.03, wall.shape)), 0, 1).astype(np.float32)
    grey = np.where(wall, 60, 150) + rng.normal(0, 12, wall.shape)
    stack = CutStack(np.stack([probability] * 3), np.stack([grey] * 3))
    here = stack.cut(1)
    heights = stack.heights(1, load_forest(find_learned("fusionnet-isbi2012")))
    segments = here.segments(heights, 0.4)
    middles = segments[27::48, 35::64]
    assert len(np.unique(middles)) == middles.size, "cells on both sides of a wall are two"
    assert segments.max() < here.pieces.max() or here.pieces.max() == middles.size
