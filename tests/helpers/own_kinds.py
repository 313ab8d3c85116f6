"""The kinds of `bad_inputs` that are the project's own files: networks, states, configuration, stores, records."""

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from damage import damage
from kinds import Made

ROOT = Path(__file__).parents[2]
SOUND_SHARE = 0.1
WORDS = ("train", "epochs", "network", "unet", "arms", "on", "~", "null", "2e-4", "010", "0x1F", "1_000", "'", '"', "é")
MARKS = ("&a ", "*a", "<<: *a", "!!python/object/apply:os.getcwd []", "!!binary x", "!x y", "? ", "- ", "\t", "#", ": ")


@functools.cache
def small_network() -> tuple[Any, Any]:
    """Return a network of a few hundred weights and the job that it might be of."""
    import torch

    from fusionnet.config.experiment import BASE
    from fusionnet.config.reading import read_yaml
    from fusionnet.config.stages import TrainingJob
    from fusionnet.models.build import build

    base = read_yaml(ROOT / BASE)
    network = {"architecture": "unet", "width": 1}
    parts = {name: base[name] for name in ("split", "augment", "train")}
    job = TrainingJob.model_validate({"arm": "unet", "fold": "test", "seed": 0, "network": network, **parts})
    return build(job.network, torch.Generator().manual_seed(0)), job


def _same_weights(loaded: Any) -> bool:
    import torch

    expected = small_network()[0].state_dict()
    found = loaded.state_dict()
    return all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def _damaged(path: Path, rng: np.random.Generator) -> str:
    return "sound" if rng.random() < SOUND_SHARE else damage(path, rng)


def checkpoint(folder: Path, rng: np.random.Generator) -> Made:
    """Write a checkpoint; torch's archive has checksums, so what loads has the weights that were saved."""
    from fusionnet.models.checkpoints import save_checkpoint
    from fusionnet.models.pretrained import load_checkpoint

    network, job = small_network()
    save_checkpoint(folder / "checkpoint.pt", network, job, {"stage": "train"})
    done = _damaged(folder / "checkpoint.pt", rng)

    def read() -> str | None:
        return None if _same_weights(load_checkpoint(folder / "checkpoint.pt")[0]) else "other weights"

    return Made(done, read, ("checkpoint.pt",))


def published(folder: Path, rng: np.random.Generator) -> Made:
    """Write a network as safetensors, which has no checksum of the weights."""
    from fusionnet.models.pretrained import load_trained, save_published

    network, job = small_network()
    path = folder / "network.safetensors"
    save_published(path, network, job, {"stage": "train"})
    done = _damaged(path, rng)

    def read() -> str | None:
        loaded, _, _ = load_trained(path)
        return "other weights" if done == "sound" and not _same_weights(loaded) else None

    return Made(done, read, (path.name,))


def state(folder: Path, rng: np.random.Generator) -> Made:
    """Write two states of a training and damage the newer: it is set aside, and the older one gone on with."""
    import torch

    from fusionnet.train.states import StateFolder

    states = StateFolder(folder, "key")
    states.save(1, {"a": torch.zeros(50)})
    newest = states.save(2, {"a": torch.ones(50)})
    done = _damaged(newest, rng)

    def read() -> str | None:
        found = states.load()
        if found is None:
            return "no state was found, where an older one is sound"
        step, content = found
        right = torch.equal(content["a"], torch.full((50,), float(step - 1)))
        return None if right and step == (2 if done == "sound" else step) else f"other state: step {step}"

    return Made(done, read, ("state-",), writes=True)


def configuration(folder: Path, rng: np.random.Generator) -> Made:
    """Take an overlay of the project and write into it what people, editors and merges write."""
    from fusionnet.config.experiment import Config, validate
    from fusionnet.config.reading import merge, read_yaml

    overlays = sorted((ROOT / "config/experiments").glob("*.yaml"))
    lines = overlays[rng.integers(len(overlays))].read_text(encoding="utf-8").splitlines()
    done = []
    for _ in range(rng.integers(4)):
        done.append(_edit_lines(lines, rng))
    path = folder / "mine.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    if rng.random() < 0.2:
        done.append(damage(path, rng))

    def read() -> str | None:
        config = validate(Config, merge(read_yaml(ROOT / "config/config.yaml"), read_yaml(path)), str(path))
        again = validate(Config, json.loads(config.decided().model_dump_json()), "again")
        return None if again == config.decided() else "it does not survive JSON, in which scripts get it"

    return Made(" ".join(done) or "sound", read, ("mine.yaml",))


def _edit_lines(lines: list[str], rng: np.random.Generator) -> str:
    place = int(rng.integers(len(lines) + 1))
    action = ("doubled", "indented", "taken out", "word", "mark", "deep", "long", "value")[rng.integers(8)]
    line = lines[place] if place < len(lines) else ""
    word = (WORDS + MARKS)[rng.integers(len(WORDS) + len(MARKS))]
    new = {
        "doubled": [line, line],
        "indented": [" " * int(rng.integers(1, 4)) + line],
        "taken out": [],
        "word": [line, f"{word}: {WORDS[rng.integers(len(WORDS))]}"],
        "mark": [line + " " + word],
        "deep": [line, "deep: " + "[" * int(rng.integers(1, 3000))],
        "long": [line, "long: " + "x" * 100_000],
        "value": [re.sub(r": .*", lambda _: f": {word}", line)],
    }[action]
    lines[place : place + 1] = new
    return action


