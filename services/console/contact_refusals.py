"""A refusal about contacts in words of the page: the whole, and each problem with its remedy."""

from fastapi import Request

from services.admin.answers import Refusal
from services.console.contact_words import WORDS
from services.console.languages import language_of
from services.console.said import refusal_said


def in_page_words(request: Request, refusal: Exception) -> Refusal:
    """The same, in the reader's language."""
    return refusal_said(refusal, WORDS, language_of(request))
