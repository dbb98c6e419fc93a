"""What a subscriber asks of the hub: the form of WebSub §5.1, read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, cast

from services.public.hub_callbacks import Callback, Refused, callback_of
from services.public.hub_topics import Topic, topic_of

Mode = Literal["subscribe", "unsubscribe"]
Form = Mapping[str, Sequence[str]]

SECRET_BYTES: Final = 200
"""A secret has fewer (§5.1)."""

LEASE: Final = timedelta(days=10)
SHORTEST_LEASE: Final = timedelta(hours=1)
LONGEST_LEASE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is whole. `topic_url` is the topic as the subscriber wrote it: it is called by that name."""

    mode: Mode
    callback: Callback
    topic_url: str = field(repr=False)
    topic: Topic
    lease: timedelta
    secret: str | None = field(repr=False)


def read(form: Form, public_url: str, *, anywhere: bool) -> Asked:
    """What is asked; parameters that we do not know are ignored (§5.1). Raises `Refused`."""
    mode = _one(form, "hub.mode")
    if mode not in {"subscribe", "unsubscribe"}:
        raise Refused("hub.mode must be subscribe or unsubscribe")
    topic_url = _one(form, "hub.topic")
    topic = topic_of(topic_url, public_url)
    if topic is None:
        raise Refused(f"hub.topic must be the address of a feed under {public_url}/feeds/")
    return Asked(
        mode=cast(Mode, mode),
        callback=callback_of(_one(form, "hub.callback"), anywhere=anywhere),
        topic_url=topic_url,
        topic=topic,
        lease=_lease(_one(form, "hub.lease_seconds", default="")),
        secret=_secret(_one(form, "hub.secret", default="")),
    )


def _one(form: Form, name: str, *, default: str | None = None) -> str:
    values = form.get(name, ())
    if len(values) > 1:
        raise Refused(f"{name} is given more than once")
    if values and values[0]:
        return values[0]
    if default is None:
        raise Refused(f"{name} is missing")
    return default


def _lease(text: str) -> timedelta:
    """As asked for, within our bounds; the subscriber reads at the verification how long it is."""
    if not text:
        return LEASE
    if not (text.isascii() and text.isdecimal()) or not int(text[:20]):
        raise Refused("hub.lease_seconds must be a positive number")
    seconds = min(int(text[:20]), int(LONGEST_LEASE.total_seconds()))
    return max(timedelta(seconds=seconds), SHORTEST_LEASE)


def _secret(text: str) -> str | None:
    if len(text.encode(errors="replace")) >= SECRET_BYTES:
        raise Refused(f"hub.secret must have less than {SECRET_BYTES} bytes")
    if "\0" in text or "\ufffd" in text:
        raise Refused("hub.secret must be text")
    return text or None
