"""What lint says of a submitted message, with all that the record knows around it; what blocks refuses it."""

from datetime import datetime

from services.domain.content import MessageContent
from services.domain.lint import lint
from services.domain.problems import Blocked, Finding, Problem, Refused
from services.editorial.desk import Desk
from services.editorial.given import judge
from services.rendering.asked import asked_by_templates
from services.runtime.postgres import Connection
from services.store.said_before import said_before


async def judged(
    connection: Connection,
    content: MessageContent,
    audiences: tuple[str, ...],
    *,
    phase: str,
    now: datetime,
    desk: Desk,
) -> list[Finding]:
    """The findings that do not block. Raises Refused with everything that does, of the hard rules and of lint."""
    before = await said_before(connection, content.incident, audiences)
    findings = lint(
        content,
        phase=phase,
        now=now,
        configuration=desk.configuration,
        audiences=audiences,
        before=MessageContent.model_validate(before.content) if before.content else None,
        alerted=before.alerted,
        asked=asked_by_templates(
            content, phase=phase, templates=desk.templates, audiences=audiences, configuration=desk.configuration
        ),
    )
    if problems := _hard(content, audiences, desk, now) + _blocking(findings):
        raise Refused(list({problem.place + problem.problem: problem for problem in problems}.values()))
    return findings


def _hard(content: MessageContent, audiences: tuple[str, ...], desk: Desk, now: datetime) -> list[Problem]:
    try:
        judge(content, audiences, desk.configuration, now)
    except Refused as refused:
        return refused.problems
    return []


def _blocking(findings: list[Finding]) -> list[Problem]:
    return [Blocked(f.place, f.problem, f.remedy, f.rule, f.source) for f in findings if f.severity == "error"]
