"""Groups in a selection: a name stands for another selection, which may name groups in turn, but never itself."""

from collections.abc import Mapping
from typing import Final

from services.domain import limits
from services.domain.recipient_query import Query, Term, either, replaced, terms, values_of

GROUP: Final = "group"


class Unusable(Exception):
    """A group that cannot be had: `problem` says which and why, `remedy` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem, self.remedy = problem, remedy


def without_groups(query: Query, groups: Mapping[str, Query]) -> Query:
    """The same choice with what each group means in its place. Raises `Unusable`."""
    known: dict[str, Query] = {}
    return _expanded(query, groups, known, ())


def _expanded(query: Query, groups: Mapping[str, Query], known: dict[str, Query], way: tuple[str, ...]) -> Query:
    for name in values_of(query, GROUP):
        if name not in known:
            known[name] = _meaning(name, groups, known, way)

    def meant(each: Term) -> Query:
        return either(known[name] for name in each.values) if each.word == GROUP else each

    whole = replaced(query, meant)
    if sum(1 for _ in terms(whole)) > limits.SELECTION_TERMS:
        what = f"With its groups this selection has more than {limits.SELECTION_TERMS} terms."
        raise Unusable(what, "Make the groups simpler, or fewer.")
    return whole


def _meaning(name: str, groups: Mapping[str, Query], known: dict[str, Query], way: tuple[str, ...]) -> Query:
    if name in way:
        circle = " → ".join([*way[way.index(name) :], name])
        raise Unusable(f"The group {name} refers to itself: {circle}.", "Take one of these out of the other.")
    if len(way) >= limits.SELECTION_DEPTH:
        what = f"Groups in groups go more than {limits.SELECTION_DEPTH} deep: {' → '.join([*way, name])}."
        raise Unusable(what, "Write out what one of them means.")
    if name not in groups:
        raise Unusable(f"There is no group {name}.", "`roeland group list` shows which there are.")
    return _expanded(groups[name], groups, known, (*way, name))
