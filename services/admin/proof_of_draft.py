"""The proof of content that was not submitted yet: what stands in the database now is taken into account."""

from services.admin import message_text
from services.admin.acting import acting_email
from services.admin.message_facts import with_facts
from services.admin.messages import findings_of
from services.admin.proofing import proof_of_file
from services.admin.situation import Situation, situation_of
from services.domain.configuration import Configuration
from services.domain.content import MessageContent
from services.domain.proofs import Proof
from services.rendering.templates import Templates
from services.runtime.postgres import Connection


async def proof_of_draft(
    connection: Connection, content: MessageContent, configuration: Configuration, templates: Templates
) -> tuple[Proof, Situation]:
    """The proof, as if it were submitted in this moment, and the situation in which that would be. Raises `Refused`."""
    stated, said = await with_facts(connection, content, configuration.lint)
    situation = await situation_of(connection, stated.content, configuration)
    proof = await proof_of_file(
        connection,
        stated.content,
        situation,
        message_text.rendered(stated.content, configuration, situation, templates),
        findings=said + findings_of(stated, configuration, situation, templates),
        author=acting_email() or "",
        configuration=configuration,
    )
    return proof, situation
