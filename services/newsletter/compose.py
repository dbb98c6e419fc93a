"""What an edition is made from: everything that is news for its readers, folded, with what the cell wrote above it.

It only reads. Whoever decides that the edition is made records its row, and then what it told (`edition_items.record`),
in the transaction that holds the newsletter's row.
"""

from datetime import date, datetime, timedelta
from typing import Final

from services.domain.editions import EditionContent, says_something
from services.runtime.postgres import Connection
from services.store import edition_items, editions, editorials, messages
from services.store.newsletters import NewsletterRow

AT_MOST: Final = timedelta(hours=24)
"""So long after its time an edition is still handed over to who could not be reached; then the next one is there."""


async def compose(
    connection: Connection, newsletter: NewsletterRow, day: date, *, due: datetime, late: bool
) -> EditionContent | None:
    """The content of this date's edition; None: nothing to tell, and the newsletter says nothing on such days."""
    content = await as_it_is(connection, newsletter, day, due=due, late=late)
    quiet = newsletter.definition.quiet_day == "skip" and not says_something(content)
    return None if quiet else content


async def as_it_is(
    connection: Connection, newsletter: NewsletterRow, day: date, *, due: datetime, late: bool
) -> EditionContent:
    """The same, also when there is nothing to tell. `due` (aware): when it is to go out."""
    definition = newsletter.definition
    return EditionContent(
        incident=newsletter.incident,
        newsletter=newsletter.id,
        date=day,
        number=await editions.next_number(connection, newsletter.id),
        title=definition.title,
        language=definition.language,
        audiences=definition.audiences,
        by_province=definition.by_province,
        opening=definition.opening,
        editorial=await editorials.in_force(connection, newsletter.id, day),
        items=await edition_items.collect(connection, edition_items.collected(newsletter, day)),
        since=await edition_items.last_made_at(connection, newsletter.id, day),
        quiet_day=definition.quiet_day,
        late=late,
        exercise=definition.exercise,
        definition=newsletter.hash,
        composed_at=await messages.database_time(connection),
        release_at=None if late else due,
        release_by=due + timedelta(minutes=definition.schedule.late_minutes),
        expires_at=due + AT_MOST,
    )
