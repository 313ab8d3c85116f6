import math
import multiprocessing
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from fusionnet.devices import set_up
from fusionnet.errors import UserError
from fusionnet.train import validation
from fusionnet.train.divergence import DivergedError
from fusionnet.train.folds import Fold, Stacks
from fusionnet.train.loop import StoppedError, Training, train
from fusionnet.train.progress import Progress
from fusionnet.train.states import StateFolder

FOLD = Fold(train=[0, 1, 6, 7], validation=[2], scored=[4])


class Run:
    """One call of `train` in a folder, as scripts/train.py makes it."""

    def __init__(self, folder, job, augmented):
        self.machine = set_up("cpu")
        self.training = Training.begin(job, self.machine)
        self.stacks = Stacks(*augmented, FOLD, 8)
        self.progress = Progress((job.arm, job.fold, job.seed), self.training.steps, folder / "heartbeat.json")
        self.states = StateFolder(folder, "key")

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


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_trained_twice_is_bitwise_the_same(run, workers):
    assert_same(run("a").go(), run("b").go(loader_workers=workers))


@pytest.mark.parametrize("keys", [{}, {"loss": "weighted_bce", "optimizer": "adam", "schedule": "cosine"}])
def test_stopped_after_each_step_it_ends_in_the_same_weights(run, keys):
    whole = run("whole", **keys).go()
    for _ in range(whole.steps - 1):
        with pytest.raises(StoppedError, match="goes on from"):
            run("pieces", **keys).go(stop_asked=lambda: True)
    assert_same(run("pieces", **keys).go(), whole)


def test_a_loader_worker_that_the_system_ends_is_named_with_the_way_out(run):
    """As the system does it where memory is short."""

    def end_a_worker() -> bool:
        for worker in multiprocessing.active_children():  # none is left at a step of a batch at hand
            worker.kill()
        return False

    with pytest.raises(UserError, match=r"DataLoader worker.*--loader-workers 0"):
        run(epochs=100).go(loader_workers=1, stop_asked=end_a_worker)


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
    spoilt.stacks = Stacks(volume, spoilt.stacks.labels, FOLD, 8)
    assert_same(spoilt.go(), clean)


@pytest.mark.parametrize("loss", ["bce", "mae", "mse"])
def test_accumulation_gives_the_gradient_of_the_whole_batch(run, loss):
    gradients = gradients_of_whole_and_parts(run, loss)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("loss", ["dice_bce", "weighted_bce"])
def test_accumulation_of_losses_that_are_ratios_of_sums_is_near(run, loss):
    """These weigh each part by itself, as docs/reproducibility.md says: another gradient, not another direction."""
    whole, parts = (
        torch.cat([tensor.flatten() for tensor in each[1:]]) for each in gradients_of_whole_and_parts(run, loss)
    )
    assert not torch.allclose(whole, parts, rtol=1e-3, atol=1e-6)
    assert torch.nn.functional.cosine_similarity(whole, parts, dim=0) > 0.9


def gradients_of_whole_and_parts(run, loss: str) -> list[list[torch.Tensor]]:
    found = []
    for accumulation in (1, 3):
        training = run(f"{accumulation}", accumulation=accumulation, batch_size=3, loss=loss).training
        training.network.eval()  # batch normalisation would see other batches
        value = training.update.gradients(next(_batches(training, run().stacks)))
        found.append([value, *(parameter.grad.clone() for parameter in training.network.parameters())])
    return found


def _batches(training, stacks):
    from fusionnet.train.batches import Steps, batches

    return batches(Steps(training.job, stacks.volume, stacks.labels, [0, 1]), 0, workers=0, pinned=False)


def test_gradients_are_clipped(run):
    training = run(gradient_clip=1e-3, optimizer="adam").training
    training.take_step(next(_batches(training, run().stacks)))
    norm = torch.stack([parameter.grad.norm() for parameter in training.network.parameters()]).norm()
    assert norm.item() == pytest.approx(1e-3, rel=1e-3)


def test_out_of_gpu_memory_halves_the_parts_until_they_fit(run, messages):
    whole = run("whole", batch_size=4)
    memory = run("small", batch_size=4)
    forward = memory.training.network

    def small_gpu(images: torch.Tensor) -> torch.Tensor:
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(images)

    memory.training.update.may_run_out = True
    memory.training.update.forward = small_gpu
    trained = memory.go()
    assert trained.update.micro_batch == 1 and trained.step == whole.training.steps
    assert [message for message in messages() if "parts of 2" in message]
    assert [message for message in messages() if "parts of 1" in message]
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)


