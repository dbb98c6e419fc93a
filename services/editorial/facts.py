"""The facts that a message states: looked up when it is submitted, and again whenever it is rendered anew."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.domain.content import MessageContent
from services.domain.fact_references import references
from services.domain.facts import Resolution, resolution_of, resolve
from services.domain.lint_facts import lint_facts
from services.domain.lint_settings import LintSettings
from services.domain.problems import Blocked, Finding, Problem, Refused
from services.runtime.postgres import Connection
from services.store import facts
from services.store.messages import Message


@dataclass(frozen=True, slots=True)
class Stated:
    """A message with its facts in it, and the version of each. `findings`: what lint says of their use."""

    resolution: Resolution
    versions: Mapping[str, int]
    findings: list[Finding]

    @property
    def content(self) -> MessageContent:
        """Without references: for judging, linting and rendering. What is recorded is the content that has them."""
        return self.resolution.content


async def stated(connection: Connection, content: MessageContent, settings: LintSettings) -> Stated:
    """What the message says with the facts as they are now. Raises Refused when a fact or a value is not there."""
    keys = dict.fromkeys(placed.key for placed in references(content))
    known = {key: each.fact for key, each in (await facts.current(connection, content.incident)).items()}
    resolve(content, known)
    findings = list(lint_facts(content, known, settings))
    return Stated(resolution_of(content, known), {key: known[key].version for key in keys}, findings)


async def resolved(
    connection: Connection, content: MessageContent, settings: LintSettings
) -> tuple[MessageContent, dict[str, int]]:
    """The message with its facts in it, and the version of each by key: to render it anew. Raises Refused.

    It is refused too when a fact that it states as known was withdrawn or is in doubt since. Who records what this
    gives records the versions with it (`services.store.facts.record_stated`).
    """
    now = await stated(connection, content, settings)
    if problems := blocking(now.findings):
        raise Refused(problems)
    return now.content, dict(now.versions)


def blocking(findings: Iterable[Finding]) -> list[Problem]:
    """Those that are in the way, as the problems of a refusal."""
    return [Blocked(f.place, f.problem, f.remedy, f.rule, f.source) for f in findings if f.severity == "error"]


async def changed_since(connection: Connection, message: Message) -> bool:
    """Whether a fact that this message states has a later version than the one that it states."""
    versions = (await facts.stated_by(connection, [message.number])).get(message.number, {})
    if not versions:
        return False
    now = await facts.current(connection, message.incident)
    return any(now[key].version != each.version for key, each in versions.items())
