"""Engine tags: equal for equal settings, different for different ones."""

from thumbnail_tasks.fingerprints import make_tag


def test_a_tag_changes_with_whatever_changes_a_result() -> None:
    assert make_tag("engine-1", {"a": 1, "b": 2}) == make_tag("engine-1", {"b": 2, "a": 1})
    assert make_tag("engine-1", {"a": 1}) != make_tag("engine-1", {"a": 2})
    assert make_tag("engine-1", {}).startswith("engine-1-")
