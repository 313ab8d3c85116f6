import numpy as np
from fake_results import cell_labels

from fusionnet.evaluate.error_maps import merge_and_split_masks, thinned_segments
from fusionnet.report.page.worst import largest_mistakes, meeting_place


def test_a_merger_is_seen_where_the_border_is_missing():
    truth = np.zeros((2, 20, 30), np.uint8)
    truth[:, 1:19, 1:20] = 1
    truth[:, 1:19, 22:29] = 1
    segments = np.where(truth > 0, 1, 0)
    segments[1, 1:19, 22:29] = 2  # only the first slice merges, by a hole in its membrane
    segments[0, 8:11, 20:22] = 1
    found = largest_mistakes(truth, segments)
    assert found["split"] == []
    (merger,) = found["merger"]
    assert (merger.pixels, merger.position) == (18 * 7, 0)
    assert merger.x in (20, 21), "between the cells"


def test_a_split_is_seen_at_the_needless_border_and_the_largest_come_first():
    truth = np.zeros((1, 20, 40), np.uint8)
    truth[0, 2:18, 2:38] = 1
    segments = np.where(truth > 0, 1, 0)
    segments[0, :, 30] = 0
    segments[0, 2:18, 31:38] = 2
    segments[0, 2:18, 5] = 0
    segments[0, 2:18, 2:5] = 3
    large, small = largest_mistakes(truth, segments)["split"]
    assert (large.pixels, large.x) == (16 * 7, 30)
    assert (small.pixels, small.x) == (16 * 3, 5)
    assert largest_mistakes(truth, segments, count=1)["split"] == [large]


def test_pieces_add_up_to_the_marked_pixels():
    truth = cell_labels(2, 96, np.random.default_rng(3), cells=12)
    probability = truth.astype(np.float32)
    probability[:, 60:70] = 1  # membranes that are missed, and one that is not there
    probability[:, 30] = 0
    segments = np.stack([thinned_segments(plane, 0.5) for plane in probability])
    masks = [merge_and_split_masks(*pair) for pair in zip(truth, segments, strict=True)]
    found = largest_mistakes(truth, segments, count=10_000)
    assert sum(mistake.pixels for mistake in found["merger"]) == sum(int(merges.sum()) for merges, _ in masks) > 0
    assert sum(mistake.pixels for mistake in found["split"]) == sum(int(splits.sum()) for _, splits in masks) > 0


def test_regions_that_touch_meet_at_their_border():
    first, second = np.zeros((2, 9, 9), bool)
    first[:, :4] = second[:, 4:] = True
    assert meeting_place(first, second)[1] in (3, 4)
