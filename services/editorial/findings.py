"""What lint says of a submitted message, with all that the record knows around it; what blocks refuses it."""

from dataclasses import replace
from datetime import datetime

from services.domain.content import MessageContent
from services.domain.lint import lint
from services.domain.problems import Finding, Problem, Refused
from services.editorial.desk import Desk
from services.editorial.facts import Stated, blocking
from services.editorial.given import judge
from services.rendering.asked import asked_by_templates
from services.runtime.postgres import Connection
from services.store.said_before import said_before


async def judged(
    connection: Connection,
    stated: Stated,
    audiences: tuple[str, ...],
    *,
    phase: str,
    now: datetime,
    desk: Desk,
) -> list[Finding]:
    """The findings that do not block. Raises Refused with everything that does, of the hard rules and of lint."""
    content = stated.content
    before = await said_before(connection, content.incident, audiences)
    found = lint(
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
    findings = stated.findings + [replace(each, place=stated.resolution.place(each.place)) for each in found]
    if problems := _hard(stated, audiences, desk, now) + blocking(findings):
        raise Refused(list({problem.place + problem.problem: problem for problem in problems}.values()))
    return findings


def _hard(stated: Stated, audiences: tuple[str, ...], desk: Desk, now: datetime) -> list[Problem]:
    try:
        judge(stated.content, audiences, desk.configuration, now, stated.resolution.origin)
    except Refused as refused:
        return refused.problems
    return []
