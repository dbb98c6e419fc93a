"""Outgoing webhooks (Standard Webhooks 1.0): which events there are, what is sent, and when it is tried again. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

RELEASED: Final = "released"
CORRECTED: Final = "corrected"
ALL_CLEAR: Final = "all-clear"
DONE: Final = "done"
TEST: Final = "test"
EVENTS: Final = (RELEASED, CORRECTED, ALL_CLEAR, DONE)

WAITS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Between tries, as the specification has it; after the last of them a delivery has failed."""

LONGEST_WAIT: Final = timedelta(days=1)
"""Of what a receiver may ask with Retry-After."""

PATIENCE: Final = timedelta(days=5)
"""An endpoint that took nothing for so long is called no more."""

URL_CHARACTERS: Final = 2000
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]{2,45}\]")


def next_try(tries: int, retry_after: str | None, *, now: datetime) -> timedelta | None:
    """How long to wait after so many tries that failed; None: no more. What the receiver asks is honoured."""
    if tries > len(WAITS):
        return None
    asked = _asked(retry_after, now) if retry_after else timedelta(0)
    return max(WAITS[tries - 1], min(asked, LONGEST_WAIT))


def objection(url: str, *, allow_http: bool) -> str | None:
    """Why nothing can be sent to this address, in words; None when it can."""
    if len(url) > URL_CHARACTERS or not url.isascii() or not url.isprintable() or any(c in url for c in ' "<>\\^`{|}'):
        return f"an address has at most {URL_CHARACTERS} characters, others than these percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is no address"
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        return "an address begins with https:// (http:// only with ROELAND_WEBHOOK_ALLOW_HTTP)"
    if "@" in parts.netloc:
        return "an address holds no user or password: what we send is signed"
    if parts.fragment or "#" in url:
        return "an address has no fragment"
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    return None if _HOST.fullmatch(host) and port != 0 else "this names no host"


def event_of(kind: str) -> str:
    """What the release of a message of this kind is called."""
    return {"correction": CORRECTED, "all-clear": ALL_CLEAR}.get(kind, RELEASED)


def payload(event: str, at: datetime, data: Mapping[str, Any]) -> str:
    """What is sent, and signed: the same in each try."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind = "webhook.test" if event == TEST else f"message.{event}"
    return json.dumps(
        {"type": kind, "timestamp": moment, "data": dict(data)}, ensure_ascii=False, separators=(",", ":")
    )


def shown(url: str) -> str:
    """An address without its query, in which receivers may keep a secret."""
    return url.partition("?")[0]


def _asked(retry_after: str, now: datetime) -> timedelta:
    """Seconds or a moment (RFC 9110 §10.2.3); nothing for what is neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), 10**6))
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):  # years and zones of twenty digits are no date either
        return timedelta(0)
    return max(timedelta(0), moment - now) if moment.tzinfo else timedelta(0)
