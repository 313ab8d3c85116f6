"""Inputs of every kind that the package reads: sound ones of many variants, and what is left of them after damage.

The corpus is made when it is needed and kept nowhere: input NUMBER of a KIND is decided by both. Run as a script it is
the worker of `inputs_in_a_worker`: it reads one input after another and prints a line of JSON for each.
"""

import io
import json
import logging
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HELPERS = Path(__file__).parent
MOST_SECONDS = 20  # of one input; on a busy machine a sound one takes some hundredths
MOST_BYTES = 4 << 30  # of address space beyond what the imports take
BATCH = 250  # inputs before a worker makes room for a fresh one


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Attributes:
        kind: Of `kinds.KINDS`.
        number: Its number; both together are the key of the generator that makes it.
        what: The variant, and what was done to it.
        end: ``read`` (with the right values, as far as they can be known), ``refused`` (one line that names the
            file), or ``fault``.
        message: The refusal, or what is wrong.
    """

    kind: str
    number: int
    what: str
    end: str
    message: str = ""


Key = tuple[str, int]  # a kind and a number


def inputs_in_a_worker(keys: Sequence[Key]) -> Iterator[Outcome]:
    """Read inputs in processes of their own, whose memory and time are limited; a process that dies is a fault too."""
    following = 0
    while following < len(keys):
        batch = keys[following : following + BATCH]
        command = [sys.executable, __file__, json.dumps(batch)]
        answered = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None and worker.stderr is not None
            for line in worker.stdout:
                yield Outcome(**json.loads(line))
                answered += 1
            words = worker.stderr.read()[-500:]
            code = worker.wait()
        if answered < len(batch):
            yield Outcome(*batch[answered], "?", "fault", f"the process ended with code {code}: {words}")
            answered += 1
        following += answered


def main() -> None:
    """Read the inputs that the command line names."""
    from kinds import KINDS

    logging.disable(logging.CRITICAL)  # here, in the worker: where it is imported, tests look at messages
    keys = json.loads(sys.argv[1])
    answers = sys.stdout
    for kind in dict.fromkeys(kind for kind, _ in keys):
        read_one(kind, KINDS[kind], 0)  # imports what is needed, before memory is limited
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, used + MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, _too_long)
    for kind, number in keys:
        print(json.dumps(asdict(read_one(kind, KINDS[kind], number))), file=answers, flush=True)


def read_one(kind: str, maker: Callable[..., Any], number: int) -> Outcome:
    """Make input NUMBER of a kind and read it."""
    import numpy as np

    from fusionnet.errors import UserError

    rng = np.random.default_rng([zlib.crc32(kind.encode()), number])
    folder = Path(tempfile.mkdtemp(prefix="bad-"))
    what = "?"
    try:
        made = maker(folder, rng)
        what, before = made.what, _listing(folder)
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                wrong = made.read()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if wrong:
            return Outcome(kind, number, what, "fault", wrong)
        if (after := _listing(folder)) != before and not made.writes:
            return Outcome(kind, number, what, "fault", f"reading wrote: {sorted(after ^ before)}")
        return Outcome(kind, number, what, "read")
    except (UserError, OSError) as error:  # a script ends in one line for either
        message = " ".join(str(error).split())
        named = any(name in message for name in made.names)
        return Outcome(kind, number, what, "refused" if named else "fault", message[:600])
    except BaseException as error:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/fusionnet/" in frame.filename]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "the suite itself"
        return Outcome(kind, number, what, "fault", f"{where}: {type(error).__name__}: {error}"[:600])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listing(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.lstat().st_size) for path in folder.rglob("*") if not path.is_dir()}


def _too_long(*_: object) -> None:
    raise TimeoutError(f"longer than {MOST_SECONDS} s")


if __name__ == "__main__":
    sys.path[:0] = [str(HELPERS), str(HELPERS.parents[1])]
    main()
