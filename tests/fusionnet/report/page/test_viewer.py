import base64
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fusionnet.report.page.viewer import LAYERS, Prediction, Stack, css, viewer_data

SHAPE = (2, 12, 16)


@pytest.fixture
def stack() -> Stack:
    raw = np.arange(np.prod(SHAPE), dtype=np.uint8).reshape(SHAPE)
    labels = np.ones(SHAPE, np.uint8)
    labels[:, :, 8] = 0
    return Stack("3-4", raw, labels, [3, 4], ["slice 3", "slice 4"])


@pytest.fixture
def prediction(stack: Stack) -> Prediction:
    probability = np.where(stack.labels > 0, 0.9, 0.1).astype(np.float32)
    probability[1, 4:6, 8] = 0.9  # a hole in the membrane of the second slice
    mended = np.where(stack.labels > 0, 1.0, 0.6).astype(np.float32)
    lines = ["V_rand 1.0000", "V_rand 0.5000"]
    return Prediction("net", stack, probability, 0.5, np.full(SHAPE, 0.25), lines, (mended, 0.7))


def picture(data: dict, position: int, layer: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(base64.b64decode(data["slices"][position]["pictures"][layer]))))


def test_every_slice_has_every_layer_in_order(prediction: Prediction):
    data = viewer_data([prediction], {"net": "a network"})
    assert [shown["key"] for shown in data["slices"]] == ["3-4.3", "3-4.4"]
    keys = [layer["key"] for layer in data["layers"]]
    assert keys == [f"{layer.key}.net" if layer.of_prediction else layer.key for layer in LAYERS]
    assert all(set(shown["pictures"]) == set(keys) for shown in data["slices"])
    assert data["layers"][2]["title"] == "probability", "of one network it need not be said whose it is"
    assert data["slices"][1]["scores"] == ["V_rand 0.5000"]
    assert (data["slices"][0]["width"], data["slices"][0]["height"]) == (16, 12)


def test_of_several_networks_each_layer_says_whose_it_is(prediction: Prediction):
    data = viewer_data([prediction, replace(prediction, key="other")], {"net": "a network", "other": "another"})
    titles = [layer["title"] for layer in data["layers"] if layer["key"].startswith("errors")]
    assert titles == ["a network: mergers and splits", "another: mergers and splits"]
    assert len(data["slices"]) == 2 and len(data["slices"][0]["scores"]) == 2


def test_layers_show_what_was_given(prediction: Prediction):
    data = viewer_data([prediction], {"net": "a network"})
    assert np.array_equal(picture(data, 1, "raw"), prediction.stack.raw[1])
    assert set(picture(data, 0, "probability.net").ravel().tolist()) == {229, 26}
    assert (picture(data, 0, "uncertainty.net") == 8).all()  # half way of 0..15
    assert not picture(data, 0, "errors.net")[:, :8].any(), "the first slice is right"
    merged = picture(data, 1, "errors.net")
    assert (merged == 1).any() and not (merged == 2).any()
    assert not (picture(data, 1, "learned-errors.net") == 1).any(), "the stage segment closed the hole"


def test_colours_are_the_truths_in_each_slice(prediction: Prediction):
    data = viewer_data([prediction], {"net": "a network"})
    truth, segments = picture(data, 0, "truth"), picture(data, 0, "segments.net")
    assert truth[0, 0] == segments[0, 0] and truth[0, 15] == segments[0, 15] != segments[0, 0]
    assert np.array_equal(picture(data, 1, "truth"), truth)


def test_without_truth_and_deviation_their_layers_are_not_offered(prediction: Prediction):
    bare = replace(prediction, stack=replace(prediction.stack, labels=None), deviation=None, cut_map=None)
    data = viewer_data([bare], {"net": "a network"})
    assert [layer["key"] for layer in data["layers"]] == ["raw", "probability.net", "segments.net"]
    with pytest.raises(ValueError, match="no labels"):
        bare.mistakes()


def test_colours_are_written_as_a_page_reads_them():
    assert css((1.0, 0.5, 0.0)) == css((255, 128, 0, 255)) == "rgb(255, 128, 0)"
