"""The batches that Sinch's stand-in holds, in the form in which Sinch shows them, and the reports on them.

Fields: https://developers.sinch.com/docs/sms/api-reference/sms/tag/Batches/ and …/tag/Delivery-reports/.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

HELD: Final = 100_000
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(slots=True)
class Batch:
    """One batch to one number. `created`, `changed`: ISO 8601. `fields`: what was asked for."""

    id: str
    to: str
    fields: dict[str, Any]
    created: str
    changed: str
    status: str = "Queued"
    code: int = 400

    def resource(self) -> dict[str, Any]:
        """As the API shows it."""
        dates = {"created_at": self.created, "modified_at": self.changed}
        return {"type": "mt_text", **self.fields, "id": self.id, **dates, "canceled": False}

    def report(self) -> dict[str, Any]:
        """What is known of its one recipient (`recipient_delivery_report_sms`)."""
        said = {
            "type": "recipient_delivery_report_sms", "batch_id": self.id, "recipient": self.to.lstrip("+"),
            "code": self.code, "status": self.status, "at": self.changed, "operator_status_at": self.changed,
        }  # fmt: skip
        reference = self.fields.get("client_reference")
        return said | ({"client_reference": reference} if reference else {})


class Batches:
    """All batches, newest first; kept in a file of JSON lines when one is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._by_id: dict[str, Batch] = {}
        self._file: BinaryIO | None = None
        if file:
            self._load(file)
            self._file = file.open("ab", buffering=0)

    def create(self, fields: Mapping[str, Any]) -> Batch:
        """Store a batch that has been checked."""
        at = now()
        batch = Batch(_ulid(), fields["to"][0], dict(fields), at, at)
        self._by_id[batch.id] = batch
        if len(self._by_id) > HELD:
            del self._by_id[next(iter(self._by_id))]
        self._keep(batch)
        return batch

    def move_on(self, batch: Batch, status: str, code: int) -> None:
        """Give it its next status."""
        batch.status, batch.code, batch.changed = status, code, now()
        self._keep(batch)

    def get(self, id_: str) -> Batch | None:
        """The batch, or None."""
        return self._by_id.get(id_)

    def newest_first(self) -> Iterator[Batch]:
        """All of them."""
        return reversed(self._by_id.values())

    def clear(self) -> None:
        """Forget all."""
        self._by_id.clear()
        if self._file:
            self._file.truncate(0)

    def _keep(self, batch: Batch) -> None:
        if self._file:
            self._file.write(json.dumps(asdict(batch)).encode() + b"\n")

    def _load(self, file: Path) -> None:
        for line in file.read_text().splitlines() if file.exists() else []:
            try:
                batch = Batch(**json.loads(line))
            except ValueError:  # a torn last line
                continue
            self._by_id[batch.id] = batch


def now() -> str:
    """ISO 8601 to the millisecond, as Sinch writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ulid() -> str:
    return "01" + "".join(secrets.choice(_CROCKFORD) for _ in range(24))
