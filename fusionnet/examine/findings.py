"""What an examination says: one sentence of what was seen, one of what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "look", "mend"]
SHOWN_NUMBERS = 12


@dataclass(frozen=True)
class Finding:
    """One result.

    Attributes:
        level: ``ok``; ``look`` for what may be meant; ``mend`` for what will spoil training or prediction.
        seen: What was seen.
        advice: What to do; empty where nothing is to be done.
    """

    level: Level
    seen: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.level:<5} {self.seen}" + (f"\n      -> {self.advice}" if self.advice else "")


def numbered(name: str, numbers: Sequence[int]) -> str:
    """Return ``slice 3`` or ``slices 3, 7, 9``, of many only the first."""
    shown = ", ".join(map(str, numbers[:SHOWN_NUMBERS])) + (", ..." if len(numbers) > SHOWN_NUMBERS else "")
    return f"{name}{'s' if len(numbers) > 1 else ''} {shown}"


def as_ranges(numbers: Sequence[int]) -> str:
    """Return ``3,7-9`` for the ascending numbers 3, 7, 8 and 9."""
    starts = [number for place, number in enumerate(numbers) if place == 0 or numbers[place - 1] < number - 1]
    ends = [number for place, number in enumerate(numbers) if number + 1 not in numbers[place + 1 : place + 2]]
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
