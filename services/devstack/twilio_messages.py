"""The messages that the stand-in holds, in the form in which Twilio shows them.

Field formats: Twilio's OpenAPI description (`data/twilio-messages.openapi.json`).
"""

import json
import secrets
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import smsutil

VERSION = "2010-04-01"

HELD: Final = 1_000_000
"""Messages kept; then the oldest go. Some 1 KB each."""


@dataclass(slots=True)
class Message:
    """One message; times are aware UTC."""

    sid: str
    to: str
    sender: str | None
    service: str | None
    body: str
    status: str
    created: datetime
    updated: datetime
    sent: datetime | None = None
    error_code: int | None = None
    callback: str | None = None


class Messages:
    """All messages, found by sid and by number, newest first; kept in a file of JSON lines when one is given."""

    def __init__(self, account_sid: str, file: Path | None = None) -> None:
        self.account_sid = account_sid
        self._by_sid: dict[str, Message] = {}
        self._by_number: defaultdict[str, list[Message]] = defaultdict(list)
        self._file: BinaryIO | None = None
        self._unwritten: list[bytes] = []
        if file:
            self._load(file)
            self._file = file.open("ab", buffering=0)

    def create(self, form: Mapping[str, str]) -> Message:
        """Store a message that has been checked. It begins as `accepted` with a messaging service, else `queued`."""
        now, service = datetime.now(UTC), form.get("MessagingServiceSid") or None
        message = Message(
            sid=f"SM{secrets.token_hex(16)}", to=form["To"], sender=form.get("From") or None, service=service,
            body=sys.intern(form.get("Body", "")), status="accepted" if service else "queued",
            created=now, updated=now, callback=form.get("StatusCallback") or None,
        )  # fmt: skip
        self._add(message)
        self._keep(message, _FIELDS)
        self.flush()  # what is answered is kept, whatever happens to this process
        return message

    def move_on(self, message: Message, status: str, error_code: int | None = None) -> None:
        """Give a message its next status; kept at the next `flush`."""
        message.status, message.error_code, message.updated = status, error_code, datetime.now(UTC)
        if status == "sent":
            message.sent = message.updated
        self._keep(message, _MOVING)

    def flush(self) -> None:
        """Write what is to be kept."""
        if self._file and self._unwritten:
            self._file.write(b"".join(self._unwritten))
            self._unwritten.clear()

    def get(self, sid: str) -> Message | None:
        """The message, or None."""
        return self._by_sid.get(sid)

    def newest_first(self, to: str | None = None) -> Iterator[Message]:
        """All, or those to one number."""
        return reversed(self._by_number.get(to, [])) if to else reversed(self._by_sid.values())

    def clear(self) -> None:
        """Forget all."""
        self._by_sid.clear()
        self._by_number.clear()
        self._unwritten.clear()
        if self._file:
            self._file.truncate(0)

    def resource(self, message: Message) -> dict[str, Any]:
        """The message as Twilio's API shows it."""
        uri = f"/{VERSION}/Accounts/{self.account_sid}/Messages/{message.sid}"
        waiting = message.service is not None and message.sent is None
        return {
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "body": message.body,
            "date_created": _rfc2822(message.created),
            "date_sent": _rfc2822(message.sent) if message.sent else None,
            "date_updated": _rfc2822(message.updated),
            "direction": "outbound-api",
            "error_code": message.error_code,
            "error_message": None,
            "from": message.sender,
            "messaging_service_sid": message.service,
            "num_media": "0",
            "num_segments": "0" if waiting else str(segments(message.body)),
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": message.to,
            "uri": f"{uri}.json",
        }

    def _add(self, message: Message) -> None:
        self._by_sid[message.sid] = message
        self._by_number[message.to].append(message)
        if len(self._by_sid) > HELD:
            oldest = self._by_sid.pop(next(iter(self._by_sid)))
            self._by_number[oldest.to].remove(oldest)

    def _keep(self, message: Message, fields: tuple[str, ...]) -> None:
        if self._file:
            record = {name: getattr(message, name) for name in fields}
            self._unwritten.append(_to_json(record).encode() + b"\n")

    def _load(self, file: Path) -> None:
        """Read what an earlier run kept: later lines add to earlier ones; a torn last line is skipped."""
        lines = file.read_text().splitlines() if file.exists() else []
        found: dict[str, dict[str, Any]] = {}
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            found.setdefault(record["sid"], {}).update(record)
        for record in found.values():
            times = {at: datetime.fromisoformat(record[at]) for at in ("created", "updated", "sent") if record[at]}
            self._add(Message(**{**record, **times}))


_to_json: Final = json.JSONEncoder(default=datetime.isoformat, ensure_ascii=False).encode
_FIELDS: Final = tuple(Message.__slots__)
_MOVING: Final = ("sid", "status", "updated", "sent", "error_code")


@lru_cache(4096)
def segments(body: str) -> int:
    """How many SMS a body takes: GSM-7 if it can, else UCS-2."""
    return len(smsutil.split(body).parts) or 1


def _rfc2822(moment: datetime) -> str:
    return _to_the_second(int(moment.timestamp()))


@lru_cache(64)
def _to_the_second(seconds: int) -> str:
    return formatdate(seconds).replace("-0000", "+0000")
