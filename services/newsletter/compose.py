"""What an edition is made from: what was released and is in no edition that went out."""

from datetime import date, datetime

from services.domain.editions import EditionContent
from services.runtime.postgres import Connection
from services.store import editions
from services.store.newsletters import NewsletterRow


async def compose(
    connection: Connection, newsletter: NewsletterRow, day: date, *, due: datetime, late: bool
) -> EditionContent | None:
    """The content of this date's edition; None: nothing to tell, and the newsletter says nothing on such days."""
    definition = newsletter.definition
    if definition.quiet_day == "skip":
        return None
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
        late=late,
        exercise=definition.exercise,
        release_at=None if late else due,
    )
