"""Which alarms stand: rules over what the record says. Pure."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from services.situation.settings import SituationSettings
from services.situation.stillness import Stillness
from services.store.alarms import (
    FAILURES,
    LEFT_PAUSED,
    STALLED,
    UPDATE_OVERDUE,
    Alarm,
    Failing,
    Key,
    LeftPaused,
    OpenWork,
    Overdue,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The alarms that stand, and those about which this worker has not seen enough to say."""

    standing: list[Alarm]
    undecided: set[Key]


def stalls(works: Iterable[OpenWork], stillness: Stillness, now: float, settings: SituationSettings) -> Judged:
    """Where work is open and does not move. `stillness` has read `remaining(works)` just `now` (monotonic seconds).

    A worker that has just started has seen neither stall nor movement: what its predecessor raised stands until then.
    """
    judged = Judged([], set())
    for work in works:
        place = (work.message, work.channel)
        alarm = Alarm(STALLED, _subject(*place), {**_about(work), "remaining": work.remaining})
        if stillness.seconds(place, now) >= settings.situation_stall_seconds:
            judged.standing.append(alarm)
        elif not stillness.moved(place):
            judged.undecided.add(alarm.key)
    return judged


def remaining(works: Iterable[OpenWork]) -> dict[Hashable, object]:
    """What must move for it not to be a stall: the contacts to go, by message and channel."""
    return {(work.message, work.channel): work.remaining for work in works}


def failures(failings: Iterable[Failing], settings: SituationSettings) -> list[Alarm]:
    """Where too many fail of a number that says something."""
    return [
        Alarm(FAILURES, _subject(each.message, each.channel), {**_about(each), "failed": each.failed})
        for each in failings
        if each.tried >= settings.situation_failure_least
        and each.failed / each.tried >= settings.situation_failure_share
    ]


def overdue(overdues: Iterable[Overdue]) -> list[Alarm]:
    """Where people were promised word and got none."""
    return [
        Alarm(
            UPDATE_OVERDUE, each.incident, {"message": each.message, "promised_at": each.promised_at.isoformat()}
        )
        for each in overdues
    ]  # fmt: skip


def left_paused(left: Iterable[LeftPaused]) -> list[Alarm]:
    """Where somebody must say whether a message goes on."""
    return [
        Alarm(
            LEFT_PAUSED, str(each.id),
            {"message": each.message, "incident": each.incident, "correction": str(each.correction), "was": each.ended},
        )
        for each in left
    ]  # fmt: skip


def _about(where: OpenWork | Failing) -> dict[str, object]:
    return {"message": where.message, "channel": where.channel, "incident": where.incident}


def _subject(message: int, channel: str) -> str:
    return f"{message}/{channel}"
