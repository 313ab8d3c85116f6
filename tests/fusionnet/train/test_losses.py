from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import ndimage

from fusionnet.config.stages import TrainSection
from fusionnet.train.losses import LOSSES, Loss, border_weights, pixel_weights, segmentation_loss


def batch(units: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, units, 6, 5, generator=generator)
    labels = (torch.rand(2, 6, 5, generator=generator) > 0.3).to(torch.uint8)
    weights = torch.rand(2, 6, 5, generator=generator) + 0.5
    return logits, labels, weights


def test_losses_equal_their_formulas():
    logits, labels, weights = batch()
    p, y, w = torch.sigmoid(logits[:, 0]).numpy(), labels.numpy(), weights.numpy()
    expected = {
        "bce": -(w * (y * np.log(p) + (1 - y) * np.log(1 - p))).sum() / w.sum(),
        "mae": (w * np.abs(p - y)).sum() / w.sum(),
        "mse": (w * (p - y) ** 2).sum() / w.sum(),
    }
    for kind, value in expected.items():
        assert segmentation_loss(logits, labels, weights, kind).item() == pytest.approx(value, rel=1e-5), kind
    dice = 1 - (2 * ((1 - p) * (1 - y)).sum() + 1) / ((1 - p).sum() + (1 - y).sum() + 1)
    combined = segmentation_loss(logits, labels, weights, "dice_bce").item()
    assert combined == pytest.approx(expected["bce"] + dice, rel=1e-5)


def test_each_unit_has_a_loss_of_its_own():
    logits, labels, weights = batch(units=3)
    for kind in ("bce", "dice_bce", "mae", "mse"):
        alone = [segmentation_loss(logits[:, unit : unit + 1], labels, weights, kind) for unit in range(3)]
        together = segmentation_loss(logits, labels, weights, kind)
        assert together.item() == pytest.approx(sum(alone).item() / 3, rel=1e-5), kind


def test_a_perfect_answer_costs_nothing():
    _, labels, weights = batch()
    logits = (labels.float().unsqueeze(1) - 0.5) * 100
    for kind in ("bce", "dice_bce", "mae", "mse"):
        assert segmentation_loss(logits, labels, weights, kind).item() < 1e-6, kind


def test_border_weights_match_the_papers_formula():
    rng = np.random.default_rng(3)
    label = np.zeros((60, 60), np.uint8)
    for y, x, radius in zip(rng.uniform(5, 55, 7), rng.uniform(5, 55, 7), rng.uniform(3, 9, 7), strict=True):
        label |= (np.hypot(*(np.mgrid[:60, :60] - np.array([[[y]], [[x]]]))) < radius).astype(np.uint8)
    cells, count = ndimage.label(label)
    assert count >= 3
    distances = np.sort([ndimage.distance_transform_edt(cells != cell) for cell in range(1, count + 1)], axis=0)
    expected = 10.0 * np.exp(-((distances[0] + distances[1]) ** 2) / (2 * 5.0**2)) * (label == 0)
    found = border_weights(label)
    near = distances[1] <= 20  # four sigma
    np.testing.assert_allclose(found[near], expected[near], rtol=1e-5)
    assert expected[~near].max() < 0.004 and (found[~near] == 0).all()


def test_one_cell_has_no_border_to_separate():
    label = np.zeros((20, 20), np.uint8)
    label[5:9, 5:9] = 1
    assert not border_weights(label).any()


def test_pixel_weights_follow_the_configuration(training_job):
    label = np.zeros((32, 32), np.uint8)
    label[:, :14] = label[:, 18:] = 1
    heavy = pixel_weights(label, training_job(membrane_weight=3.0).train)
    assert set(np.unique(heavy[:, 14:18])) == {3.0} and set(np.unique(heavy[:, :14])) == {1.0}
    bordered = pixel_weights(label, training_job(loss="weighted_bce").train)
    # d1 + d2 is 5 everywhere between two cells that are 4 pixels apart
    np.testing.assert_allclose(bordered[:, 14:18], 1 + 10 * np.exp(-25 / 50), rtol=1e-6)


def test_configuration_and_table_have_the_same_losses():
    docs = "".join(path.read_text() for path in (Path(__file__).parents[3] / "docs").glob("*.md"))
    assert get_args(TrainSection.model_fields["loss"].annotation) == tuple(LOSSES)
    assert [name for name in LOSSES if f"`{name}`" not in docs] == []


def test_a_further_loss_is_a_row_of_the_table(monkeypatch: pytest.MonkeyPatch, training_job):
    double = Loss(
        lambda logits, labels: 2 * LOSSES["mae"].of_pixels(logits, labels),
        of_batch=lambda logits, labels: torch.tensor(5.0),
        added_weights=lambda label: np.full(label.shape, np.float32(3.0)),
    )
    monkeypatch.setitem(LOSSES, "double", double)
    logits, labels, weights = batch(units=2)
    expected = 2 * segmentation_loss(logits, labels, weights, "mae") + 5
    torch.testing.assert_close(segmentation_loss(logits, labels, weights, "double"), expected)
    settings = training_job(membrane_weight=1.0).train.model_copy(update={"loss": "double"})
    assert (pixel_weights(np.eye(4, dtype=np.uint8), settings) == 4).all()
