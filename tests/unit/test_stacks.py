import numpy as np
import pytest

from fusionnet.errors import UserError
from fusionnet.stacks import read_stacks
from fusionnet.volumes import write_volume


@pytest.fixture
def read(tmp_path, training_job, augmented):
    """A function that writes a volume and labels, those of the augment stage by default, and reads them for a job."""

    def write_and_read(volume: np.ndarray = augmented[0], labels: np.ndarray = augmented[1]):
        write_volume(tmp_path / "volume.tif", volume, {})
        write_volume(tmp_path / "labels.tif", labels, {})
        return read_stacks(tmp_path / "volume.tif", tmp_path / "labels.tif", training_job())

    return write_and_read


def test_stacks_and_fold(read, augmented):
    stacks = read()
    np.testing.assert_array_equal(stacks.volume, augmented[0])
    np.testing.assert_array_equal(stacks.labels, augmented[1])
    assert (stacks.fold.train, stacks.fold.validation, stacks.fold.scored) == ([0, 6, 7], [2], [4])


def test_what_is_not_of_the_augment_stage_is_refused(read, augmented):
    volume, labels = augmented
    with pytest.raises(UserError, match="got uint16, expected uint8"):
        read(volume=volume.astype(np.uint16))
    with pytest.raises(UserError, match=r"15 slices, expected a multiple of 2 \(augment.elastic_copies 1"):
        read(volume=volume[:15], labels=labels[:15])
    with pytest.raises(UserError, match="must cover the same slices"):
        read(labels=labels[:14])
