"""A message file with its facts in it, or with marks in their place where no server is asked."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from services.domain.content import MessageContent
from services.domain.fact_references import references
from services.domain.facts import Resolution, resolution_of, resolve, supposed
from services.domain.lint_facts import lint_facts
from services.domain.lint_settings import LintSettings
from services.domain.problems import Finding
from services.domain.yaml_text import dotted

if TYPE_CHECKING:
    from services.runtime.postgres import Connection


def without_facts(content: MessageContent) -> tuple[Resolution, list[dict[str, Any]]]:
    """`[key]` where a fact will stand; and a finding for each reference, for nothing is known of facts here."""
    said = [
        Finding(
            "warning",
            dotted(placed.path),
            f"Feit {placed.key} is hier niet bekend: dit is er niet aan getoetst.",
            "`roeland message preview` toetst het aan wat vastligt.",
            "fact-unknown-here",
        )
        for placed in references(content)
    ]
    return resolution_of(content, supposed(content)), [asdict(each) for each in said]


async def with_facts(
    connection: "Connection", content: MessageContent, settings: LintSettings
) -> tuple[Resolution, list[dict[str, Any]]]:
    """The facts as they are now, and what lint says of their use. Raises `Refused` for what cannot be found."""
    from services.store import facts

    known = {key: each.fact for key, each in (await facts.current(connection, content.incident)).items()}
    resolve(content, known)
    return resolution_of(content, known), [asdict(each) for each in lint_facts(content, known, settings)]
