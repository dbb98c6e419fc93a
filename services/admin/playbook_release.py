"""What a crisis manager sees before releasing a holding statement: what was approved, filled, and whom it reaches."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.admin import message_text, proof_view
from services.admin.acting import acting, acting_email
from services.admin.answers import Refusal
from services.admin.message_facts import with_facts
from services.admin.proofing import proof_of_file
from services.admin.situation import situation_of
from services.domain.holes import as_given, read_all
from services.domain.playbook_file import message_of
from services.domain.playbooks import PreparedEntry
from services.domain.proofs import Proof
from services.rendering.spoken import spoken
from services.rendering.templates import load_templates
from services.runtime.configuration import configuration_in_force
from services.store import holdings, incidents


@dataclass(frozen=True, slots=True)
class Ready:
    """What may be released: the hash of what was approved, its holes as they were read, and how to show it."""

    hash: str
    holes: dict[str, str]
    show: Callable[[Any], None]
    proof: Proof


async def prepare(playbook: str, entry: str, incident: str, given: dict[str, str]) -> Ready:
    """Fill what was approved, as editorial will. Raises `Refusal` or `Refused`."""
    configuration, templates = configuration_in_force(), load_templates()
    now, zone = datetime.now(UTC), ZoneInfo(templates.timezone)
    async with acting() as (connection, _), connection.transaction():
        holding = await holdings.in_force(connection, playbook, entry)
        if holding is None:
            raise Refusal(f"{playbook} {entry} is not approved beforehand: see `roeland playbook approved`")
        known = await incidents.find(connection, incident)
        prepared = PreparedEntry.model_validate(holding.content)
        holes = as_given(read_all(prepared.holes, given, now=now, zone=zone))
        exercise = bool(known and known.exercise)
        file = prepared.file(holes, incident=incident, exercise=exercise, now=now, zone=zone, say=spoken(templates))
        content = message_of(file, name="entry", now=now, configuration=configuration)
        stated, said = await with_facts(connection, content, configuration.lint)
        situation = await situation_of(connection, stated.content, configuration)
        rendered = message_text.rendered(stated.content, configuration, situation, templates)
        proof = await proof_of_file(
            connection, stated.content, situation, rendered, findings=said, author=acting_email() or "",
            configuration=configuration,
        )  # fmt: skip

    def show(out: Any) -> None:
        proof_view.show(out, proof, None)
        if known is None:
            out.print(f"There is no incident {incident} yet: this opens it.", markup=False)

    return Ready(holding.hash, holes, show, proof)
