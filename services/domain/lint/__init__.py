"""What an editor would say of a message. Pure; nothing is changed.

Each rule is a small function with an id and a source; what it says stands in `services.domain.lint_words`, what a
centre may change in `services.domain.lint_settings`; docs/lint.md lists them all. An `error` blocks the message, a
`warning` is for the author to weigh, and the approver sees it. The hard rules of the file are in `message_rules`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.domain.configuration import DEFAULT, Configuration
from services.domain.content import MessageContent
from services.domain.lint.areas import AREAS
from services.domain.lint.dates import DATES
from services.domain.lint.links import LINKS
from services.domain.lint.needed import NEEDED
from services.domain.lint.personal import PERSONAL
from services.domain.lint.phones import PHONES
from services.domain.lint.plain import PLAIN
from services.domain.lint.promises import PROMISES
from services.domain.lint.readers import READERS
from services.domain.lint.rule import Linted, Rule
from services.domain.lint.sms import SMS
from services.domain.lint_fact_words import FACT_RULES, ONE_TRUTH
from services.domain.problems import Finding

__all__ = ["RULES", "Linted", "Rule", "RuleInForce", "findings_of", "lint", "rules_in_force"]

# Those about facts see the message before its references are resolved: `services.domain.lint_facts`.
RULES: Final[tuple[Rule, ...]] = (
    *NEEDED,
    *READERS,
    *LINKS,
    *PHONES,
    *PERSONAL,
    *PLAIN,
    *DATES,
    *SMS,
    *PROMISES,
    *AREAS,
)


def lint(
    content: MessageContent,
    *,
    phase: str,
    now: datetime,
    configuration: Configuration = DEFAULT,
    audiences: tuple[str, ...] = (),
    before: MessageContent | None = None,
    alerted: bool | None = None,
    asked: frozenset[tuple[str, str]] | None = None,
) -> list[Finding]:
    """All findings, in the order of the rules; `place` is the path of a field. The arguments are those of `Linted`."""
    return findings_of(Linted(content, phase, now, configuration, audiences, before, alerted, asked))


def findings_of(linted: Linted) -> list[Finding]:
    """The same, of what was put together already. What blocks comes first."""
    found = [finding for each in RULES for finding in each.findings(linted)]
    return sorted(found, key=lambda finding: finding.severity != "error")


@dataclass(frozen=True)
class RuleInForce:
    """A rule as it holds at a centre; `why` and `remedy` in its language."""

    rule: str
    severity: Literal["error", "warning", "off"]
    source: str
    why: str
    remedy: str


def rules_in_force(configuration: Configuration = DEFAULT) -> Iterator[RuleInForce]:
    """Every rule, in order."""
    for each in RULES:
        words = each.words
        yield RuleInForce(each.id, each.weighs(configuration.lint), each.source, words.why, words.remedy)
    for rule_id, fact_rule in FACT_RULES.items():
        severity = configuration.lint.rules.get(rule_id, fact_rule.severity)
        yield RuleInForce(rule_id, severity, ONE_TRUTH, fact_rule.words.why, fact_rule.words.remedy)
