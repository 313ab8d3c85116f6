from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch

from fusionnet.models.normalisation import normalise
from fusionnet.train.batches import Batch, Steps, batches


def drawn(job, augmented, first_step: int = 0, workers: int = 0) -> list[Batch]:
    volume, labels = augmented
    return list(batches(Steps(job, volume, labels, [0, 1, 6, 7]), first_step, workers, pinned=False))


def assert_equal(one: list[Batch], other: list[Batch]) -> None:
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels) and torch.equal(a.weights, b.weights)


@pytest.mark.parametrize("workers", [1, 4])
def test_batches_do_not_depend_on_loader_workers(training_job, augmented, workers):
    assert_equal(drawn(training_job(), augmented, workers=workers), drawn(training_job(), augmented))


def test_a_worker_s_batch_takes_no_room_in_shared_memory(training_job, augmented):
    """Containers have 64 MB of it; a tensor leaves its numbers there and sends some hundred bytes."""
    batch = drawn(training_job(), augmented)[0]
    sent = ForkingPickler.dumps(batch)
    assert len(sent) > batch.images.nbytes + batch.labels.nbytes + batch.weights.nbytes
    assert_equal([ForkingPickler.loads(sent)], [batch])


def test_an_arm_without_augmentation_sees_plain_crops(training_job, augmented):
    job = training_job()
    job = job.model_copy(update={"network": job.network.model_copy(update={"augmentation": False})})
    volume, labels = (stack[:8] for stack in augmented)
    crops = {
        normalise(slice_[y : y + 32, x : x + 32]).tobytes()
        for slice_ in (np.pad(grey, 8, "reflect") for grey in volume[[0, 1, 6, 7]])
        for y in range(33)
        for x in range(33)
    }
    assert all(image.numpy().tobytes() in crops for b in drawn(job, (volume, labels)) for image in b.images[:, 0])


def test_a_later_start_sees_the_same_batches(training_job, augmented):
    assert_equal(drawn(training_job(), augmented, first_step=7), drawn(training_job(), augmented)[7:])


def test_samples_differ_by_seed_step_and_place(training_job, augmented):
    job = training_job()
    other = job.model_copy(update={"seed": 6})
    images = [image for batch in drawn(job, augmented) + drawn(other, augmented) for image in batch.images]
    assert len({image.numpy().tobytes() for image in images}) == 2 * 12 * 3


def test_shapes_types_and_slices(training_job, augmented):
    volume, labels = augmented
    volume = volume * 0 + (np.arange(16) % 8).astype(np.uint8)[:, None, None] * 30
    job = training_job()
    job = job.model_copy(
        update={"augment": job.augment.model_copy(update={"noise_sigma": 0.0, "contrast_jitter": 0.0})}
    )
    found = drawn(job, (volume, labels))
    assert found[0].images.shape == (3, 1, 32, 32) and found[0].images.dtype == torch.float32
    assert found[0].labels.shape == found[0].weights.shape == (3, 32, 32)
    assert {value.item() for batch in found for value in batch.labels.unique()} == {0, 1}
    # Each slice has a grey value of its own, so the greys tell which slices were drawn: the four, and no other.
    assert len({value.item() for batch in found for value in batch.images.unique()}) == 4


def test_an_arm_with_neighbours_gets_them_as_channels(training_job, augmented):
    plain = training_job()
    job = plain.model_copy(update={"network": plain.network.model_copy(update={"neighbours": 1})})
    for batch, alone in zip(drawn(job, augmented), drawn(plain, augmented), strict=True):
        assert batch.images.shape == (3, 3, 32, 32) and torch.equal(batch.labels, alone.labels)
    # Without noise the middle channel is what an arm that sees one slice gets.
    job, plain = (
        each.model_copy(update={"augment": each.augment.model_copy(update={"noise_sigma": 0.0})})
        for each in (job, plain)
    )
    for batch, alone in zip(drawn(job, augmented), drawn(plain, augmented), strict=True):
        assert torch.equal(batch.images[:, 1:2], alone.images)


def test_a_split_batch_is_the_batch(training_job, augmented):
    batch = drawn(training_job(), augmented)[0]
    parts = batch.split(2)
    assert [len(part.images) for part in parts] == [2, 1]
    assert torch.equal(torch.cat([part.weights for part in parts]), batch.weights)
