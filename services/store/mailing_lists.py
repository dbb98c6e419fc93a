"""The mailing list that a message is sent on: the newsletter of an edition. No other message is on any list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.domain.editions import KIND
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Titles:
    """How a newsletter is called, by language; `language` is its own."""

    by_language: Mapping[str, str]
    language: str

    def in_language(self, language: str) -> str:
        """In this language, else in the newsletter's own."""
        titles = self.by_language
        return titles.get(language) or titles.get(self.language) or next(iter(titles.values()), "")


@dataclass(frozen=True, slots=True)
class MailingList:
    """`list_id` is the newsletter's for life, `titles` are those of this edition: so no copy differs from another."""

    list_id: str
    titles: Titles


async def list_of(connection: Connection, message: int) -> MailingList | None:
    """The list of the message with this number; None unless it is an edition."""
    row = await (await connection.execute(_LIST, {"message": message, "kind": KIND})).fetchone()
    if row is None:
        return None
    list_id, language, titles = row
    return MailingList(list_id, titles_of(titles, language))


def titles_of(texts: Sequence[Mapping[str, Any]], language: str) -> Titles:
    """From `services.domain.content.Text`s as JSON; one without a language is in `language`."""
    return Titles({each.get("language") or language: each.get("text", "") for each in texts}, language)


_LIST: Final = """
SELECT n.list_id, m.content->>'language', m.content->'title'
FROM message m JOIN newsletter n ON n.id = (m.content->>'newsletter')::bigint
WHERE m.number = %(message)s AND m.kind = %(kind)s
"""
