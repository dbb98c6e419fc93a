"""Feed entries for tests: one with everything that an entry has, to be changed field by field."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.public.documents import Feed
from services.store.feeds import FeedEntry

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CONTENT = {
    "incident": "cyber-2026-014", "kind": "alert", "urgency": "urgent", "title": [{"text": "Titel"}],
    "audiences": ["public"], "channels": ["newsfeed"],
    "key_messages": [{"text": [{"text": "Kern."}], "facts": [{"text": "Feit."}]}],
    "actions": [{"text": "Doe dit."}],
}  # fmt: skip


def entry(number: int = 1, **changes: Any) -> FeedEntry:
    """An alert in the public feed, at nine."""
    plain = FeedEntry(
        message_id=UUID(int=number), number=number, audience="public", incident="cyber-2026-014",
        incident_title="Loonmotor", incident_type="cyber", kind="alert", lane="urgent", phase="acute", exercise=False,
        content=MessageContent.model_validate(CONTENT).model_dump(mode="json"), corrects=None, expires_at=None,
        proof_hash="a" * 64, code=None, entry_id=f"tag:crisis.example,2026:{UUID(int=number)}/public", language="nl",
        title="Titel", summary="Kern.", html="<p>Kern.</p>", published_at=AT, updated_at=AT, put_right_by=None,
        put_right_title=None,
    )  # fmt: skip
    return replace(plain, **changes)


def feed(*entries: FeedEntry, **changes: Any) -> Feed:
    """The public feed with these entries."""
    plain = Feed("public", "publiek", None, entries, "CCVO", "https://crisis.example/roeland", DEFAULT)
    return replace(plain, **changes)
