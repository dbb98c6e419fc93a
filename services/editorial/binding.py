"""What the approval of a message is bound to: its proof, as one hash over what the record holds of it."""

from collections.abc import Iterable

from services.domain.proof_hash import proof_hash
from services.domain.variants import Variant
from services.editorial import recipients
from services.runtime.postgres import Connection
from services.store import messages, variants
from services.store.messages import Message


async def proof_of(connection: Connection, number: int) -> str:
    """The hash of the proof of a message whose plan was just written."""
    message = await messages.by_number(connection, number)
    assert message is not None  # noqa: S101 - it is being proofed
    return await hash_of(connection, message, (await variants.read(connection, number)).values())


async def hash_of(connection: Connection, message: Message, versions: Iterable[Variant]) -> str:
    """The hash that the proof of this message has, or would have with these versions."""
    owed = await recipients.owed_by(connection, message.kind, message.incident, message.corrects)
    original = await messages.by_number(connection, message.corrects) if message.corrects is not None else None
    return proof_hash(
        content_hash=message.content_hash,
        phase=message.phase,
        corrects=str(original.id) if original else None,
        told=[str(each.id) for each in owed],
        variants=versions,
        contacts=message.contacts_hash or "",
    )
