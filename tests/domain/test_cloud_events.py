"""Whatever an outside system sends, it is judged: no text of a stranger's breaks the reading of it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.cloud_events import Unreadable, digest, from_headers, problems_in, read_json, size

EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t"}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "source", "type", "subject", "time", "data", "data_base64", "specversion", "ext", "É", ""]),
    ANY,
)


@settings(max_examples=300, deadline=None)
@given(FIELDS)
def test_any_object_is_taken_or_told_what_is_wrong(fields: dict[str, Any]) -> None:
    """And what is taken can be kept and told apart from others."""
    event = EVENT | fields
    if not problems_in(event):
        assert len(digest(event)) == 32
        assert size(event) > 0
        assert "\\u0000" not in json.dumps(event)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_body_is_read_or_unreadable(body: bytes) -> None:
    """No other failure comes out of it: that would be a 500."""
    for read in (lambda: read_json(body), lambda: from_headers([("content-type", "application/json")], body)):
        try:
            read()
        except Unreadable as problem:
            assert str(problem)


def test_a_moment_is_a_text() -> None:
    """A number would be read as seconds by one and as milliseconds by another."""
    assert problems_in({**EVENT, "time": 1700000000})
    assert not problems_in({**EVENT, "time": "2026-11-26T03:12:00Z"})
