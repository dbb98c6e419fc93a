"""What a message is begun from: a playbook, a former message, what must be put right, or the end of an incident.

Each gives a message file as plain values, for a person to go on with; nothing is handed in. `questions` are those of
its holes, by name.
"""

from typing import TYPE_CHECKING, Any, Final

from services.admin.answers import Answer, Refusal, lines

if TYPE_CHECKING:
    from services.runtime.postgres import Connection
    from services.store.messages import Message

KEPT: Final = ("incident", "language", "title", "audiences", "channels", "area", "exercise")


def from_playbook(playbook: str, *, incident: str, entry: str | None = None, exercise: bool = False) -> Answer:
    """An entry of a playbook, with its holes open."""
    from services.admin.playbook_entries import begun

    found, prepared, file = begun(playbook, incident=incident, entry=entry, exercise=exercise)
    questions = {name: f"{hole.ask} ({hole.limits})" for name, hole in prepared.holes.items()}
    return _begun(file, questions, f"{found.title}: {found.entries[prepared.entry].about}")


async def from_message(id: str) -> Answer:  # noqa: A002 - the contract calls it ID
    """The same again: what was said, without its moments."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        message = await _known(connection, id)
    file = {name: each for name, each in _file(message).items() if not name.endswith("_at")}
    return _begun(file, {}, _title(message))


async def from_refused(id: str) -> Answer:  # noqa: A002 - the contract calls it ID
    """A message that was not released, whole: for its next revision."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        message = await _known(connection, id)
    if message.released_at is not None:
        raise Refusal(f"message {id} was released: what is wrong in it is put right by a correction")
    return _begun(_file(message), {}, _title(message))


async def correction(id: str) -> Answer:  # noqa: A002 - the contract calls it ID
    """What puts a message right: of the facts that are other ones now, or else its own words to be mended."""
    from services.admin.acting import acting

    async with acting() as (connection, _):
        message = await _known(connection, id)
        if message.released_at is None:
            raise Refusal(f"message {id} was not released: nobody was told anything wrong yet")
        file = await _of_facts(connection, message) or _mended(message)
    return _begun(file, {}, _title(message))


async def all_clear(incident: str) -> Answer:
    """The end of an incident, for everybody who was told of it."""
    from services.admin.acting import acting
    from services.admin.incidents import known_incident
    from services.store import messages

    async with acting() as (connection, _):
        found = await known_incident(connection, incident)
        told = await messages.told_in(connection, incident)
    if not told:
        raise Refusal(f"nobody was told anything in {incident}: there is nothing to end")
    file: dict[str, Any] = {"incident": incident, "kind": "all-clear", "urgency": "urgent"}
    last = _file(told[-1])
    file |= {name: last[name] for name in ("language", "title", "exercise") if last.get(name)}
    return _begun(file, {}, found.title)


async def _of_facts(connection: "Connection", message: "Message") -> dict[str, Any] | None:
    """As `fact impact --draft` writes it; None where no fact is another one now."""
    import yaml

    from services.incidents.draft import draft
    from services.incidents.impact import impact_of
    from services.store.facts import as_stated

    impacts = [each for each in await impact_of(connection, message.incident) if each.number == message.number]
    if not impacts:
        return None
    file: dict[str, Any] = yaml.safe_load(draft(await as_stated(connection, message), impacts))
    return file


def _mended(message: "Message") -> dict[str, Any]:
    from services.domain.correction_titles import correction_title

    said = _file(message)
    titles = [
        {**each, "text": correction_title(each.get("text", ""), each.get("language"))} for each in said.get("title", ())
    ]
    kept = {name: said[name] for name in ("language", "area", "exercise", "channels") if said.get(name)}
    return {
        "incident": message.incident, "kind": "correction", "corrects": str(message.id), "urgency": "urgent", **kept,
        "title": titles, "key_messages": said.get("key_messages", []),
    }  # fmt: skip


def _file(message: "Message") -> dict[str, Any]:
    from services.domain.content import MessageContent
    from services.domain.editions import is_edition
    from services.domain.message_written import as_file
    from services.store.messages import FOR_USERS

    if message.kind in FOR_USERS or is_edition(message.content):
        raise Refusal(f"{message.id} is no message that somebody wrote: it cannot be begun from")
    file = as_file(MessageContent.model_validate(message.content))
    return {name: each for name, each in file.items() if each not in (None, "", [], False)}


def _title(message: "Message") -> str:
    titles = message.content.get("title") or [{}]
    return titles[0].get("text") or message.incident


async def _known(connection: "Connection", written: str) -> "Message":
    from services.admin.giving import known, message_id

    return await known(connection, message_id(written))


def _begun(file: dict[str, Any], questions: dict[str, str], about: str) -> Answer:
    return Answer({"file": file, "questions": questions, "about": about}, lines(about))
