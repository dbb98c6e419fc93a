"""A holding statement as a blast: who gets it and what it says were approved beforehand; its holes are filled now."""

from zoneinfo import ZoneInfo

from services.admin.answers import Refusal, WrongUsage
from services.admin.blast_content import Order
from services.admin.blast_preview import Ready
from services.admin.playbook_release import prepare
from services.rendering.templates import load_templates
from services.runtime.postgres import Connection, connect
from services.store import incidents


async def prepare_holding(playbook: str, entry: str, order: Order) -> tuple[Ready, tuple[str, dict[str, str]]]:
    """It, with the hash of what was approved and what fills its holes. Raises `Refusal` or `WrongUsage`."""
    if order.texts or order.template or order.file:
        raise WrongUsage("a holding statement says what was approved: leave out --text, --template and --file")
    if order.audiences or order.recipients:
        raise WrongUsage("a holding statement goes to those for whom it was approved: leave the selection out")
    zone = ZoneInfo(load_templates().timezone)
    async with connect(autocommit=True) as connection:
        slug = order.incident or await _only(connection)
        found = await incidents.find(connection, slug)
    if found and found.closed_at:
        raise Refusal(f"the incident {slug} is closed: `roeland incident reopen {slug}`, or name another")
    filled = await prepare(playbook, entry, slug, dict(order.fills or {}))
    if "sms" not in filled.proof.content.channels:
        raise Refusal(f"{playbook} {entry} is not for SMS: `roeland playbook release` releases it")
    ready = Ready(
        content=None, proof=filled.proof, opens="" if found else slug, same=None,
        approval="approved beforehand: you release it alone", zone=zone,
    )  # fmt: skip
    return ready, (filled.hash, filled.holes)


async def _only(connection: Connection) -> str:
    there = [each for each in await incidents.listed(connection) if not each.exercise]
    if len(there) != 1:
        raise Refusal("name the incident: --incident SLUG" + ("" if not there else f", of {_named(there)}"))
    return there[0].slug


def _named(there: list[incidents.Incident]) -> str:
    return ", ".join(each.slug for each in there)
