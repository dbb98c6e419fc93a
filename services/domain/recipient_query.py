"""Whom a message goes to, as a selection: `province=Limburg and (role=burgemeester or not group=nachtploeg)`.

    selection = part { "or" part }          part = item { "and" item }
    item      = "not" item | "(" selection ")" | word "=" value { "," value }

A value with spaces stands in quotes. A selection is read into a tree that has one form whatever way it was written:
values and parts sorted and each once, nothing nested that need not be. `canonical` writes that form, and reading it
gives the same tree, so that the same choice has the same hash. docs/recipients.md says what each word means.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from services.domain import limits

WORDS: Final = (
    "audience", "province", "municipality", "role", "group", "participants", "got", "not-confirmed", "contact",
)  # fmt: skip
OPERATORS: Final = ("and", "or", "not")
PLAIN: Final = re.compile(r"""[^\s(),="'“”„]+""")
"""A value that needs no quotes, unless it is one of the operators."""


@dataclass(frozen=True, slots=True)
class Term:
    """Whoever has one of these values, sorted, of one of `WORDS`."""

    word: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whoever is not in `of`."""

    of: "Query"


@dataclass(frozen=True, slots=True)
class All:
    """Whoever is in each of these; two or more, none of them an `All`."""

    of: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Whoever is in one of these; two or more, none of them an `Either`."""

    of: tuple["Query", ...]


Query = Term | Not | All | Either


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a character of the selection, from 1, and what to do about it."""

    at: int
    problem: str
    remedy: str


class Unreadable(ValueError):
    """A selection that means nothing; has every fault that was found, in order, and at least one."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.at))
        super().__init__(" ".join(f"{fault.problem} {fault.remedy}" for fault in self.faults))

    @property
    def problem(self) -> str:
        """All that is wrong, each with its place."""
        return " ".join(f"At character {fault.at}: {fault.problem}" for fault in self.faults)

    @property
    def remedy(self) -> str:
        """All that can be done about it."""
        return " ".join(dict.fromkeys(fault.remedy for fault in self.faults))


def both(queries: Iterable[Query]) -> Query:
    """Whoever is in each of these, one at least."""
    return _joined(All, queries)


def either(queries: Iterable[Query]) -> Query:
    """Whoever is in one of these, one at least."""
    return _joined(Either, queries)


def negated(query: Query) -> Query:
    """Whoever is not in this."""
    return query.of if isinstance(query, Not) else Not(query)


def term(word: str, values: Iterable[str]) -> Term:
    """One term in its one form."""
    return Term(word, tuple(sorted(set(values))))


def canonical(query: Query) -> str:
    """The one text of a query; `recipient_reading.read` makes the same query of it."""
    match query:
        case Term(word, values):
            return f"{word}={','.join(map(quoted, values))}"
        case Not(of):
            return f"not {_inside(of, Term)}"
        case All(of):
            return " and ".join(_inside(each, Term, Not) for each in of)
        case Either(of):
            return " or ".join(map(canonical, of))


def quoted(value: str) -> str:
    """A value as it stands in a selection: in quotes where it needs them, a quote in it written twice."""
    if PLAIN.fullmatch(value) and value.casefold() not in OPERATORS:
        return value
    return '"' + value.replace('"', '""') + '"'


def terms(query: Query) -> Iterator[Term]:
    """Every term in it, in order."""
    match query:
        case Term():
            yield query
        case Not(of):
            yield from terms(of)
        case All(of) | Either(of):
            for each in of:
                yield from terms(each)


def values_of(query: Query, word: str) -> list[str]:
    """What stands behind this word anywhere in it, each once: the groups, say, that it names."""
    return list(dict.fromkeys(value for each in terms(query) if each.word == word for value in each.values))


def replaced(query: Query, change: Callable[[Term], Query]) -> Query:
    """The same query with something else for each of its terms."""
    match query:
        case Term():
            return change(query)
        case Not(of):
            return negated(replaced(of, change))
        case All(of):
            return both(replaced(each, change) for each in of)
        case Either(of):
            return either(replaced(each, change) for each in of)


def too_long(text: str) -> Fault | None:
    """The fault of a text that is longer than anyone writes by hand."""
    if len(text) <= limits.SELECTION_CHARACTERS:
        return None
    what = f"This has {len(text)} characters, more than {limits.SELECTION_CHARACTERS}."
    return Fault(limits.SELECTION_CHARACTERS + 1, what, "Save parts of it as groups: `roeland group set`.")


def _joined(kind: type[All] | type[Either], queries: Iterable[Query]) -> Query:
    flat = [inner for each in queries for inner in (each.of if isinstance(each, kind) else (each,))]
    parts = sorted(set(_merged(flat) if kind is Either else flat), key=_rank)
    return kind(tuple(parts)) if len(parts) > 1 else parts[0]


def _merged(queries: Iterable[Query]) -> Iterator[Query]:
    """`role=a or role=b` is `role=a,b`."""
    by_word: dict[str, set[str]] = {}
    for each in queries:
        if isinstance(each, Term):
            by_word.setdefault(each.word, set()).update(each.values)
        else:
            yield each
    yield from (term(word, values) for word, values in by_word.items())


def _inside(query: Query, *bare: type) -> str:
    return canonical(query) if isinstance(query, bare) else f"({canonical(query)})"


def _rank(query: Query) -> tuple[int, int, str]:
    """Terms first, in the order of `WORDS`; then what is not; then what stands in parentheses."""
    first = next(terms(query))
    kind = (Term, Not, All, Either).index(type(query))
    return kind, WORDS.index(first.word), canonical(query)
