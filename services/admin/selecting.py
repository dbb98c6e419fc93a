"""The options that choose people, the same for every command that has them, and the one selection that they make.

    @command(app, "list", examples=[…])
    @selecting
    async def list_(*, chosen: Chosen, limit: … = 100) -> Answer: …

gives `list` the options `--audience` to `--contact` and `--recipients`. Each may be repeated or hold several values
with commas, any of which will do; who is meant fits all of the options.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from services.admin.answers import Refusal, WrongUsage

if TYPE_CHECKING:
    from services.domain.configuration import Configuration
    from services.domain.recipient_query import Query, Term
    from services.domain.recipient_values import Known
    from services.runtime.postgres import Connection
    from services.store.selecting import Selected

Declared = TypeVar("Declared", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was given of each option, as it was typed."""

    audience: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    municipality: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    got: tuple[str, ...] = ()
    not_confirmed: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()

    def audiences(self, configuration: "Configuration") -> list[str]:
        """The ids of the named audiences. Raises `WrongUsage` for one that there is not."""
        term = _term("audience", self.audience, _known(configuration)) if self.audience else None
        return list(term.values) if term else []

    def selection(self, configuration: "Configuration", *, audiences: bool = True) -> str:
        """All of it as one selection in its one form; empty when nothing was chosen. Raises `WrongUsage`.

        `audiences`: False leaves `--audience` out, for a message that names its audiences by themselves.
        """
        from services.domain.recipient_query import both, canonical, too_long

        known = _known(configuration)
        parts = list(self._parts(known, audiences=audiences))
        text = canonical(both(parts)) if parts else ""
        if fault := too_long(text):
            raise WrongUsage(f"{fault.problem} {fault.remedy}")
        return text

    def _parts(self, known: "Known", *, audiences: bool) -> "list[Query]":
        words = (word for word in OPTIONS if word != "recipients" and (audiences or word != "audience"))
        terms = [_term(word, given, known) for word in words if (given := getattr(self, _field(word)))]
        return [*terms, *(_read(written, known) for written in self.recipients if written.strip())]


OPTIONS: Final = {
    "audience": "Who is in this audience.",
    "province": "Who is of this province.",
    "municipality": "Who is of this municipality.",
    "role": "Who has this function, as burgemeester.",
    "group": "Who is in this saved group.",
    "participants": "Who takes part in this incident's exercise.",
    "got": "Who got the message with this id.",
    "not-confirmed": "Who has not confirmed the message with this id.",
    "contact": "The contact with this external id.",
    "recipients": "A whole selection, as in a message: 'province=Limburg and not role=burgemeester'.",
}


def selecting(function: Declared) -> Declared:
    """Give a command the options, and its parameter `chosen` what was given of them."""

    @functools.wraps(function)
    def run(**given: Any) -> Any:
        chosen = Chosen(**{each.name: tuple(given.pop(each.name) or ()) for each in fields(Chosen)})
        return function(chosen=chosen, **given)

    signature = inspect.signature(function, eval_str=True)
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values() if p.name != "chosen"]
    run.__signature__ = signature.replace(parameters=[*own, *map(_option, OPTIONS)])  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


async def meaning(connection: "Connection", selection: str) -> "Selected":
    """Whom a selection means now. Raises `Refusal` for a group, message, incident or contact that there is not."""
    from services.store import selection_names
    from services.store.selecting import selected

    if faults := await selection_names.missing(connection, selection):
        raise Refusal(" ".join(f"{what} {remedy}" for what, remedy in faults))
    return await selected(connection, selection)


def _option(word: str) -> inspect.Parameter:
    option = typer.Option(f"--{word}", help=OPTIONS[word], rich_help_panel="Whom")
    return inspect.Parameter(
        _field(word), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[list[str] | None, option]
    )


def _field(word: str) -> str:
    return word.replace("-", "_")


def _known(configuration: "Configuration") -> "Known":
    from services.domain.recipient_values import Known

    return Known(configuration.audience_ids)


def _term(word: str, given: tuple[str, ...], known: "Known") -> "Term":
    from services.domain.recipient_query import term
    from services.domain.recipient_values import Unusable, settled

    try:
        return term(word, [settled(word, value, known) for each in given for value in each.split(",")])
    except Unusable as why:
        raise WrongUsage(f"--{word}: {why.problem} {why.remedy}") from None


def _read(written: str, known: "Known") -> "Query":
    from services.domain.recipient_query import Unreadable
    from services.domain.recipient_reading import read

    try:
        return read(written, known)
    except Unreadable as why:
        raise WrongUsage(f"--recipients: {why.problem} {why.remedy}") from None
