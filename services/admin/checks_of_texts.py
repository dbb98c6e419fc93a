"""Checks of the templates, every version that could ever be asked for rendered once, and of the mapping of events."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from services.domain.problems import Problem, Refused
from services.rendering.check import check_templates
from services.rendering.event_mapping import mapping_in_force
from services.rendering.templates import load_templates
from services.runtime.configuration import configuration_in_force

Finding = tuple[Literal["ok", "remark", "problem"], str, str]


async def templates() -> Finding:
    """Nothing is missing for any audience, language, phase, kind and channel."""
    problems = await asyncio.to_thread(lambda: check_templates(load_templates(), configuration_in_force()))
    if problems:
        return _first_of(problems)
    return "ok", "complete for every audience, language, phase and channel", ""


async def events() -> Finding:
    """What comes from outside leads to what the centre wants of it."""
    try:
        mapping = await asyncio.to_thread(lambda: mapping_in_force(configuration_in_force()))
    except Refused as refused:
        return _first_of(refused.problems)
    return "ok", f"{len(mapping.rules)} rules for what comes from outside", ""


def _first_of(problems: Sequence[Problem]) -> Finding:
    first, more = problems[0], f"(and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return "problem", f"{first.place}: {first.problem} {more}".rstrip(), first.remedy
