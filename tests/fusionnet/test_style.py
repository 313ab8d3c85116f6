"""Names and colours of arms."""

from matplotlib.colors import to_rgb

from fusionnet.config.architectures import ARCHITECTURES
from fusionnet.style import OTHER_ARMS, arm_colours, display_names


def test_arms_keep_their_names_and_colours_in_any_company() -> None:
    assert arm_colours(["unet", "mine"])["unet"] == arm_colours(["fusionnet", "other", "unet"])["unet"]
    colours = arm_colours([*ARCHITECTURES, *OTHER_ARMS, "mine", "yours"])
    assert len(set(colours.values())) == len(colours)
    assert display_names(["unet", "mine"]) == {"unet": "U-Net", "mine": "mine"}


def test_an_arm_of_few_slices_is_a_paler_one_of_its_architecture() -> None:
    names = display_names(["fusionnet-1-slice", "unet-5-slices", "mine-2-slices"])
    assert list(names.values()) == ["FusionNet, 1 slice", "U-Net, 5 slices", "mine-2-slices"]
    colours = arm_colours(["unet-1-slice", "unet-5-slices", "unet-64-slices"])
    lightness = [sum(to_rgb(colour)) for colour in colours.values()]
    assert lightness[0] > lightness[1] > lightness[2]
    assert colours["unet-64-slices"].lower() == ARCHITECTURES["unet"].colour.lower()
