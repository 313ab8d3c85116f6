import base64
from io import BytesIO

import numpy as np
from PIL import Image

from fusionnet.report.page import pictures


def decoded(text: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(text)))


def test_grey_values_come_back_as_they_were():
    plane = np.arange(256, dtype=np.uint8).reshape(8, 32)
    assert np.array_equal(np.asarray(decoded(pictures.encode(plane))), plane)


def test_numbers_come_back_with_their_colours_and_what_lies_between_is_clear():
    plane = pictures.colour_numbers(np.array([[0, 1, 2], [254, 255, 508]]))
    assert plane.tolist() == [[0, 1, 2], [254, 1, 254]]
    image = decoded(pictures.encode(plane, pictures.segment_palette()))
    assert np.array_equal(np.asarray(image), plane)
    shown = np.asarray(image.convert("RGBA"))
    assert np.array_equal(shown, pictures.segment_palette()[plane])
    assert shown[0, 0, 3] == 0 and (shown[..., 3].ravel()[1:] == 255).all()


def test_segments_have_different_colours_and_neighbouring_numbers_differ_in_lightness():
    palette = pictures.segment_palette()[1:].astype(int)
    assert len(np.unique(palette, axis=0)) == pictures.COLOURS
    lightness = palette[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.abs(np.diff(lightness)) > 5).mean() > 0.9


def test_steps_are_even_and_what_is_no_number_is_the_first():
    values = np.array([0, 0.24, 0.26, 0.5, 0.9, np.nan])
    assert pictures.stepped(values, 3, highest=0.5).tolist() == [0, 1, 1, 2, 2, 0]
    assert pictures.stepped(np.array([0.0, 1.0]), 256).tolist() == [0, 255]


def test_merged_split_and_both_are_told_apart_and_a_border_covers_them():
    yes, no = np.array([True]), np.array([False])
    marks = [(no, no, no), (yes, no, no), (no, yes, no), (yes, yes, no), (yes, yes, yes)]
    assert [int(pictures.error_numbers(*masks)[0]) for masks in marks] == [0, 1, 2, 3, 4]
    assert len(pictures.error_palette()) == 5
