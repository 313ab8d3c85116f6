"""The classifier: scikit-learn's answers from plain arrays, the same bytes from the same seed, and files refused."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from fusionnet.errors import UserError
from fusionnet.segment.forest import LEAF, TREES, Forest, fit, load_forest, save_forest

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def examples() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    features = generator.random((600, 4), dtype=np.float32)
    cut = (features[:, 0] + 0.3 * generator.standard_normal(600) > 0.5).astype(np.int8)
    cut[:20] = -1
    return features, cut


def fitted(examples: tuple[np.ndarray, np.ndarray]) -> Forest:
    return fit(*examples, NAMES, np.random.default_rng(5), {"slices": [1]})


def test_probabilities_are_scikit_learns(examples):
    features, cut = examples
    seed = int(np.random.default_rng(5).integers(2**31))
    theirs = ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, max_features="sqrt", random_state=seed)
    theirs.fit(features[cut >= 0], cut[cut >= 0])
    fresh = np.random.default_rng(1).random((500, 4), dtype=np.float32)
    for rows in (fresh, features):
        np.testing.assert_allclose(
            fitted(examples).probabilities(rows), theirs.predict_proba(rows)[:, 1], rtol=0, atol=1e-7
        )


def test_the_same_seed_gives_the_same_file_and_another_one_does_not(examples, tmp_path: Path):
    for name in ("one", "other"):
        save_forest(tmp_path / name, fitted(examples))
    save_forest(tmp_path / "third", fit(*examples, NAMES, np.random.default_rng(6), {"slices": [1]}))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes() != (tmp_path / "third").read_bytes()


def test_a_file_gives_the_classifier_back(examples, tmp_path: Path):
    forest = fitted(examples)
    save_forest(tmp_path / "f", forest)
    again = load_forest(tmp_path / "f")
    assert (again.features, again.about) == (NAMES, {"slices": [1]})
    np.testing.assert_array_equal(again.probabilities(examples[0]), forest.probabilities(examples[0]))


@pytest.mark.parametrize("content", [b"", b"not a classifier", b"\x10\0\0\0\0\0\0\0{}              "])
def test_another_file_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(UserError, match="damaged, or no classifier of edges"):
        load_forest(tmp_path / "f")


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="no such file"):
        load_forest(tmp_path / "f")


@pytest.mark.parametrize(("cut", "share", "what"), [(-1, 0.5, "are not there"), (1, 1.0, "are all of one kind")])
def test_edges_of_one_kind_teach_nothing_and_that_is_said(examples, messages, cut: int, share: float, what: str):
    forest = fit(examples[0], np.full(len(examples[0]), cut), NAMES, np.random.default_rng(0), {})
    assert (forest.probabilities(examples[0]) == share).all()
    assert what in messages()[-1]


def test_other_features_are_refused(examples):
    with pytest.raises(ValueError, match="got 3 features, expected 4"):
        fitted(examples).probabilities(examples[0][:, :3])


def test_others_may_read_the_file_as_they_may_any_other(examples, tmp_path: Path):
    (tmp_path / "plain").write_text("")
    save_forest(tmp_path / "f", fitted(examples))
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "plain").stat().st_mode
