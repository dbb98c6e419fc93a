"""Deputies of who does not confirm get the message too, once, with the names of those for whom they stand in."""

from collections.abc import Sequence

from services.domain.variants import FALLBACK, Variant
from services.editorial.desk import Desk
from services.editorial.spending import unless_too_dear
from services.rendering.deputy import for_deputy
from services.runtime.postgres import Connection
from services.store import additions, deputies, variants
from services.store.additions import Wanted
from services.store.confirmations import Unconfirmed
from services.store.deputies import Deputy
from services.store.messages import Message


async def tell_deputies(connection: Connection, message: Message, absent: Sequence[Unconfirmed], desk: Desk) -> None:
    """The first deputy of each who has an address, on every channel on which they have one and there is a version.

    No SMS where these would cost more than the centre allows itself; a mail all the same.
    """
    audience = {each.contact: each.audience for each in absent}
    groups: dict[int, list[Deputy]] = {}
    for each in await deputies.first_with_address(connection, message.number, list(audience)):
        groups.setdefault(each.deputy, []).append(each)
    versions = list((await variants.read(connection, message.number)).values())

    async def tell(channel: str) -> None:
        made: list[tuple[Variant, Sequence[Deputy]]] = []
        for group in groups.values():
            languages = (group[0].language, message.content["language"])
            version = _version(versions, audience[group[0].contact], channel, languages)
            if version is not None and channel in group[0].channels:
                made.append((_for_them(version, group, desk), group))
        numbers = await variants.add(connection, message.number, [variant for variant, _ in made])
        wanted = [
            Wanted(each.contact, each.deputy, audience[each.contact], variant=number)
            for number, (_, group) in zip(numbers, made, strict=True)
            for each in group
        ]
        await additions.append(connection, message, "deputy", channel, wanted, source=desk.source)

    await tell("mail")
    await unless_too_dear(connection, message, desk, lambda: tell("sms"))


def _for_them(version: Variant, group: Sequence[Deputy], desk: Desk) -> Variant:
    return for_deputy(version, group[0].deputy, [(each.name, each.role) for each in group], desk.templates)


def _version(versions: Sequence[Variant], audience: str, channel: str, languages: Sequence[str]) -> Variant | None:
    """In the first of these languages in which there is one; what was planned before what was not."""
    found = {(v.language, v.segment): v for v in versions if (v.audience, v.channel) == (audience, channel)}
    keys = [(language, segment) for language in languages for segment in ("", FALLBACK)]
    return next((found[key] for key in keys if key in found), None)
