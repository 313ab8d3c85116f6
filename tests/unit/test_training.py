import math

import numpy as np
import pytest
import torch

from fusionnet.devices import set_up
from fusionnet.errors import UserError
from fusionnet.folds import Fold
from fusionnet.progress import Progress
from fusionnet.resume import StateFolder
from fusionnet.stacks import Stacks
from fusionnet.training import DivergedError, StoppedError, Training, train

FOLD = Fold(train=[0, 1, 6, 7], validation=[2], scored=[4])


class Run:
    """One call of `train` in a folder, as scripts/train.py makes it."""

    def __init__(self, folder, job, augmented):
        self.folder, self.messages = folder, []
        self.machine = set_up("cpu")
        self.training = Training.begin(job, self.machine, self.messages.append)
        self.stacks = Stacks(*augmented, FOLD)
        self.progress = Progress((job.arm, job.fold, job.seed), self.training.steps, folder / "heartbeat.json")
        self.states = StateFolder(folder, "key", self.messages.append)

    def go(self, **options) -> Training:
        train(self.training, self.stacks, self.states, self.progress, **options)
        return self.training


@pytest.fixture
def run(tmp_path, training_job, augmented):
    def make(folder: str = "work", **keys) -> Run:
        return Run(tmp_path / folder, training_job(**keys), augmented)

    return make


def weights(training: Training) -> dict[str, torch.Tensor]:
    return training.network.state_dict() | {f"ema.{k}": v for k, v in training.average.network.state_dict().items()}


def assert_same(one: Training, other: Training) -> None:
    first, second = weights(one), weights(other)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert one.history == other.history


@pytest.mark.parametrize("keys", [{}, {"loader_workers": 1}, {"loader_workers": 4}])
def test_trained_twice_is_bitwise_the_same(run, keys):
    assert_same(run("a").go(), run("b", **keys).go())


@pytest.mark.parametrize("keys", [{}, {"loss": "weighted_bce", "optimizer": "adam", "schedule": "cosine"}])
def test_stopped_after_each_step_it_ends_in_the_same_weights(run, keys):
    whole = run("whole", **keys).go()
    for _ in range(whole.steps - 1):
        with pytest.raises(StoppedError, match="goes on from"):
            run("pieces", **keys).go(stop_asked=lambda: True)
    assert_same(run("pieces", **keys).go(), whole)


def test_finished_training_is_not_repeated(run):
    whole = run().go()
    again = run()
    assert_same(again.go(), whole)
    assert again.training.seconds == whole.seconds


def test_it_learns_and_the_history_tells(run):
    training = run(epochs=12, steps_per_epoch=5, learning_rate=1e-2).go()
    rows = training.history
    assert [row["epoch"] for row in rows] == list(range(1, 13)) and rows[-1]["step"] == 60
    assert rows[-1]["train_loss"] < 0.6 * rows[0]["train_loss"]
    assert rows[-1]["validation_v_rand"] > 0.6
    assert set(rows[0]) == {
        "epoch", "step", "learning_rate", "train_loss", "validation_loss", "validation_v_rand",
    }  # fmt: skip


def test_validation_comes_at_its_turn_and_in_the_end(run):
    rows = run(epochs=5, validate_every_epochs=3).go().history
    assert [row["epoch"] for row in rows if row["validation_loss"] is not None] == [3, 5]


def test_scored_and_gap_slices_are_never_read(run):
    clean = run("clean").go()
    spoilt = run("spoilt")
    volume = spoilt.stacks.volume.copy()
    for number in (3, 4, 5, 11, 12, 13, 10):  # 10 is the deformed copy of the validation slice
        volume[number] = 255
    spoilt.stacks = Stacks(volume, spoilt.stacks.labels, FOLD)
    assert_same(spoilt.go(), clean)


def test_accumulation_gives_the_gradient_of_the_whole_batch(run):
    gradients = []
    for accumulation in (1, 3):
        training = run(f"{accumulation}", accumulation=accumulation, batch_size=3).training
        training.network.eval()  # batch normalisation would see other batches
        batch = next(iter(_batches(training, run().stacks)))
        loss = training._gradients(batch)
        gradients.append([loss, *(parameter.grad.clone() for parameter in training.network.parameters())])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def _batches(training, stacks):
    from fusionnet.sampling import Steps, batches

    return batches(Steps(training.job, stacks.volume, stacks.labels, [0, 1]), 0, training.machine.device)


def test_gradients_are_clipped(run):
    training = run(gradient_clip=1e-3, optimizer="adam").training
    training.take_step(next(_batches(training, run().stacks)))
    norm = torch.stack([parameter.grad.norm() for parameter in training.network.parameters()]).norm()
    assert norm.item() == pytest.approx(1e-3, rel=1e-3)


def test_out_of_gpu_memory_halves_the_parts_until_they_fit(run):
    whole = run("whole", batch_size=4)
    memory = run("small", batch_size=4)
    forward = memory.training.network

    def small_gpu(images: torch.Tensor) -> torch.Tensor:
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(images)

    memory.training.forward = small_gpu
    trained = memory.go()
    assert trained.micro_batch == 1 and trained.step == whole.training.steps
    assert [message for message in memory.messages if "parts of 2" in message]
    assert [message for message in memory.messages if "parts of 1" in message]
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)


def test_memory_for_not_even_one_sample_is_an_error(run):
    job = run()

    def no_memory(images: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

    job.training.forward = no_memory
    with pytest.raises(UserError, match=r"single sample of 32 pixels.*crop_pixels"):
        job.go()


def test_no_number_stops_with_step_loss_and_last_good_state(run):
    job = run(epochs=4)
    forward = job.training.network
    calls = []

    def poisoned(images: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return forward(images) * (math.nan if len(calls) == 7 else 1.0)

    job.training.forward = poisoned
    with pytest.raises(DivergedError, match=r"step 7: the loss is nan; the last good state, of step 6, is in"):
        job.go(save_every_seconds=0.0)
    assert job.states.load()[0] == 6


def test_divergence_stops(run):
    job = run(learning_rate=1e-2, gradient_clip=0.0)
    forward = job.training.network

    def explode(images: torch.Tensor) -> torch.Tensor:
        return forward(images) * (1.0 if job.training.step == 0 else 1000.0)

    job.training.forward = explode
    with pytest.raises(DivergedError, match="far above"):
        job.go()


def test_chained_units_train(tmp_path, training_job, augmented):
    job = training_job(epochs=1)
    chain = job.network.model_copy(update={"architecture": "fusionnet", "chain": 2})
    training = Run(tmp_path, job.model_copy(update={"network": chain}), augmented).go()
    assert np.isfinite(training.history[0]["validation_loss"])
