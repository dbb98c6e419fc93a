"""An edition that was too long for a mail is there in full behind the reader's link."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent, Text
from services.domain.edition_selection import Released, view_of
from services.domain.editions import EditionContent, EditionItem
from services.public.reader_whole import Uncut, WholeEditions, is_cut
from services.rendering.edition import render_edition
from services.rendering.templates import Templates, load_templates

MESSAGE = UUID(int=1)
AT = datetime(2026, 11, 26, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


@pytest.mark.parametrize(("stories", "cut"), [(1, False), (30, True)])
async def test_what_the_mail_had_no_room_for_is_on_the_page(templates: Templates, stories: int, cut: bool) -> None:
    """A mail that leaves something out is known by its links; the page has every story, and the mail's own links."""
    uncut = _edition(stories, templates)
    assert is_cut(uncut.mailed.html) == cut
    whole = await WholeEditions(templates, DEFAULT).made(uncut)
    assert all(f"Feit {number} van verhaal." in whole.html for number in range(stories))
    assert not is_cut(whole.html) and "/unsubscribe" in whole.html
    assert not cut or f"Feit {stories - 1} van verhaal." not in uncut.mailed.html


async def test_what_cannot_be_made_any_more_is_shown_as_it_was_mailed(templates: Templates) -> None:
    """An audience that is configured no more, or a template that was broken since: no reader gets an error."""
    uncut = _edition(30, templates)
    fewer = DEFAULT.model_copy(update={"audiences": DEFAULT.audiences[1:]})
    assert await WholeEditions(templates, fewer).made(uncut) is uncut.mailed


def _edition(stories: int, templates: Templates) -> Uncut:
    told = {UUID(int=number + 10): _released(number) for number in range(stories)}
    content = EditionContent(
        incident="newsletter-x", newsletter=1, date=date(2026, 11, 26), number=1, title=(Text(text="Brief"),),
        audiences=("governors",), composed_at=AT,
        items=tuple(
            EditionItem(incident=each.content.incident, message=each.id, audiences=("governors",))
            for each in told.values()
        ),
    )  # fmt: skip
    view = view_of(content, told, audience="governors", language="nl", configuration=DEFAULT)
    return Uncut(MESSAGE, content, told, render_edition(view, message_id=str(MESSAGE), templates=templates))


def _released(number: int) -> Released:
    point = {"text": [{"text": f"Kern {number}."}], "facts": [{"text": f"Feit {number} van verhaal."}]}
    content = MessageContent.model_validate({
        "incident": f"incident-{number}", "kind": "update", "urgency": "routine", "audiences": ["governors"],
        "title": [{"text": f"Titel {number}"}], "channels": ["mail"], "key_messages": [point],
    })  # fmt: skip
    return Released(UUID(int=number + 10), content, "acute", f"Incident {number}", AT)
