"""Which slices are trained on, validated on and scored: contiguous blocks with gaps between them."""

from dataclasses import dataclass

from fusionnet.errors import UserError
from fusionnet.jobs import SplitSection


@dataclass(frozen=True)
class Fold:
    """Slice numbers of the labelled stack; `scored` is empty where a stack of its own is scored."""

    train: list[int]
    validation: list[int]
    scored: list[int]


def slice_range(text: str) -> range:
    """Return the slices of ``"FIRST-LAST"``, both included and counted from 0."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise UserError(f"slices: got {text!r}, expected FIRST-LAST, counted from 0, such as 25-29")
    return range(int(first), int(last) + 1)


def make_fold(name: str, slices: int, split: SplitSection) -> Fold:
    """Divide a labelled stack.

    Args:
        name: ``"FIRST-LAST"``, the scored slices, or ``"test"``: a stack of its own is scored.
        slices: Number of slices of the labelled stack.
        split: Sizes of the validation block and of the gaps.

    Returns:
        The fold. The validation block lies before the scored block, or after it where there is no room
        before; for ``"test"`` it is the stack's end. Gaps on both sides of each block belong to nobody.

    Raises:
        UserError: The scored slices are not in the stack, or no slice is left to validate or train on.
    """
    scored = list(slice_range(name)) if name != "test" else []
    if scored and scored[-1] >= slices:
        raise UserError(f"fold {name}: the labelled stack has slices 0-{slices - 1}; choose scored slices in it")
    gap, size = split.gap_slices, split.validation_slices
    end = scored[0] - gap if scored else slices
    start = end - size if end >= size else scored[-1] + 1 + gap if scored else 0
    validation = list(range(start, start + size))
    kept_out = {
        near for block in (scored, validation) for number in block for near in range(number - gap, number + gap + 1)
    }
    train = [number for number in range(slices) if number not in kept_out]
    if (validation and validation[-1] >= slices) or not train:
        raise UserError(
            f"fold {name}: {slices} slices, of them {len(scored)} scored, {size} for validation and gaps of {gap}, "
            "leave no training slice; make split.validation_slices or the fold smaller"
        )
    return Fold(train, validation, scored)
