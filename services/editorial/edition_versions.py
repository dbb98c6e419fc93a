"""Every version of an edition: for each audience that has something in it, each language, each province in it."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from services.domain.configuration import Configuration
from services.domain.edition_selection import languages_of, provinces_of, readers_of, view_of
from services.domain.edition_stories import Released
from services.domain.editions import EditionContent
from services.domain.problems import Problem, Refused
from services.domain.variants import Variant
from services.editorial.desk import Desk
from services.rendering.edition import render_edition
from services.rendering.templates import Templates
from services.runtime.postgres import Connection
from services.store import edition_items


async def versions_of(connection: Connection, content: EditionContent, message_id: UUID, desk: Desk) -> list[Variant]:
    """All of them. Raises Refused, with file and line, for a template or an audience that cannot be had.

    It takes seconds, and editorial goes on meanwhile.
    """
    told = await edition_items.released(connection, content.items)
    return await asyncio.to_thread(rendered, content, told, str(message_id), desk.templates, desk.configuration)


def rendered(
    content: EditionContent,
    told: Mapping[UUID, Released],
    message_id: str,
    templates: Templates,
    configuration: Configuration,
) -> list[Variant]:
    """The same, from what it tells."""
    audiences = configuration.in_order(readers_of(content))
    if gone := set(audiences) - set(configuration.audience_ids):
        what = f"{', '.join(sorted(gone))} is configured no more."
        raise Refused([Problem("audiences", what, "Configure it again, or take it out of the newsletter.")])
    return [
        render_edition(
            view_of(
                content, told, audience=audience, language=language, province=province, configuration=configuration
            ),
            message_id=message_id,
            templates=templates,
        )
        for audience in audiences
        if "mail" in configuration.audience(audience).channels
        for language in languages_of(content)
        if language in configuration.languages
        for province in ("", *provinces_of(content, audience, told))
    ]
