"""`roeland newsletter preview|send|approve|revoke|editorial NAME`: what an edition says, and how it may go out."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command
from services.admin.invocation import current
from services.admin.newsletters import Name, app, known, zone

if TYPE_CHECKING:
    from rich.console import Console

    from services.admin.edition_preview import Preview
    from services.store.newsletters import NewsletterRow

Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the page here; default: <data dir>/proofs/…")
]
Day = Annotated[
    str | None, typer.Option("--date", metavar="DATE", help="Of which edition, as 2026-11-26; default: today.")
]


@command(
    app,
    "preview",
    examples=[
        "newsletter preview dagelijks",
        "newsletter preview dagelijks --audience local-governments --province Limburg",
        "newsletter preview dagelijks --mail --as schrijver@ccvo.example",
    ],
)
async def preview(
    name: Name,
    *,
    date: Day = None,
    audience: Annotated[list[str] | None, typer.Option(help="Show only these here (may be repeated).")] = None,
    province: Annotated[str, typer.Option(help="The version for readers of this province.")] = "",
    html: Html = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    mail: Annotated[bool, typer.Option("--mail", help="Send what is shown to yourself, marked as a test.")] = False,
) -> Answer:
    """Show what an edition would be if it were made now, to how many; nothing is decided, made or sent.

    All versions stand in one page of HTML, as in the proof of a message.
    """
    from services.admin import edition_preview, proof_view

    found = await edition_preview.preview(name, _date(date))
    page = found.page(html)
    if open_:
        typer.launch(page.as_uri())
    shown = found.of(audience or (), province)
    sent = await edition_preview.mail_to_oneself(found, shown) if mail else None

    def tell(out: "Console") -> None:
        proof_view.show(out, shown, page)
        lines(*found.told(), *([f"{sent} test mails are on their way to you"] if sent is not None else []))(out)

    return Answer(found.document(shown, page, sent), tell)


@command(
    app, "send", examples=["newsletter send dagelijks --as schrijver@ccvo.example", "newsletter send dagelijks --yes"]
)
async def send(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    html: Html = None,
) -> Answer:
    """Make today's edition now; it takes the one decision of today. It needs an approval as any other edition.

    On a terminal it is shown first, with how many get it.
    """
    from services.admin import edition_preview
    from services.admin.edition_sending import make_now, when_there

    if not yes:
        found = await edition_preview.preview(name, _date(None))
        _ask(found, html)
    made = await make_now(name)
    message = await when_there(made)
    told = f"{made}: {message.state if message else 'made'}"
    following = f"Follow it: `roeland message status {made} --watch`"
    if message is not None and message.state == "proofed":
        following = f"Somebody else approves it: `roeland message approve {made} --as EMAIL`"
    document = {
        "newsletter": name, "id": made, "state": message.state if message else "made",
        "recipients": message.recipients if message else None,
    }  # fmt: skip
    return Answer(document, lines(told, following))


@command(app, "approve", examples=["newsletter approve dagelijks --as wacht@ccvo.example"])
async def approve(
    name: Name,
    *,
    hash_: Annotated[
        str | None, typer.Option("--hash", help="Of the definition that you looked at; another one is refused.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
) -> Answer:
    """From now on editions of this newsletter go out by themselves, unless somebody writes above them.

    By somebody else than who wrote what the newsletter is. It holds until that changes, or `newsletter revoke`.
    """
    from services.admin.giving import give
    from services.domain.commands import ApproveNewsletter

    newsletter = await _newsletter(name)
    if not yes:
        _confirm(
            f"{newsletter.slug}, as `newsletter show` has it (hash {newsletter.hash[:12]}). Let it go out by itself?"
        )
    body = ApproveNewsletter(newsletter=newsletter.id, hash=hash_ or newsletter.hash)
    result = await give(body, key=newsletter.incident)
    word = "goes out by itself from now on" if result["changed"] else "goes out by itself already"
    made_before = [
        f"Not so the edition that was made before: a person approves it (`roeland message approve {each}`)"
        for each in result.get("waiting", [])
    ]
    ends = f"Ends with `roeland newsletter revoke {newsletter.slug}`"
    return Answer(result, lines(f"{newsletter.slug} {word}", *made_before, ends))


@command(app, "revoke", examples=["newsletter revoke dagelijks --reason 'eerst nakijken' --as wacht@ccvo.example"])
async def revoke(name: Name, reason: Annotated[str, typer.Option(help="Why, for the record.")] = "") -> Answer:
    """From now on a person approves every edition; so also one that waits for its hour."""
    from services.admin.giving import give
    from services.domain.commands import RevokeNewsletter

    newsletter = await _newsletter(name)
    result = await give(RevokeNewsletter(newsletter=newsletter.id, reason=reason), key=newsletter.incident)
    return Answer(result, lines(f"{newsletter.slug}: a person approves each edition from now on"))


@command(
    app,
    "editorial",
    examples=[
        "newsletter editorial dagelijks",
        "newsletter editorial dagelijks vooraf.txt --as schrijver@ccvo.example",
        "newsletter editorial dagelijks vooraf.yaml --date 2026-11-27",
        "newsletter editorial dagelijks --remove",
    ],
)
async def editorial(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Paragraphs of text, or YAML (docs/editions.md).")
    ] = None,
    *,
    date: Day = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take out what stands there.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Although somebody else wrote what stands there.")] = False,
) -> Answer:
    """Write above an edition, before it is made or until it goes out; without FILE, show what stands there.

    An edition that is made is made anew with it, and a person approves it who wrote nothing of it.
    """
    from services.admin.edition_words import shown, write

    if file is not None and remove:
        raise Refusal("give a FILE, or --remove: not both")
    newsletter = await _newsletter(name)
    if file is None and not remove:
        return await shown(newsletter, _date(date))
    return await write(newsletter, _date(date), file, replace=replace)


async def _newsletter(name: str) -> "NewsletterRow":
    from services.admin.acting import acting

    async with acting() as (connection, _):
        return await known(connection, name)


def _date(written: str | None) -> date:
    from datetime import datetime

    if written is None:
        return datetime.now(zone()).date()
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refusal(f"{written} is no date: write it as 2026-11-26") from None


def _ask(found: "Preview", html: Path | None) -> None:
    from services.admin import proof_view
    from services.admin.answers import console

    if _silent():
        return
    proof_view.show(console(), found.of((), ""), found.page(html))
    lines(*found.told())(console())
    _confirm("Make it now?")


def _confirm(question: str) -> None:
    if not _silent() and not typer.confirm(question):
        raise Refusal("nothing was done")


def _silent() -> bool:
    import sys

    return current.get().json or not (sys.stdin.isatty() and sys.stdout.isatty())
