"""Somebody with a reader's link who asks for something."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from services.public.reader_forms import Form
from services.runtime.postgres import Connection
from services.store.readers import Readership


@dataclass(frozen=True, slots=True)
class Visit:
    """Who they are, and what they ask, in a transaction. `languages` are those that there are to choose from."""

    request: web.Request
    form: Form
    connection: Connection
    them: Readership
    languages: Sequence[str]
