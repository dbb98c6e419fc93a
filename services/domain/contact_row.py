"""One row of a contact list: what it is once checked, and what is wrong with it when it is not."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args

from services.domain import contact_fields as fields

Column = Literal[
    "external_id", "name", "organisation", "role", "audience", "municipality", "province", "language", "email", "mobile"
]
COLUMNS: Final[tuple[Column, ...]] = get_args(Column)  # DESIGN, Contract, Contacts
Optional = Literal["deputy"]
OPTIONAL: Final[tuple[Optional, ...]] = get_args(Optional)
"""What a list may leave out; then what is known of it stays."""
AnyColumn = Column | Optional
DEFAULT_LANGUAGE: Final = "nl"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One person or desk, checked and normalised. `line` is the physical line in the file, the header being 1.

    `deputies`: external ids, the first to be told first; None when the list has no such column.
    """

    line: int
    external_id: str
    name: str
    organisation: str
    role: str
    audiences: tuple[str, ...]
    municipality: str
    province: str
    language: str
    email: str | None
    mobile: str | None
    deputies: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ContactProblem:
    """What is wrong at a place in the file; `column` is empty when it is the whole line."""

    line: int
    column: str
    problem: str
    remedy: str


class ContactsRefused(Exception):
    """The list has problems; nothing of it may be used."""

    def __init__(self, problems: Sequence[ContactProblem]) -> None:
        super().__init__(f"the contact list has {len(problems)} problem{'s' if len(problems) != 1 else ''}")
        self.problems = problems


def checked_row(
    line: int, cells: Mapping[AnyColumn, str], *, audiences: Collection[str], languages: Collection[str]
) -> ContactRow | list[ContactProblem]:
    """The contact in these cells, or everything that is wrong with it."""
    problems: list[ContactProblem] = []

    def checked(column: AnyColumn, check: Callable[[str], Value], instead: Value) -> Value:
        try:
            return check(fields.text(column, cells[column]))
        except fields.Unusable as why:
            problems.append(ContactProblem(line, column, why.problem, why.remedy))
            return instead

    municipality = checked("municipality", fields.municipality, "")
    external_id = checked("external_id", _identifier, "")
    none: tuple[str, ...] = ()
    named = "deputy" in cells
    deputies = checked("deputy", lambda value: fields.deputies(value, external_id), none) if named else None
    row = ContactRow(
        line=line,
        external_id=external_id,
        name=checked("name", _name, ""),
        organisation=checked("organisation", str, ""),
        role=checked("role", str, ""),
        audiences=checked("audience", lambda value: fields.audiences(value, audiences), ()),
        municipality=municipality,
        province=checked("province", lambda value: fields.province(value, municipality), ""),
        language=checked("language", lambda value: fields.language(value, languages, DEFAULT_LANGUAGE), ""),
        email=checked("email", fields.email, None),
        mobile=checked("mobile", fields.mobile, None),
        deputies=deputies,
    )
    order: list[str] = list(cells)
    problems.sort(key=lambda problem: order.index(problem.column))
    return problems or row


def _identifier(value: str) -> str:
    return fields.required(value, "Give each contact an identifier that stays the same for ever.")


def _name(value: str) -> str:
    return fields.required(value, "Write the name of the person or desk, or the role.")
