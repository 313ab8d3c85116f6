"""Names and colours of arms."""

from matplotlib.colors import to_rgb

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.style import OTHER_ARMS, OTHER_COLOURS, arm_colours, display_names


def test_arms_keep_their_names_and_colours_in_any_company() -> None:
    assert arm_colours(["unet", "mine"])["unet"] == arm_colours(["fusionnet", "other", "unet"])["unet"]
    colours = arm_colours([*ARCHITECTURES, *OTHER_ARMS, "mine", "yours"])
    assert len(set(colours.values())) == len(colours)
    assert display_names(["unet", "mine"]) == {"unet": "U-Net", "mine": "mine"}


def test_arms_of_ones_own_have_colours_of_their_own_however_many_they_are() -> None:
    own = [f"mine-{letter}" for letter in "abcdefghijklmnopqr"]
    colours = arm_colours([*ARCHITECTURES, *OTHER_ARMS, *own])
    assert [colours[arm].upper() for arm in own[:6]] == list(OTHER_COLOURS)
    assert len(set(colours.values())) == len(colours)
    lightness = {arm: sum(to_rgb(colours[arm])) for arm in own}
    assert all(lightness[early] + 0.2 < lightness[late] for early, late in zip(own, own[6:], strict=False))


def test_an_arm_of_few_slices_is_a_paler_one_of_its_architecture() -> None:
    names = display_names(["fusionnet-1-slice", "unet-5-slices", "mine-2-slices"])
    assert list(names.values()) == ["FusionNet, 1 slice", "U-Net, 5 slices", "mine-2-slices"]
    colours = arm_colours(["unet-1-slice", "unet-5-slices", "unet-64-slices"])
    lightness = [sum(to_rgb(colour)) for colour in colours.values()]
    assert lightness[0] > lightness[1] > lightness[2]
    assert colours["unet-64-slices"].lower() == ARCHITECTURES["unet"].colour.lower()
