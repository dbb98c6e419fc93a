"""Records as they were first written are read for ever after, and mean the same."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator, FormatChecker

from services.domain.commands import Command
from services.domain.content import MessageContent, content_hash
from services.domain.events import EVENTS, read_envelope, read_event
from services.domain.schemas import FOLDER, records

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.json"))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
EVENT_TYPES = {event.TYPE for event in EVENTS}

each_record = pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)


@each_record
def test_what_was_written_is_read_and_means_the_same(path: Path) -> None:
    """Kafka keeps records for 14 days and the outbox for as long as Kafka is away: old ones reach new code."""
    written = json.loads(path.read_bytes())
    event = read_envelope(path.read_bytes())
    assert {"id", "source", "type", "time", "data"} <= event.model_fields_set
    understood = read_event(event, *EVENTS) if event.type in EVENT_TYPES else Command.model_validate(event.data)
    assert _still_said(written["data"], understood.model_dump(mode="json"))


@each_record
def test_a_signature_once_given_stays_good(path: Path) -> None:
    """A field that is added with a default must not enter what an old signature covers."""
    event = read_envelope(path.read_bytes())
    if event.data.get("signature"):
        assert Command.model_validate(event.data).signed_by(KEY)


@each_record
def test_what_was_written_fits_the_published_schema(path: Path) -> None:
    """Whoever validates by our schemas must not refuse what we ourselves once wrote."""
    record = json.loads(path.read_bytes())
    schema = json.loads((FOLDER / "events" / f"{record['type']}.schema.json").read_bytes())
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(record)


def test_the_content_of_a_submission_keeps_its_hash() -> None:
    """The hash finds a message that was submitted before; a field added later must not make it another message."""
    record = json.loads((Path(__file__).parent / "corpus" / "roeland.message.submit.v1.json").read_bytes())
    content = MessageContent.model_validate(record["data"]["body"]["content"])
    assert content_hash(content) == "81824a9857cc2d0a66b95e4d0f9112d9841db9e3f3a59c0d2c155a6a64e9235b"


def test_every_type_has_a_record() -> None:
    """A type without a record as first written would be free to change its meaning unseen."""
    assert {json.loads(path.read_bytes())["type"] for path in CORPUS} == set(records())


def _still_said(written: Any, understood: Any) -> bool:
    """Whether all that was written is understood as it was; the newer code may know more."""
    if isinstance(written, Mapping):
        return all(key in understood and _still_said(value, understood[key]) for key, value in written.items())
    if isinstance(written, list):
        pairs = zip(written, understood, strict=False)
        return len(written) == len(understood) and all(_still_said(*pair) for pair in pairs)
    return bool(written == understood)
