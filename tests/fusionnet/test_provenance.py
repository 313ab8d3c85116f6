"""Where an artefact comes from, as one word."""

from fusionnet.provenance import fingerprint


def test_fingerprint_sees_every_value_and_no_order():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1, "b": [2]}) != fingerprint({"a": 1, "b": [3]})
