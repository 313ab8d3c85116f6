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
