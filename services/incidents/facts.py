"""A fact is set, changed or withdrawn: each time a new version, under the incident's lock, so that none is lost.

Who changes what a fact says in one language says it in all: a translation that nobody looked at again would go on
stating what no longer holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from services.domain import limits
from services.domain.configuration import Configuration
from services.domain.fact_references import KEY
from services.domain.facts import Fact, Status
from services.domain.literals import among, values_in
from services.domain.problems import Problem, Refused
from services.domain.texts import one_line
from services.incidents.refusal import Cannot
from services.incidents.service import locked
from services.runtime.postgres import Connection
from services.store import audit, facts
from services.store.facts import FactVersion


@dataclass(frozen=True, slots=True)
class Setting:
    """What somebody wants a fact to say. What is left out stays as it is; `drop`: languages that it loses.

    `keep`: languages whose statement still holds beside a new one. `version` is the one that they saw: if there is
    another by now, nothing is set. An empty value goes.
    """

    key: str
    statements: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    status: Status | None = None
    source: str | None = None
    reason: str = ""
    version: int | None = None


async def set_fact(
    connection: Connection, slug: str, wanted: Setting, configuration: Configuration, *, actor: int | None
) -> tuple[FactVersion, bool]:
    """The fact as it stands afterwards, and whether that is a new version. Raises `Cannot` or `Refused`."""
    before = await _before(connection, slug, wanted.key, wanted.version)
    made = _made(wanted, before)
    problems = list(_problems(wanted, made, before, configuration))
    if problems:
        raise Refused(problems)
    source = _source(wanted, made, before)
    if before is not None and replace(made, version=before.version) == before.fact and source == before.source:
        return before, False
    return await _record(connection, slug, made, source=source, reason=wanted.reason, actor=actor), True


async def withdraw_fact(
    connection: Connection, slug: str, key: str, *, reason: str, version: int | None, actor: int | None
) -> tuple[FactVersion, bool]:
    """From now on no message may lean on it. Raises `Cannot` when there is no such fact."""
    before = await _before(connection, slug, key, version)
    if before is None:
        raise Cannot(f"there is no fact {key} in {slug}: `roeland fact list {slug}` shows what there is", missing=[key])
    if before.status == "withdrawn":
        return before, False
    made = replace(before.fact, version=before.version + 1, status="withdrawn")
    return await _record(connection, slug, made, source=before.source, reason=reason, actor=actor), True


async def _before(connection: Connection, slug: str, key: str, seen: int | None) -> FactVersion | None:
    await locked(connection, slug)
    before = (await facts.current(connection, slug)).get(key)
    now = before.version if before else 0
    if seen is not None and seen != now:
        raise Cannot(
            f"the fact {key} has version {now} by now, not {seen}: look at it (`roeland fact show {slug} {key}`), and"
            f" give it again with --version {now}"
        )
    return before


def _made(wanted: Setting, before: FactVersion | None) -> Fact:
    old = before.fact if before else Fact(wanted.key, 0, "unconfirmed", {})
    statements = {language: text for language, text in old.statements.items() if language not in wanted.drop}
    statements |= {language: one_line(text) for language, text in wanted.statements.items()}
    values = dict(old.literals) | {name: one_line(text) for name, text in wanted.values.items()}
    return Fact(
        wanted.key,
        old.version + 1,
        wanted.status or old.status,
        statements,
        {name: text for name, text in values.items() if text},
    )


def _source(wanted: Setting, made: Fact, before: FactVersion | None) -> str:
    """Whoever changes what it says, says on whose word; the former source said something else."""
    if wanted.source is not None:
        return one_line(wanted.source)
    same = before is not None and (made.statements, made.literals) == (before.statements, before.literals)
    return before.source if before and same else ""


def _problems(
    wanted: Setting, made: Fact, before: FactVersion | None, configuration: Configuration
) -> Iterator[Problem]:
    yield from _misnamed(wanted, configuration)
    if before is not None and before.status == "withdrawn" and wanted.status is None:
        yield Problem("status", f"The fact {made.key} was withdrawn.", "Say --status confirmed or unconfirmed.")
    if not made.statements:
        yield Problem("statement", f"The fact {made.key} says nothing.", 'Add --nl "…".')
    for language, text in made.statements.items():
        yield from _unfit(f"statement.{language}", text, limits.TEXT_CHARACTERS)
    for name, text in made.literals.items():
        yield from _unfit(f"value.{name}", text, limits.VALUE_CHARACTERS)
    yield from _left_behind(made, before, wanted.keep)
    yield from _at_odds(made)


def _misnamed(wanted: Setting, configuration: Configuration) -> Iterator[Problem]:
    remedy = f"Small letters, digits and single hyphens, at most {limits.KEY_CHARACTERS}: outage-start."
    for what, name in [("key", wanted.key), *(("value", name) for name in wanted.values)]:
        if not KEY.fullmatch(name) or len(name) > limits.KEY_CHARACTERS:
            yield Problem(what, f"{name!r} cannot be the name of a {'fact' if what == 'key' else 'value'}.", remedy)
    for language in [*wanted.statements, *wanted.drop, *wanted.keep]:
        if language not in configuration.languages:
            what = f"{language!r} is not a language of this centre."
            yield Problem("statement", what, f"Choose from: {', '.join(configuration.languages)}.")


def _unfit(place: str, text: str, most: int) -> Iterator[Problem]:
    if not text:
        yield Problem(place, "This is empty.", "Write what it should say, or leave it out.")
    if len(text) > most:
        yield Problem(place, f"This has {len(text)} characters, more than {most}.", "Shorten it.")
    if "{" in text or "}" in text:
        yield Problem(place, "A fact cannot refer to another one: it has { or } in it.", "Write the value out.")


def _left_behind(made: Fact, before: FactVersion | None, keep: Sequence[str]) -> Iterator[Problem]:
    """Languages that keep what they said while another says something new."""
    old = before.statements if before else {}
    changed = [each for each, text in made.statements.items() if each in old and old[each] != text]
    kept = [each for each, text in made.statements.items() if changed and old.get(each) == text]
    for language in (each for each in kept if each not in keep):
        what = f"It still says in {language} what it said before, and something new in {', '.join(changed)}."
        remedy = f'Give --{language} "…" as well, or --keep {language} if that still holds, or --drop {language}.'
        yield Problem(f"statement.{language}", what, remedy)


def _at_odds(made: Fact) -> Iterator[Problem]:
    """Two languages that give different times, days or numbers: one of them is wrong."""
    found = {language: values_in(text, language) for language, text in made.statements.items()}
    for one, other in combinations(found, 2):
        for kind in ("day", "time", "number"):
            these = [each for each in found[one] if each.kind == kind]
            those = [each for each in found[other] if each.kind == kind]
            odd = [each for each in these if not among(each, those)]
            strange = [each for each in those if not among(each, these)]
            if odd and strange:
                what = f"It says {odd[0].written} in {one}, and {strange[0].written} in {other}."
                yield Problem(f"statement.{other}", what, "Give both languages the same value.")


async def _record(
    connection: Connection, slug: str, fact: Fact, *, source: str, reason: str, actor: int | None
) -> FactVersion:
    recorded = await facts.record(connection, slug, fact, source=source, reason=one_line(reason), by_user=actor)
    what = "withdrawn" if fact.status == "withdrawn" else "set"
    await audit.record(
        connection, actor=actor, action=f"fact.{what}", subject=f"fact:{slug}/{fact.key}",
        detail={"version": fact.version, "status": fact.status},
    )  # fmt: skip
    return recorded
