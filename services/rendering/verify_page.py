"""What `/verify` says: the form, that a message is genuine and what it was, or that we do not know the code."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from babel import Locale, UnknownLocaleError

from services.domain.configuration import KINDS, Configuration
from services.domain.verification import read_code
from services.rendering.pages import moment_said, page, page_languages, page_words
from services.rendering.templates import Templates
from services.store.verification import Verified

HASH_SHOWN: Final = 16


def form_page(templates: Templates, language: str) -> str:
    """Where the code is typed."""
    return _page(templates, language, "form")


def busy_page(templates: Templates, language: str) -> str:
    """Too many ask at once."""
    return _page(templates, language, "busy")


def answer_page(
    found: Verified | None, typed: str, templates: Templates, language: str, configuration: Configuration
) -> str:
    """What is known of the message with this code; None: there is none."""
    code = read_code(typed)
    if found is None:
        return _page(templates, language, "unknown" if code else "unreadable", typed=typed, code=code or "")
    when = partial(moment_said, templates=templates, language=language)
    return _page(
        templates, language, "genuine", typed=found.code, code=found.code, found=found,
        facts=_facts(found, when, templates, language, configuration), withdrawn=when(found.withdrawn_at),
        put_right=when(found.put_right_at), sent_iso=found.sent_at.isoformat(), hash=found.proof_hash or "",
        hash_shown=(found.proof_hash or "")[:HASH_SHOWN],
    )  # fmt: skip


def _facts(
    found: Verified, when: Callable[[datetime | None], str], templates: Templates, language: str, known: Configuration
) -> list[dict[str, str]]:
    say, word = page_words(templates, language), templates.words.of(language)
    names = {each.id: each.names.get(language, each.id) for each in known.audiences}
    kind = word(f"kind.{found.kind}.label") if found.kind in KINDS else say("verify.edition")
    facts = [("kind", kind), ("sent", when(found.sent_at)), ("audience", names.get(found.audience, found.audience))]
    return [{"name": name, "what": say(f"verify.{name}"), "value": value} for name, value in facts]


def _page(templates: Templates, language: str, answer: str, **values: Any) -> str:
    languages = [(each, _own_name(each)) for each in page_languages(templates)]
    blank: dict[str, Any] = {"typed": "", "code": "", "found": None, "facts": [], "languages": languages}
    title = page_words(templates, language)("verify.title")
    return page(
        "verify", templates, language=language, here="verify", title=title, answer=answer, **{**blank, **values}
    )


def _own_name(language: str) -> str:
    """*Nederlands*, *Français*; the code of a language that nobody has a name for."""
    try:
        name = Locale(language).get_display_name(language) or language
    except UnknownLocaleError:
        return language
    return name[0].upper() + name[1:]
