"""The mailing list that a message is sent on: the newsletter of an edition. No other message is on any list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.domain.editions import KIND
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class MailingList:
    """`list_id` is the newsletter's for life, `titles` are those of this edition by language, so no copy differs."""

    list_id: str
    titles: Mapping[str, str]
    language: str

    def title(self, language: str) -> str:
        """In this language, else in that of the edition."""
        return self.titles.get(language) or self.titles.get(self.language) or next(iter(self.titles.values()), "")


async def list_of(connection: Connection, message: int) -> MailingList | None:
    """The list of the message with this number; None unless it is an edition."""
    row = await (await connection.execute(_LIST, {"message": message, "kind": KIND})).fetchone()
    if row is None:
        return None
    list_id, language, titles = row
    return MailingList(list_id, {each.get("language") or language: each["text"] for each in titles}, language)


_LIST: Final = """
SELECT n.list_id, m.content->>'language', m.content->'title'
FROM message m JOIN newsletter n ON n.id = (m.content->>'newsletter')::bigint
WHERE m.number = %(message)s AND m.kind = %(kind)s
"""
