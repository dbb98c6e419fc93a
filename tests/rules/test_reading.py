"""What comes from Kafka may be anything at all."""

import json
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime

from services.domain.events import (
    EVENTS,
    BatchAnnounced,
    BatchSettled,
    Envelope,
    Unreadable,
    envelope,
    read_envelope,
    read_event,
)

st.register_type_strategy(AwareDatetime, st.datetimes(timezones=st.just(UTC)))

SECRET = "jan.peeters@voorbeeld.example"
GOOD = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "time": "2026-11-23T09:00:00Z", "data": {}}

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just(SECRET), inner, max_size=3),
    max_leaves=8,
)
almost = st.builds(lambda changes: GOOD | changes, st.dictionaries(st.sampled_from([*GOOD, SECRET]), plain, max_size=4))


@given(
    st.none() | st.binary() | plain.map(lambda v: json.dumps(v).encode()) | almost.map(lambda v: json.dumps(v).encode())
)
def test_reading_an_envelope_raises_nothing_but_unreadable(value: bytes | None) -> None:
    """Anything else would stop the consumer at this record, for ever."""
    try:
        assert isinstance(read_envelope(value), Envelope)
    except Unreadable as problem:
        assert SECRET not in str(problem)


@pytest.mark.parametrize(
    "value", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe\x00", b"\x00" * 10, b"1" * 100_000, b"NaN", b'"\\ud800"']
)
def test_hostile_json_is_unreadable_too(value: bytes) -> None:
    """Deep nesting ends a recursive parser with something that is no ValueError."""
    with pytest.raises(Unreadable):
        read_envelope(value)


@pytest.mark.parametrize(
    "place", [{"id": "a\0"}, {"subject": "\0"}, {"data": {"x": [{"y": "\0"}]}}, {"data": {"\0": 1}}]
)
def test_a_nul_is_unreadable_wherever_it_is_and_what_only_looks_like_one_is_not(place: dict[str, Any]) -> None:
    """PostgreSQL holds no NUL: found there, it would be an error that nobody foresaw."""
    with pytest.raises(Unreadable, match="NUL"):
        read_envelope(json.dumps(GOOD | place).encode())
    read_envelope(json.dumps(GOOD | {"subject": "\\u0000"}).encode())


@given(st.sampled_from(EVENTS), st.dictionaries(st.text(), plain, max_size=4))
def test_reading_an_event_raises_nothing_but_unreadable(model: Any, data: dict[str, Any]) -> None:
    """Its envelope may be good and its data anything."""
    _read(Envelope.model_validate(GOOD | {"type": model.TYPE, "data": data}))


@given(st.sampled_from(EVENTS), st.data())
def test_what_is_wrong_is_said_without_repeating_it(model: Any, draw: st.DataObject) -> None:
    """The reason is logged and sent to a topic; an address in a record that went wrong must not get there."""
    fields = {name: draw.draw(st.sampled_from([SECRET, [SECRET], {"x": SECRET}])) for name in model.model_fields}
    event = Envelope.model_validate(GOOD | {"type": model.TYPE, "data": fields})
    with pytest.raises(Unreadable) as problem:
        read_event(event, *EVENTS)
    assert SECRET not in str(problem.value)


def test_a_key_that_came_from_outside_is_not_repeated() -> None:
    """`counts` is a mapping: pydantic's place of an error names its key as it was given."""
    data = {"message": 1, "batch": 1, "channel": "mail", "lane": "urgent", "version": 1, "counts": {SECRET: "x"}}
    with pytest.raises(Unreadable) as problem:
        read_event(Envelope.model_validate(GOOD | {"type": BatchSettled.TYPE, "data": data}), BatchSettled)
    assert SECRET not in str(problem.value)


@pytest.mark.parametrize(("message", "batch"), [(2**63, 1), (10**30, 1), (1, 2**31), (0, 1), (1, -1)])
def test_a_number_that_no_ledger_can_hold_is_unreadable(message: int, batch: int) -> None:
    """In a query it would end the worker, and again each time that it starts."""
    data = {"message": message, "batch": batch}
    with pytest.raises(Unreadable):
        read_event(Envelope.model_validate(GOOD | {"type": BatchAnnounced.TYPE, "data": data}), BatchAnnounced)


@given(st.sampled_from(EVENTS), st.data())
def test_what_we_write_we_read(model: Any, draw: st.DataObject) -> None:
    """Every event goes round, and a field that a later version added does it no harm."""
    event = draw.draw(st.builds(model).filter(lambda built: "\\u0000" not in built.model_dump_json()))
    written = envelope(event, event_type=model.TYPE, source="/roeland/test").model_dump(mode="json", exclude_none=True)
    written["data"]["added_later"] = written["added_later"] = {"x": 1}
    assert read_event(read_envelope(json.dumps(written).encode()), *EVENTS) == event


def _read(event: Envelope) -> None:
    with suppress(Unreadable):
        read_event(event, *EVENTS)
