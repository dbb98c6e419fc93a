"""Reading a selection: from what somebody wrote to its query, with what is wrong and where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.domain import limits
from services.domain.problems import nearest
from services.domain.recipient_query import (
    OPERATORS,
    WORDS,
    Fault,
    Query,
    Term,
    Unreadable,
    both,
    canonical,
    either,
    negated,
    term,
    too_long,
)
from services.domain.recipient_values import ANYTHING, Known, Unusable, settled

QUOTES: Final = {'"': '"', "'": "'", "“": "”", "„": "”"}
"""What opens a quoted value, and what closes it: also as a word processor writes them."""
TOKEN: Final = re.compile(r"""[(),=]|["'“„]|[^\s(),="'“”„][^\s(),="“”„]*|\S""")
EXAMPLE: Final = 'Write it as province=Limburg and role="algemeen directeur".'


def read(written: str, known: Known = ANYTHING) -> Query:
    """The query that somebody wrote. `known` are the names to hold its values against.

    Raises `Unreadable` with every value that is wrong, or the first thing that makes no sense.
    """
    if fault := too_long(written):
        raise Unreadable([fault])
    reader = _Reader(list(_tokens(written)), len(written) + 1, known)
    query = reader.selection(0)
    if (token := reader.next()) is not None:
        raise Unreadable([reader.unexpected(token)])
    if reader.faults:
        raise Unreadable(reader.faults)
    if fault := too_long(canonical(query)):
        raise Unreadable([fault])
    return query


def one_form(written: str, known: Known = ANYTHING) -> str:
    """The one text of what somebody wrote; empty stays empty. Raises `Unreadable`."""
    return canonical(read(written, known)) if written.strip() else ""


@dataclass(frozen=True, slots=True)
class _Token:
    at: int
    text: str
    quoted: bool = False

    @property
    def operator(self) -> str:
        """`and`, `or`, `not`, or a sign; else empty."""
        low = self.text.casefold()
        return low if not self.quoted and (low in OPERATORS or self.text in {"(", ")", ",", "="}) else ""


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while found := TOKEN.search(text, place):
        at, place = found.start() + 1, found.end()
        if found[0] not in QUOTES:
            yield _Token(at, found[0])
            continue
        value, place = _quoted(text, place, QUOTES[found[0]])
        yield _Token(at, value, quoted=True)


def _quoted(text: str, place: int, closing: str) -> tuple[str, int]:
    """The value up to its closing quote (twice is a quote in it), and where to go on."""
    parts = []
    opened = place
    while (end := text.find(closing, place)) >= 0:
        parts.append(text[place:end])
        place = end + 1
        if text[place : place + 1] != closing:
            return closing.join(parts), place
        place += 1
    raise Unreadable([Fault(opened, "This quote is not closed.", f"Write {closing} where the value ends.")])


@dataclass(slots=True)
class _Reader:
    """Recursive descent over the tokens; wrong values are noted in `faults` and reading goes on."""

    tokens: list[_Token]
    end: int
    known: Known
    place: int = 0
    values: int = 0
    faults: list[Fault] = field(default_factory=list)

    def next(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def takes(self, *operators: str) -> bool:
        if (token := self.next()) and token.operator in operators:
            self.place += 1
            return True
        return False

    def selection(self, depth: int) -> Query:
        parts = [self.part(depth)]
        while self.takes("or"):
            parts.append(self.part(depth))
        return either(parts)

    def part(self, depth: int) -> Query:
        items = [self.item(depth)]
        while self.takes("and"):
            items.append(self.item(depth))
        return both(items)

    def item(self, depth: int) -> Query:
        if depth > limits.SELECTION_DEPTH:
            what = f"This is nested more than {limits.SELECTION_DEPTH} deep."
            raise Unreadable([Fault(self.at(), what, "Save a part of it as a group: `roeland group set`.")])
        if self.takes("not"):
            return negated(self.item(depth + 1))
        if self.takes("("):
            opened = self.tokens[self.place - 1].at
            inner = self.selection(depth + 1)
            if not self.takes(")"):
                if (token := self.next()) is not None:
                    raise Unreadable([self.unexpected(token)])
                raise Unreadable([Fault(opened, "This ( is not closed.", "Write ) where it ends.")])
            return inner
        return self.term()

    def term(self) -> Term:
        token = self.next()
        if token is None or token.quoted or token.operator:
            what = f"{token.text!r} stands where a word was expected." if token else "Something is missing here."
            raise Unreadable([Fault(self.at(), what, EXAMPLE)])
        self.place += 1
        word = token.text.casefold()
        if word not in WORDS:
            self.faults.append(Fault(token.at, f"{token.text!r} is not a word of a selection.", nearest(word, WORDS)))
        if not self.takes("="):
            raise Unreadable([*self.faults, Fault(self.at(), f"After {token.text!r} there is no `=`.", EXAMPLE)])
        values = [self.value(word)]
        while self.takes(","):
            values.append(self.value(word))
        return term(word if word in WORDS else WORDS[0], values)

    def value(self, word: str) -> str:
        token = self.next()
        if token is None or (token.operator and token.operator not in OPERATORS):
            raise Unreadable([*self.faults, Fault(self.at(), f"A value of {word!r} is missing.", EXAMPLE)])
        self.place += 1
        self.values += 1
        if self.values > limits.SELECTION_VALUES:
            what = f"There are more than {limits.SELECTION_VALUES} values."
            raise Unreadable([Fault(token.at, what, "Save some of them as a group: `roeland group set`.")])
        try:
            return settled(word, token.text, self.known) if word in WORDS else token.text
        except Unusable as why:
            self.faults.append(Fault(token.at, why.problem, why.remedy))
            return token.text

    def at(self) -> int:
        token = self.next()
        return token.at if token else self.end

    def unexpected(self, token: _Token) -> Fault:
        if token.text in {")", "=", ","} and not token.quoted:
            return Fault(token.at, f"{token.text!r} stands here for nothing.", EXAMPLE)
        remedy = f"A value with spaces stands in quotes. {EXAMPLE}"
        return Fault(token.at, f"Before {token.text!r} there is neither `and` nor `or`.", remedy)
