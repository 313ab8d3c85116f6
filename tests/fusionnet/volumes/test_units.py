"""Voxel sizes: nanometres, or not known."""

import pytest

from fusionnet.volumes.units import attribute_voxel_size, voxel_size_nm


@pytest.mark.parametrize(
    ("side", "unit"),
    [
        (4, "nm"), (4, "Nanometers"), (0.004, "\u00b5m"), (0.004, "\u03bcm"), (0.004, "\\u00B5m"), (0.004, "microns"),
        (0.004, "micrometre"), (4e-6, "mm"), (40, "Angstrom"), (40, "\u00c5"), (4e-7, "cm"), (4e-9, "m"), (4000, "pm"),
    ],
)  # fmt: skip
def test_every_unit_of_length_becomes_nanometres(side: float, unit: str):
    size, notes = voxel_size_nm([side] * 3, [unit] * 3)
    assert size == pytest.approx((4, 4, 4)) and not notes


def test_axes_may_differ_in_their_unit():
    assert voxel_size_nm([0.05, 4, 40], ["um", "nm", "angstrom"]) == (pytest.approx((50, 4, 4)), [])


@pytest.mark.parametrize("units", [["nm", "nm", None], ["pixel"] * 3, [""] * 3])
def test_without_a_unit_the_size_is_not_known(units: list[str | None]):
    assert voxel_size_nm([50, 4, 4], units) == (None, [])
    assert voxel_size_nm([None, 4, 4]) == (None, [])


@pytest.mark.parametrize("lengths", [(0, 4, 4), (-1, 4, 4), (float("nan"), 4, 4)])
def test_an_impossible_size_is_not_known_and_noted(lengths: tuple[float, float, float]):
    size, notes = voxel_size_nm(lengths)
    assert size is None and "not known" in notes[0]


def test_an_odd_unit_is_named():
    size, notes = voxel_size_nm([50, 4, 4], ["furlong", "nm", "nm"])
    assert size is None and "'furlong'" in notes[0]


def test_attributes_of_arrays():
    assert attribute_voxel_size({})[0] is None
    assert attribute_voxel_size({"resolution": 4.0})[0] == (4, 4, 4)
    assert attribute_voxel_size({"resolution": (40, 4, 4)})[0] == (40, 4, 4)
    assert attribute_voxel_size({"element_size_um": (0.04, 0.004, 0.004)})[0] == pytest.approx((40, 4, 4))
    assert attribute_voxel_size({"voxel_size": [400, 40, 40], "units": ["angstrom"] * 3})[0] == pytest.approx(
        (40, 4, 4)
    )
    size, notes = attribute_voxel_size({"resolution": (40, 4, 4), "element_size_um": (0.05, 0.004, 0.004)})
    assert size is None and "attributes say" in notes[0]
