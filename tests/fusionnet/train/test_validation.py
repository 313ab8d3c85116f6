"""What validation says of a network is what the evaluation says of it."""

import numpy as np
import pytest
import torch
from networks import make_network

from fusionnet.devices import set_up
from fusionnet.errors import UserError
from fusionnet.evaluate.isbi import score_stack
from fusionnet.models.build import build
from fusionnet.models.normalisation import normalise
from fusionnet.train import validation
from fusionnet.train.folds import Fold, Stacks
from fusionnet.train.validation import validate

FOLD = Fold(train=[0, 1], validation=[5, 6], scored=[])


def test_v_rand_is_that_of_the_scores(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    volume, labels = augmented
    with torch.no_grad():
        images = torch.from_numpy(np.stack([normalise(volume[number]) for number in FOLD.validation]))[:, None]
        probabilities = torch.sigmoid(network(images))[:, 0].numpy()
    loss, v_rand = validate(network, set_up("cpu"), Stacks(volume, labels, FOLD, 8))
    assert v_rand == score_stack(labels[FOLD.validation], probabilities).v_rand and loss > 0


def test_a_network_with_neighbours_sees_those_of_the_plain_copy(augmented):
    network = make_network("unet", neighbours=1)
    volume, labels = augmented
    seen = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0]))
    stacks = Stacks(volume, labels, Fold([], [5, 7], []), depth=8)
    loss, _ = validate(network, set_up("cpu"), stacks)
    for image, numbers in zip(seen, ([4, 5, 6], [6, 7, 6]), strict=True):
        torch.testing.assert_close(image, torch.from_numpy(normalise(volume[numbers])))
    assert loss > 0


def test_an_output_that_is_no_number_gets_no_score(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    with pytest.raises(UserError, match=r"validation: the network's output is no number"):
        validate(network, set_up("cpu"), Stacks(*augmented, FOLD, 8))


@pytest.mark.parametrize("shape", [(1, 176, 150), (1, 90, 213)])
@pytest.mark.parametrize("architecture", ["unet", "fusionnet"])
def test_tiles_give_what_the_whole_slice_gives(architecture: str, shape: tuple, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 256, shape, dtype=np.uint8)
    stacks = Stacks(volume, (volume > 60).astype(np.uint8), Fold([], [0], []), 1)
    network = make_network(architecture, width=2)
    monkeypatch.setattr(network, "reach", 48)  # a shallow look would not show what a tile must see
    seen = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:]))
    whole = validate(network, set_up("cpu"), stacks)
    assert seen == [shape[1:]]
    monkeypatch.setattr(validation, "TILE", 32)
    monkeypatch.setattr(network, "reach", type(network)(2).reach)
    tiled = validate(network, set_up("cpu"), stacks)
    assert tiled == pytest.approx(whole, rel=1e-5)


def test_a_large_slice_is_seen_in_parts(monkeypatch: pytest.MonkeyPatch):
    network, seen = make_network("unet", width=2), []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:].numel()))
    volume = np.zeros((1, 400, 420), np.uint8)
    volume[:, 5:300] = 200
    monkeypatch.setattr(validation, "TILE", 64)
    validate(network, set_up("cpu"), Stacks(volume, (volume > 0).astype(np.uint8), Fold([], [0], []), 1))
    assert len(seen) == 49 and max(seen) <= (64 + 2 * 112) ** 2


def test_labels_without_a_cell_give_no_v_rand(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    volume, labels = augmented[0], augmented[1].copy()
    labels[FOLD.validation] = 0
    loss, v_rand = validate(network, set_up("cpu"), Stacks(volume, labels, FOLD, 8))
    assert loss > 0 and v_rand is None
