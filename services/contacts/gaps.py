"""Which municipality cannot be reached for which function. Pure.

Nobody says which functions a municipality must have: those that a fifth of the municipalities in the list have are
expected of all. A function that one town alone has is asked of that town.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.domain.municipalities import municipalities
from services.store.coverage import Standing

EXPECTED: Final = 0.2
"""The share of municipalities with contacts that makes a function one of all."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A municipality and a function ('' for contacts without one). `contacts`: how many have it there.

    `no_mail` and `no_number` say whether none of them works, and `…_since` since when, as far as that is known.
    """

    municipality: str
    province: str
    role: str
    contacts: int
    no_mail: bool
    mail_since: datetime | None
    no_number: bool
    number_since: datetime | None
    no_deputy: bool


def gaps(standing: Iterable[Standing]) -> list[Gap]:
    """Each that lacks something, by province, municipality and function; a town without anybody once."""
    by_place: dict[tuple[str, str], list[Standing]] = defaultdict(list)
    for each in standing:
        by_place[each.municipality, each.role].append(each)
    there, roles = {town for town, _ in by_place}, expected(by_place)
    wanted = {*by_place, *((town, role) for town in municipalities() for role in (roles if town in there else [""]))}
    found = [_gap(town, role, by_place.get((town, role), [])) for town, role in wanted]
    lacking = [each for each in found if each.no_mail or each.no_number or each.no_deputy]
    return sorted(lacking, key=lambda each: (each.province, each.municipality, each.role))


def expected(places: Iterable[tuple[str, str]]) -> list[str]:
    """The functions that every municipality should have, by (municipality, function) of those that there are."""
    listed = list(places)
    towns = len({town for town, _ in listed})
    count = Counter(role for _, role in listed if role)
    return [role for role, having in count.items() if having >= max(2.0, EXPECTED * towns)]


def _gap(town: str, role: str, those: Sequence[Standing]) -> Gap:
    mails, numbers = [each.mail_since for each in those], [each.number_since for each in those]
    return Gap(
        town, municipalities().get(town, ""), role, len(those),
        no_mail=None not in mails, mail_since=_last(mails), no_number=None not in numbers, number_since=_last(numbers),
        no_deputy=bool(those) and not any(each.has_deputy for each in those),
    )  # fmt: skip


def _last(since: Sequence[datetime | None]) -> datetime | None:
    """When the last of them stopped working; None while one works, and where there is nobody."""
    known = [each for each in since if each is not None]
    return max(known) if known and len(known) == len(since) else None
