"""A refusal about contacts in words of the page: the whole, and each problem with its remedy."""

from fastapi import Request

from services.admin.answers import Refusal, as_plain
from services.console.contact_words import WORDS
from services.console.languages import catalogue, language_of
from services.console.said import in_words


def in_page_words(request: Request, refusal: Exception) -> Refusal:
    """The same, in the reader's language as far as it is a usual one."""
    say = catalogue(language_of(request)).gettext
    problems = [
        {**as_plain(each), **{k: in_words(str(as_plain(each)[k]), WORDS, say) for k in ("problem", "remedy")}}
        for each in (refusal.problems if isinstance(refusal, Refusal) else [])
    ]
    return Refusal(in_words(str(refusal), WORDS, say), problems=problems)
