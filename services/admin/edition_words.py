"""What the cell writes above an edition: shown, written, taken out."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.admin.acting import acting, acting_email
from services.admin.answers import Answer, Invalid, Refusal, lines
from services.admin.giving import give
from services.admin.newsletters import known
from services.admin.proof_view import show_findings
from services.domain.commands import WriteEditorial
from services.domain.editions import Editorial
from services.domain.editorial_file import parse_editorial
from services.runtime.configuration import configuration_in_force
from services.store import editorials
from services.store.editorials import Written
from services.store.newsletters import NewsletterRow

if TYPE_CHECKING:
    from rich.console import Console

MOST_BYTES: Final = 64 * 1024


async def shown(newsletter: NewsletterRow, day: date) -> Answer:
    """What stands above the edition of this date."""
    last = await _last(newsletter, day)
    document = {
        "newsletter": newsletter.slug, "date": day.isoformat(), "version": last.version if last else 0,
        "by": last.by if last else None, "at": last.at if last else None,
        "editorial": last.content.model_dump(mode="json") if last and last.content else None,
    }  # fmt: skip
    if last is None or last.content is None:
        return Answer(document, lines(f"there is no editorial for {day}"))
    return Answer(document, lines(f"{day}, by {last.by}", *_words(last.content)))


async def write(newsletter: NewsletterRow, day: date, file: Path | None, *, replace: bool) -> Answer:
    """Write what is in the file, or without one take out what stands there. Raises `Refusal` or `Refused`."""
    content = _read(file, newsletter) if file else None
    last = await _last(newsletter, day)
    if last and last.content and last.by != (acting_email() or "").lower() and not replace:
        raise Refusal(
            f"{last.by} wrote one already: look at it (`newsletter editorial {newsletter.slug}`), then --replace"
        )
    return await _give(newsletter, day, content, replaces=last.version if last else 0)


async def write_text(name: str, *, day: date, text: str | None, named: str, seen: int) -> Answer:
    """The same with what somebody typed, over the version that they saw; None takes out what stands there.

    `named`: what problems call it; one that ends in .yaml is read as such a file. Raises `Refusal`, with `version` in
    its `more` when another one was written meanwhile.
    """
    async with acting() as (connection, _):
        newsletter = await known(connection, name)
    return await _give(newsletter, day, None if text is None else _parsed(text, named, newsletter), replaces=seen)


async def _give(newsletter: NewsletterRow, day: date, content: Editorial | None, *, replaces: int) -> Answer:
    plain = content.model_dump(mode="json") if content else None
    body = WriteEditorial(newsletter=newsletter.id, date=day, content=plain, replaces=replaces)
    result = await give(body, key=newsletter.incident)

    def tell(out: "Console") -> None:
        lines(f"{day}: {'written' if content else 'taken out'} (version {result['version']})", *_following(result))(out)
        show_findings(out, result["findings"])

    return Answer(result, tell)


def _following(result: dict[str, Any]) -> list[str]:
    if result["state"] is None:
        return ["It stands above the edition when that is made; a person then approves it"]
    return [f"The edition is made anew: `roeland message proof {result['message']}`"]


async def _last(newsletter: NewsletterRow, day: date) -> Written | None:
    async with acting() as (connection, _):
        return await editorials.last(connection, newsletter.id, day)


def _read(file: Path, newsletter: NewsletterRow) -> Editorial:
    if file.stat().st_size > MOST_BYTES:
        raise Refusal(f"{file} is larger than {MOST_BYTES // 1024} kB: nobody reads so much above a newsletter")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"{file} is not UTF-8: save it as UTF-8") from None
    return _parsed(text, str(file), newsletter)


def _parsed(text: str, named: str, newsletter: NewsletterRow) -> Editorial:
    return parse_editorial(
        text, name=named, language=newsletter.definition.language, configuration=configuration_in_force()
    )


def _words(content: Editorial) -> list[str]:
    dates = (f"{each.at.isoformat(timespec='minutes')}  {each.text[0].text}" for each in content.dates)
    return [*(each.text for each in content.text), *dates]
