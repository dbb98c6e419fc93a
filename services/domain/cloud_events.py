"""CloudEvents 1.0 as outside systems send them: structured, binary and in batches. Pure.

Whatever the mode, an event becomes the same document, the structured form: so its digest tells whether it is the same
event again, however it was sent.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.domain.identity import canonical
from services.domain.problems import Problem
from services.domain.shapes import in_our_words

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EVENT_BYTES: Final = 64 * 1024
"""Of one event; what every intermediary passes on (CloudEvents 1.0, Size Limits)."""
AT_ONCE: Final = 100
"""Events in a batch."""
DEPTH: Final = 32
_NAME: Final = re.compile(r"[a-z0-9]{1,64}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
"""RFC 3339. A number in quotes is a moment to pydantic."""
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")

Document = dict[str, Any]


class Unreadable(Exception):
    """What came is no event at all: not JSON, or not what its headers say; in words."""


class CloudEvent(BaseModel):
    """An event in its structured form. Further attributes (extensions) are texts, whole numbers or booleans."""

    model_config = ConfigDict(extra="allow", title="CloudEvent")

    specversion: str = Field(pattern=r"^1\.0$", examples=["1.0"])
    id: str = Field(min_length=1, max_length=256, description="With `source`: the same pair is the same event.")
    source: str = Field(min_length=1, max_length=512, pattern=r"^[^\s<>\"{}|\\^`]+$", description="A URI reference.")
    type: str = Field(min_length=1, max_length=256, examples=["be.example.monitoring.alert"])
    subject: str | None = Field(default=None, min_length=1, max_length=512)
    time: AwareDatetime | None = None
    datacontenttype: str | None = Field(default=None, max_length=256, pattern=r"^[\w!#$&^.+-]+/[\w!#$&^.+-]+ *(;.*)?$")
    dataschema: str | None = Field(
        default=None, max_length=512, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$", description="A URI."
    )
    data: Any = None
    data_base64: str | None = Field(default=None, description="Instead of `data`: bytes.")


def read_json(body: bytes) -> Any:
    """JSON, as strictly as PostgreSQL and a digest need it. Raises `Unreadable`."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Unreadable("the body is not UTF-8") from None
    except RecursionError:
        raise Unreadable("the body is nested too deep") from None
    except ValueError as problem:
        raise Unreadable(f"the body is not JSON: {str(problem)[:200]}") from None


def from_headers(headers: Iterable[tuple[str, str]], body: bytes) -> Document:
    """The event of binary mode: attributes in `ce-` headers, quoted or not and percent-encoded (HTTP binding 1.0.2
    §3.1.3.2); the body is its data. Raises `Unreadable` for a header that stands twice, or says what the body says."""
    event: Document = {}
    content_type = ""
    for name, value in headers:
        if name.lower() == "content-type":
            content_type = content_type or value
        if name.lower()[:3] != "ce-":
            continue
        attribute = name[3:].lower()
        if attribute in event or attribute in {"data", "data_base64"}:
            raise Unreadable(f"the header ce-{attribute[:64]} stands twice, or is the body's to say")
        event[attribute] = unquote(_unquoted(value), errors="strict")
    if content_type:
        event["datacontenttype"] = content_type
    if body:
        event |= _data(content_type.partition(";")[0].strip().lower(), body)
    return event


def charset_of(content_type: str) -> str:
    """What it says, in small letters; empty where it says nothing."""
    return content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")


def problems_in(event: Any, place: str = "") -> Sequence[Problem]:
    """What keeps this from being a CloudEvent that we take; empty for none. `place`: `events[2]` in a batch."""
    if not isinstance(event, dict):
        return [Problem(place or "body", "This is no JSON object.", "Send one event as an object.")]
    found = [*_of_names(event, place), *_of_values(event, place)]
    try:
        CloudEvent.model_validate(event)
    except ValidationError as wrong:
        found += [_told(each, place) for each in wrong.errors()]
    if (moment := event.get("time")) is not None and not (isinstance(moment, str) and _MOMENT.fullmatch(moment)):
        found.append(Problem(_at(place, "time"), "A moment is a text.", "Write it as 2026-11-26T03:12:00Z."))
    if isinstance(coded := event.get("data_base64"), str) and not _is_base64(coded):
        found.append(Problem(_at(place, "data_base64"), "This is no base64.", "Code its bytes by RFC 4648."))
    if event.get("data") is not None and event.get("data_base64") is not None:
        found.append(Problem(_at(place, "data_base64"), "There is `data` as well.", "Keep one of the two."))
    return found


def digest(event: Document) -> bytes:
    """What makes it the same event."""
    return hashlib.sha256(canonical(event)).digest()


def size(event: Document) -> int:
    """Bytes, as it is kept."""
    return len(canonical(event))


def _unquoted(value: str) -> str:
    whole = len(value) > 1 and value[0] == value[-1] == '"'
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if whole else value


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _data(media_type: str, body: bytes) -> Document:
    if not media_type or _JSON.fullmatch(media_type):
        return {"data": read_json(body)}
    if media_type.startswith("text/"):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError:
            raise Unreadable("the body is not UTF-8") from None
    return {"data_base64": base64.b64encode(body).decode()}


def _of_names(event: Document, place: str) -> Iterator[Problem]:
    known = CloudEvent.model_fields
    for name, value in event.items():
        if name in known:
            continue
        if not _NAME.fullmatch(name):
            yield Problem(_at(place, name[:80]), "An attribute's name has small letters and digits only.", "Rename it.")
        if not isinstance(value, str | int | None) or (isinstance(value, int) and not -(2**31) <= value < 2**31):
            yield Problem(
                _at(place, name[:80]),
                "An extension is a text, a whole number of 32 bits or true/false.",
                "Put it in `data`.",
            )


def _of_values(event: Document, place: str) -> Iterator[Problem]:
    """What neither PostgreSQL's JSON nor a digest can hold."""
    waiting: list[tuple[Any, int]] = [(event, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEPTH:
            yield Problem(place or "body", f"It is more than {DEPTH} levels deep.", "Flatten it.")
            return
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
        elif isinstance(value, float) and not math.isfinite(value):
            yield Problem(place or "body", "A number in it is too large.", "Send it as text.")
        elif isinstance(value, str) and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
            yield Problem(place or "body", "A text in it has NUL, or half a character.", "Leave that out.")


def _told(error: Any, place: str) -> Problem:
    where = ".".join(map(str, error["loc"])) or "body"
    see = "See https://github.com/cloudevents/spec, version 1.0."
    return Problem(_at(place, where), *in_our_words(error, see=see, model=CloudEvent))


def _at(place: str, field: str) -> str:
    return f"{place}.{field}" if place else field


def _once(pairs: list[tuple[str, Any]]) -> Document:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
