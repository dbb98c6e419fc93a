"""A contact list in two steps: look at what it would change, then import exactly that."""

import io
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.contacts.service import ContactsChanged, applied, compared, import_contacts
from services.domain.configuration import Configuration
from services.runtime.postgres import Connection
from services.store import contact_differences, contact_uploads


class UploadGone(Exception):
    """There is no such upload of this user."""


async def look_at(
    connection: Connection, number: UUID, user: int, content: bytes, configuration: Configuration, *, name: str
) -> None:
    """Keep the list under this id with what it would change; no contact is changed. Raises `ContactsRefused`."""
    async with connection.transaction():
        found = await compared(connection, io.BytesIO(content), configuration)
        digest = await contact_differences.write_down(connection)
        async with connection.transaction(force_rollback=True):
            await applied(connection)  # a deputy that nobody knows shows only then
        told: dict[str, Any] = {
            **asdict(found.counts), "without_address": found.without_address,
            "warnings": [asdict(each) for each in found.warnings],
        }  # fmt: skip
        await contact_uploads.keep(connection, number, user, content, digest, name=name, told=told)


async def import_upload(
    connection: Connection, number: UUID, user: int, configuration: Configuration
) -> dict[str, Any]:
    """Import what was looked at, once; what it counted. Raises `UploadGone`, `ContactsChanged`, `ContactsRefused`."""
    async with connection.transaction():
        upload = await contact_uploads.find(connection, number, user, content=True, lock=True)
        if upload is None:
            raise UploadGone
        if upload.applied_at is None:
            if upload.content is None:
                raise ContactsChanged
            source = io.BytesIO(upload.content)
            await import_contacts(connection, source, actor=user, configuration=configuration, shown=upload.digest)
            await contact_uploads.applied(connection, number)
        return upload.told
