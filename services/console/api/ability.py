"""What the API can do, one `Ability` for each door to a command of the command line: that command's own function, at a
method and path. What a command asks, and what its help says of it, is taken from its function (`asking.py`)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from services.runtime.postgres import Connection

PREFIX: Final = "/api/v1"

YAML: Final = "application/yaml"
JSON: Final = "application/json"
TEXT: Final = "text/plain"
CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class Given:
    """The request's body is the document that the command reads from a file: its parameter, its name and its types."""

    parameter: str
    name: str
    media: Mapping[str, str]  # a type of content, and how a file of it ends


@dataclass(frozen=True, slots=True)
class Written:
    """The answer is the file that the command writes: its parameter, how it is called, and its type."""

    parameter: str
    name: str
    media: str


@dataclass(frozen=True, slots=True)
class Pages:
    """A list that is given in pages. `by`: what of an item its cursor holds; `option`: the command's own parameter to
    begin after it, or none where the list is short and is cut here."""

    by: str
    option: str = ""
    items: str = ""  # where the document is no list: its field that is
    limit: str = "limit"
    most: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """`fixed`: parameters that are not for the caller to choose. `also`: fields that need another action too.

    `drafts`: the command writes files into the answer's `files`, by this parameter, first under this name.
    `texts`: fields of text that the command reads from a file, and how that is called. `pairs`: fields that are objects
    here, and `NAME=VALUE` on the command line. `pick`: of a list, the one item whose field is what the path says.
    `versioned`: the path of which a GET shows the version (ETag) that a change must name (If-Match), or, where it is
    not `asks`, may name. `named_in`: where the document names what it changes, not the path: its field, and as what.
    `version`: what makes the version of a file that is too long to be made for it.
    """

    command: str
    function: Callable[..., Any]
    method: str
    path: str
    action: str
    status: int = 200
    title: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    given: Given | None = None
    written: tuple[Written, ...] = ()
    drafts: tuple[str, str] | None = None
    page: str = ""  # the parameter by which it writes a page of HTML, which `Accept: text/html` asks for
    texts: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[str, ...] = ()
    pages: Pages | None = None
    judges: bool = False  # a refusal that has found what it looked for is its answer
    person: bool = False  # not by a key: by a person, who proved just now at the console who they are
    itself: str = ""  # a key that may not administer does it to itself alone: the field that says which key
    numbers: tuple[str, ...] = ()  # fields with somebody's number or address: masked for who only reads
    pick: str = ""
    location: str = ""
    etag: tuple[str, ...] = ()  # of the document, the fields that make its version
    versioned: "Ability | None" = None
    asks: bool = True
    named_in: tuple[str, str] | None = None
    version: Callable[[Connection], Awaitable[object]] | None = None
    answer: type[BaseModel] | None = None

    @property
    def name(self) -> str:
        """Its operationId: the command's words and, where there are several, its path's."""
        words = f"{self.method} {self.path}".replace("{", "by ").replace("}", "")
        return "".join(
            each.capitalize() for each in words.replace("/", " ").replace("-", " ").replace("_", " ").split()
        )

    @property
    def tag(self) -> str:
        """The resource that it belongs to."""
        return self.path.split("/")[1]
