from fusionnet.augment.geometry import mirrored


def test_positions_are_mirrored_without_repeating_the_border():
    assert mirrored(-4, 8, 4).tolist() == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    assert mirrored(-1, 2, 1).tolist() == [0, 0, 0]
