"""What the console and the API do with contacts and a terminal has files for: content in, a document out."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.admin.acting import acting, acting_user
from services.admin.answers import Answer, Refusal, lines
from services.contacts import uploading
from services.contacts.service import ContactsChanged, import_contacts
from services.domain.contact_row import COLUMNS, OPTIONAL, ContactsRefused
from services.runtime.configuration import configuration_in_force
from services.store import contact_people

CHANGED = "the contacts changed since this was shown: look at it again. Nothing was imported"


async def look_at(*, number: UUID, name: str, content: bytes) -> Answer:
    """Keep an uploaded list with what it would change. Raises `Refusal` with every problem."""
    async with acting() as (connection, _):
        user = await acting_user(connection)
        await connection.commit()
        try:
            await uploading.look_at(connection, number, user.id, content, configuration_in_force(), name=name)
        except ContactsRefused as refused:
            raise Refusal(str(refused), problems=refused.problems) from None
        await connection.commit()
    return Answer({"id": number}, lines())


async def import_upload(*, number: UUID) -> Answer:
    """Import it, exactly as it was shown; the second time it does nothing."""
    async with acting() as (connection, _):
        user = await acting_user(connection)
        await connection.commit()
        try:
            told = await uploading.import_upload(connection, number, user.id, configuration_in_force())
        except uploading.UploadGone:
            raise Refusal("there is no such upload of yours: upload it again") from None
        except ContactsChanged:
            raise Refusal(CHANGED) from None
        except ContactsRefused as refused:
            raise Refusal(str(refused), problems=refused.problems) from None
        await connection.commit()
    return Answer(told, lines())


async def save_one(*, fields: Mapping[str, str], seen_at: datetime | None = None, new: bool = False) -> Answer:
    """Add or change one contact, by the same import as a list of one row. Raises `Refusal` with every problem.

    `fields` by the names of the contract's columns. `seen_at`: when it was last changed, as somebody saw it; a later
    change by another is not overwritten. `new`: refuse an external id that somebody has.
    """
    async with acting() as (connection, actor), connection.transaction():
        there = await contact_people.changed_at(connection, fields["external_id"].strip(), lock=True)
        if new and there is not None:
            raise Refusal("somebody has this external id already: choose another one")
        if seen_at is not None and there != seen_at:
            raise Refusal("somebody else changed this contact meanwhile: look at it again. Nothing was saved")
        try:
            done = await import_contacts(
                connection, _one_row(fields), actor=actor, configuration=configuration_in_force()
            )
        except ContactsRefused as refused:
            raise Refusal(str(refused), problems=refused.problems) from None
    return Answer({"external_id": fields["external_id"].strip(), "warnings": done.warnings}, lines())


def _one_row(fields: Mapping[str, str]) -> io.BytesIO:
    columns = [each for each in (*COLUMNS, *OPTIONAL) if each in COLUMNS or each in fields]
    out = io.StringIO()
    csv.writer(out).writerows([columns, [fields.get(each, "").replace("\0", "") for each in columns]])
    return io.BytesIO(out.getvalue().encode("utf-8", "replace"))
