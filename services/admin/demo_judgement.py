"""Whether everybody was told, once: by the record, and by what was received, for one may not be taken for the other."""

from collections import Counter
from collections.abc import Mapping, Sequence

from services.admin.demo_outcomes import Outcome
from services.admin.demo_received import Feed
from services.admin.demo_story import Played
from services.store.status import Status


def problems(
    played: Played,
    outcomes: Sequence[Outcome],
    received: Mapping[str, Sequence[str]],
    addressees: Mapping[str, Mapping[str, str]],
    feeds: Sequence[Feed],
) -> list[dict[str, str]]:
    """What is not as it should be, in words; empty when all is well.

    `received`: by channel, the address of each mail or text; `addressees`: by channel, the addresses in the plan.
    """
    told = {each.audience for each in outcomes if each.channel == "newsfeed"}
    return [
        *_of_status(played.status, played.contacts),
        *(_problem(f"{o.channel}, {o.audience}", f"{o.contacts} {o.outcome}") for o in outcomes if not o.good),
        *(each for channel, to in received.items() for each in _of_channel(channel, to, addressees[channel])),
        *(
            _problem("newsfeed", f"{each.audience} cannot be read at its address, or is empty")
            for each in feeds
            if each.audience in told and not each.entries
        ),
    ]


def _of_status(status: Status, contacts: int) -> list[dict[str, str]]:
    found = []
    if status.state != "done":
        found.append(_problem("message", f"it is {status.state}, with {status.open} still open"))
    if status.recipients != contacts:
        found.append(_problem("message", f"{contacts} contacts were imported, {status.recipients} are in the plan"))
    if status.possible_duplicates:
        found.append(_problem("message", f"{status.possible_duplicates} were possibly sent twice"))
    return found


def _of_channel(channel: str, to: Sequence[str], wanted: Mapping[str, str]) -> list[dict[str, str]]:
    counts, found = Counter(to), []
    if missed := len(wanted.keys() - counts.keys()):
        found.append(_problem(channel, f"{missed} of {len(wanted)} received nothing"))
    if more := sum(1 for each in counts if counts[each] > 1 or each not in wanted):
        found.append(_problem(channel, f"{more} received more than they should"))
    return found


def _problem(place: str, problem: str) -> dict[str, str]:
    return {"place": place, "problem": problem, "remedy": "look in the logs"}
