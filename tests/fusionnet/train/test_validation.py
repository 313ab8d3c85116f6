"""What validation says of a network is what the evaluation says of it."""

import numpy as np
import pytest
import torch

from fusionnet.devices import set_up
from fusionnet.errors import UserError
from fusionnet.evaluate.isbi import score_stack
from fusionnet.models.build import build
from fusionnet.models.normalisation import normalise
from fusionnet.train.folds import Fold, Stacks
from fusionnet.train.validation import validate

FOLD = Fold(train=[0, 1], validation=[5, 6], scored=[])


def test_v_rand_is_that_of_the_scores(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    volume, labels = augmented
    with torch.no_grad():
        images = torch.from_numpy(np.stack([normalise(volume[number]) for number in FOLD.validation]))[:, None]
        probabilities = torch.sigmoid(network(images))[:, 0].numpy()
    loss, v_rand = validate(network, set_up("cpu"), Stacks(volume, labels, FOLD))
    assert v_rand == score_stack(labels[FOLD.validation], probabilities).v_rand and loss > 0


def test_an_output_that_is_no_number_gets_no_score(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    with pytest.raises(UserError, match=r"validation: the network's output is no number"):
        validate(network, set_up("cpu"), Stacks(*augmented, FOLD))


def test_labels_without_a_cell_give_no_v_rand(training_job, augmented):
    network = build(training_job().network, torch.Generator().manual_seed(3)).eval()
    volume, labels = augmented[0], augmented[1].copy()
    labels[FOLD.validation] = 0
    loss, v_rand = validate(network, set_up("cpu"), Stacks(volume, labels, FOLD))
    assert loss > 0 and v_rand is None
