"""`roeland newsletter schedule|skip`: the dates of a newsletter that are to come."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.admin.answers import Answer, WrongUsage, lines
from services.admin.command import command
from services.admin.newsletter_view import LOOK_AHEAD, approval_note, coming_document, dates, document_of
from services.admin.newsletters import Name, app, changing, known, zone

if TYPE_CHECKING:
    from datetime import date

    from services.domain.newsletters import Schedule

Minutes = Annotated[int | None, typer.Option(metavar="MINUTES", min=0)]


@command(
    app,
    "schedule",
    examples=[
        "newsletter schedule lokale-besturen",
        "newsletter schedule lokale-besturen --time 16:00 --weekdays mon,wed,fri --dry-run",
        "newsletter schedule lokale-besturen --holidays send --as an@ccvo.example",
    ],
)
async def schedule(
    name: Name,
    *,
    time: Annotated[str | None, typer.Option(metavar="HH:MM", help="When it goes out, by the centre's clock.")] = None,
    weekdays: Annotated[str | None, typer.Option(metavar="mon,tue,…", help="On which days.")] = None,
    holidays: Annotated[str | None, typer.Option(metavar="skip|send", help="Belgian public holidays.")] = None,
    prepare: Annotated[int | None, typer.Option(metavar="MINUTES", help="Made so long before.")] = None,
    late: Annotated[int | None, typer.Option(metavar="MINUTES", help="Sent up to so much late.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
) -> Answer:
    """The dates to come, and why nothing goes out on some; with options, change when it goes out.

    A date that is decided stays so. Another schedule ends a standing approval.
    """
    from psycopg import Rollback

    from services.newsletter import defining

    given = {"time": time, "weekdays": weekdays and weekdays.split(","), "holidays": holidays,
             "prepare_minutes": prepare, "late_minutes": late}  # fmt: skip
    wanted = {field: value for field, value in given.items() if value is not None}
    if not wanted:
        return await _shown(name)
    async with changing(name) as act, act.connection.transaction() as attempt:
        before = await document_of(act.connection, act.newsletter, LOOK_AHEAD)
        definition = act.newsletter.definition.model_copy(
            update={"schedule": _schedule(act.newsletter.definition.schedule, wanted)}
        )
        made = await defining.redefine(
            act.connection, act.newsletter, definition, now=act.now, zone=zone(), by=act.user.id
        )
        after = await document_of(act.connection, made.newsletter, LOOK_AHEAD)
        if dry_run:
            raise Rollback(attempt)
    document = {**after, "before": before["coming"], "change": made.change, "dry_run": dry_run}
    document |= {"approval_voided": made.voided, "approval_holds_again": made.holds_again}
    told = [f"{name}: {'would be ' if dry_run else ''}{made.change}", *approval_note(made)]
    told += (
        ["Write it in its file too, or `newsletter add` changes it back."]
        if made.change == "changed" and not dry_run
        else []
    )
    return Answer(document, lines(*told, *_differing(before["coming"], after["coming"])))


@command(
    app,
    "skip",
    examples=[
        "newsletter skip lokale-besturen 2026-12-24 --reason 'de kerstavond is vrij'",
        "newsletter skip lokale-besturen 2026-12-24 --undo",
    ],
)
async def skip(
    name: Name,
    day: Annotated[str, typer.Argument(metavar="DATE", help="A date to come: 2026-12-24.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for whoever reads its history.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Let it go out on that date after all.")] = False,
) -> Answer:
    """Let nothing go out on a date; what it would have told stands in the next edition."""
    from services.newsletter import keeping, upcoming

    wanted = _date(day)
    async with changing(name) as act:
        if undo:
            changed = await keeping.unskip(act.connection, act.newsletter, wanted, by=act.user.id)
        else:
            await keeping.skip(act.connection, act.newsletter, wanted, act.now, reason=reason, by=act.user.id)
            changed = True
        on = await upcoming.on(act.connection, act.newsletter, wanted, zone(), act.now)
    document = {"newsletter": name, "changed": changed, **coming_document(on)}
    unchanged = [] if changed else [f"{name}: nobody had said to skip {wanted}"]
    return Answer(document, lines(*unchanged, *dates([coming_document(on)])))


async def _shown(name: str) -> Answer:
    from services.admin.acting import acting

    async with acting() as (connection, _):
        document = await document_of(connection, await known(connection, name), LOOK_AHEAD)
    return Answer(document, lines(*dates(document["coming"])))


def _schedule(now: "Schedule", wanted: dict[str, Any]) -> "Schedule":
    """The schedule with these fields. Raises `WrongUsage`."""
    from pydantic import ValidationError

    from services.domain.newsletter_file import FileSchedule
    from services.domain.shapes import in_our_words

    try:
        return FileSchedule.model_validate(
            {**now.model_dump(mode="json"), "time": f"{now.time:%H:%M}", **wanted}
        ).plain()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0]).removesuffix("_minutes")
        raise WrongUsage(f"--{option}: {' '.join(in_our_words(first, see='')).rstrip()}") from None


def _differing(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """Each date that changes, as it was and as it will be; the others once."""
    was = {each["date"]: each for each in before}
    shown = []
    for each in after:
        old, new = dates([was.get(each["date"], each)]), dates([each])
        shown += new if old == new else [f"  -{old[0][3:]}", f"  +{new[0][3:]}"]
    return shown


def _date(written: str) -> "date":
    from datetime import date

    try:
        return date.fromisoformat(written)
    except ValueError:
        raise WrongUsage(f"{written!r} is no date: write 2026-12-24") from None
