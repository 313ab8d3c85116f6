import numpy as np
import pytest

from fusionnet.config.stages import ArmSettings
from fusionnet.errors import UserError
from fusionnet.train.folds import read_stacks
from fusionnet.volumes.stacks import write_volume


@pytest.fixture
def read(tmp_path, training_job, augmented):
    """A function that writes a volume and labels, those of the augment stage by default, and reads them for a job."""

    def write_and_read(volume: np.ndarray = augmented[0], labels: np.ndarray = augmented[1], **denied):
        write_volume(tmp_path / "volume.tif", volume, {})
        write_volume(tmp_path / "labels.tif", labels, {})
        job = training_job()
        network = ArmSettings(**job.network.model_dump() | denied)
        job = job.model_copy(update={"network": network})
        return read_stacks(tmp_path / "volume.tif", tmp_path / "labels.tif", job)

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
    with pytest.raises(UserError, match="must cover the same"):
        read(labels=labels[:14])


def test_an_arm_without_augmentation_sees_the_plain_slices_alone(read, augmented):
    stacks = read(augmentation=False)
    np.testing.assert_array_equal(stacks.volume, augmented[0][:8])
    np.testing.assert_array_equal(stacks.labels, augmented[1][:8])


def test_a_smaller_annotation_budget_is_a_part_of_a_larger_one(read):
    one, two, whole = (set(read(training_slices=count).fold.train) for count in (1, 2, 3))
    assert (len(one), len(two)) == (1, 2)
    assert one < two < whole == set(read().fold.train)
    assert read(training_slices=1).fold.scored == read().fold.scored


def test_more_slices_than_there_are_is_refused(read):
    with pytest.raises(UserError, match="got 4, but the fold has 3 training slices"):
        read(training_slices=4)


def test_scored_slices_without_a_cell_are_refused_before_hours_are_spent(read, augmented):
    labels = augmented[1].copy()
    labels[4] = 0
    with pytest.raises(UserError, match=r"fold 4-4: no pixel is above 0: no cell to score"):
        read(labels=labels)


def test_validation_slices_without_a_cell_end_no_training(read, augmented):
    labels = augmented[1].copy()
    labels[2] = 0
    assert read(labels=labels).fold.validation == [2]