def test_memory_for_not_even_one_sample_is_an_error(run):
    job = run()

    def no_memory(images: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

    job.training.update.forward = no_memory
    with pytest.raises(torch.OutOfMemoryError):  # a processor's memory is not asked for less
        job.go()
    job.training.update.may_run_out = True
    with pytest.raises(UserError, match=r"single sample of 32 pixels.*crop_pixels"):
        job.go()


@pytest.mark.parametrize("part", ["the first optimizer step", "the copy of the batch"])
def test_out_of_gpu_memory_outside_of_the_network(run, monkeypatch, messages, part):
    """The first step of AdamW takes memory for good, and may get half of it."""
    whole = run("whole", batch_size=4, accumulation=2).go()
    small = run("small", batch_size=4)
    small.training.update.may_run_out = True

    def half_a_step():
        parameter = next(small.training.network.parameters())
        small.training.update.optimizer.state[parameter]["step"] = torch.zeros(())
        raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

    def no_copy(batch, device):
        raise torch.OutOfMemoryError("CUDA out of memory (simulated)")

    if part == "the copy of the batch":
        monkeypatch.setattr("fusionnet.train.batches.Batch.to", no_copy)
    else:
        monkeypatch.setattr(small.training.update.optimizer, "step", half_a_step)
    monkeypatch.setattr(torch.cuda, "empty_cache", monkeypatch.undo)  # from here on there is memory
    trained = small.go()
    assert trained.update.micro_batch == 2 and len([message for message in messages() if "parts of 2" in message]) == 1
    assert_same(trained, whole)


def test_no_memory_is_held_while_the_parts_are_halved(run, monkeypatch):
    """The traceback of an error holds the activations of the part that failed."""
    small = run(batch_size=2)
    forward, alive = small.training.network, []

    class Activation:
        pass

    def failing(images: torch.Tensor) -> torch.Tensor:
        activation = Activation()
        alive.append(weakref.ref(activation))
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(images)

    def all_are_gone():
        assert alive and all(reference() is None for reference in alive)

    small.training.update.may_run_out = True
    small.training.update.forward = failing
    monkeypatch.setattr(torch.cuda, "empty_cache", all_are_gone)
    assert small.go().update.micro_batch == 1


def test_out_of_gpu_memory_in_validation_goes_to_the_cpu(run, monkeypatch, messages):
    whole = run(epochs=1)
    trained, tried = whole.go(), []
    gpu = replace(whole.machine, precision=torch.bfloat16)  # stands for one

    def small_gpu(network, machine, stacks):
        tried.append((machine, network))
        if machine is gpu:
            raise RuntimeError("CUDA error: out of memory (simulated)")
        return validate_on(network, machine, stacks)

    validate_on = validation._validate_on
    monkeypatch.setattr(validation, "_validate_on", small_gpu)
    scores = validation.validate(trained.average.network, gpu, whole.stacks)
    (row,) = trained.history
    assert scores == (row["validation_loss"], row["validation_v_rand"])
    assert "out of GPU memory in validation" in messages()[-1]
    assert tried[1][0] == whole.machine and tried[1][1] is not trained.average.network


def test_other_errors_of_the_network_are_not_taken_for_a_lack_of_memory(run):
    job = run()

    def broken(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    job.training.update.may_run_out = True
    job.training.update.forward = broken
    with pytest.raises(RuntimeError, match="mat1"):
        job.go()


def test_going_on_on_another_machine_is_said(run, messages):
    with pytest.raises(StoppedError):
        run().go(stop_asked=lambda: True)
    other = run()
    other.training.machine = replace(other.machine, threads=other.machine.threads + 6)
    other.go()
    (message,) = [message for message in messages() if message.startswith("trained in part on")]
    assert f"{other.machine.threads + 6} threads, float32" in message and "bit for bit" in message
    # A third call, on the first machine again, with nothing left to do, still knows of both.
    assert run().go().timing()["machines"] == [other.machine.description, other.training.machine.description]


def poisoned(job: Run, step: int) -> None:
    """Let the forward pass of one step, counted from 1, and of all later ones give no numbers."""
    forward, calls = job.training.network, []

    def poisoned(images: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return forward(images) * (math.nan if len(calls) >= step else 1.0)

    job.training.update.forward = poisoned


def test_no_number_stops_with_step_loss_and_last_good_state(run):
    """The state of step 6 gave step 7 its loss, so it is spoilt; the one before is good, and is there."""
    job = run(epochs=4)
    poisoned(job, 7)
    with pytest.raises(
        DivergedError, match=r"step 7: the loss is nan; the last good state is \S+state-00000005-\S+\.pt"
    ):
        job.go(save_every_seconds=0.0)
    assert job.states.newest(5).exists() and job.states.load()[0] == 6


@pytest.mark.parametrize("step", [1, 2])
def test_divergence_at_the_start_names_no_state(run, step):
    job = run(epochs=4)
    poisoned(job, step)
    with pytest.raises(DivergedError, match=rf"step {step}: the loss is nan; no good state of it is left"):
        job.go(save_every_seconds=0.0)


def test_divergence_stops(run):
    job = run(epochs=1, steps_per_epoch=6, learning_rate=1e-2, gradient_clip=0.0)
    forward = job.training.network

    def explode(images: torch.Tensor) -> torch.Tensor:
        return forward(images) * (1.0 if job.training.step < 3 else 1000.0)

    job.training.update.forward = explode
    with pytest.raises(
        DivergedError,
        match=r"step 6: the epoch's mean loss.*far above the first.*since step 4; the last good state.*-00000002-",
    ):
        job.go(save_every_seconds=0.0)


def test_chained_units_train(tmp_path, training_job, augmented):
    job = training_job(epochs=1)
    chain = job.network.model_copy(update={"architecture": "fusionnet", "chain": 2})
    training = Run(tmp_path, job.model_copy(update={"network": chain}), augmented).go()
    assert np.isfinite(training.history[0]["validation_loss"])