def store(folder: Path, rng: np.random.Generator) -> Made:
    """Write the store of a prediction that was killed, with all chunks; the next job makes the result of it."""
    from fusionnet.predict.predictor import Prediction
    from fusionnet.predict.store import PredictionStore
    from fusionnet.predict.tiles import ChunkPlan, Span
    from fusionnet.volumes.output import OutputPlan
    from fusionnet.volumes.volume import read_volume

    spans = [Span(0, 16, 0, 16), Span(16, 20, 16, 20)]
    plan = ChunkPlan(range(3), spans, spans)
    output = OutputPlan(plan.shape, np.dtype(np.float32), (1, 16, 16), None, {})

    def begin() -> PredictionStore:
        return PredictionStore([str(folder / "p.tif")], output, plan, range(len(plan)), {"seed": 1})

    begun = begin()
    for number in begun.numbers:
        values = np.full(plan[number].shape, 1 + number, np.float32)
        begun.write(plan[number], Prediction(values, values * 0, 2))
    begun.close()
    files = sorted(file for file in (folder / ".p.tif.part").rglob("*") if file.is_file() and file.name != "lock")
    done = _damaged(files[rng.integers(len(files))], rng)

    def read() -> str | None:
        again = begin()
        try:
            todo = [number for number in again.numbers if not again.has(plan[number])]
            if todo:  # it was begun anew, or goes on with the chunk whose file is gone
                right = len(todo) == len(plan) or (done == "gone" and len(todo) == 1)
                return None if right else f"some chunks alone are kept: {todo} are not"
            again.finish()
        finally:
            again.close()
        found = read_volume(folder / "p.tif")
        right = all((found[plan[number].region] == 1 + number).all() for number in range(len(plan)))
        return None if right or done not in ("sound", "truncated", "emptied", "a_page") else "other values"

    return Made(done, read, (".p.tif.part", "p.tif"), writes=True)


def stack(folder: Path, rng: np.random.Generator) -> Made:
    """Write a stack of the project, as training reads it."""
    from fusionnet.volumes.stacks import read_provenance, read_stack, write_volume

    path = folder / "volume.tif"
    expected = rng.integers(0, 256, (4, 20, 30), np.uint8)
    write_volume(path, expected, {"stage": "augment"})
    done = _damaged(path, rng)

    def read() -> str | None:
        found = read_stack(path)
        read_provenance(path)
        sure = done in ("sound", "truncated", "emptied", "a_page")
        return "other values" if sure and not np.array_equal(found, expected) else None

    return Made(done, read, (path.name,))


def results(folder: Path, rng: np.random.Generator) -> Made:
    """Write a file of numbers as the report, the status and the records read them."""
    from fusionnet.config.reading import read_json
    from fusionnet.report.results import read_table
    from fusionnet.workflow.dvc_lock import outputs_of
    from fusionnet.workflow.status import find_replicates, table

    kind = ("metrics.json", "slices.csv", "heartbeat.json", "dvc.lock")[rng.integers(4)]
    path = folder / kind if kind != "heartbeat.json" else folder / "unet/test/seed-0/heartbeat.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beat = {"arm": "unet", "fold": "test", "seed": 0, "steps": 9, "step": 3, "loss": 0.5, "updated": 1.0}
    texts = {
        "metrics.json": json.dumps({"v_rand": 0.9, "thresholds": [0.1, 0.2]}),
        "slices.csv": "slice,threshold,v_rand\n0,0.1,0.9\n1,0.1,0.8\n",
        "heartbeat.json": json.dumps(beat),
        "dvc.lock": "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: a/b.pt\n      md5: abc\n",
    }
    path.write_text(texts[kind])
    done = _damaged(path, rng)
    readers: dict[str, Callable[[], Any]] = {
        "metrics.json": lambda: read_json(path, ["v_rand", "thresholds"]),
        "slices.csv": lambda: read_table(path, ["slice", "threshold", "v_rand"]),
        "heartbeat.json": lambda: table(find_replicates([("unet", "test", 0)], folder, folder), 100.0),
        "dvc.lock": lambda: outputs_of(path),
    }

    def read() -> str | None:
        readers[kind]()
        return None

    return Made(f"{kind}, {done}", read, (kind,))


OWN: dict[str, Callable[[Path, np.random.Generator], Made]] = {
    "checkpoints": checkpoint,
    "networks as safetensors": published,
    "states of trainings": state,
    "configuration": configuration,
    "stores of predictions": store,
    "the project's stacks": stack,
    "results, heartbeats and locks": results,
}
