"""The pages for people in a browser: beautiful is for people to say, the rest is here."""

import re
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import pytest

from services.domain.configuration import DEFAULT
from services.public.documents import Feed
from services.public.pages import list_pages, message_pages, style_sheets
from services.rendering.pages import PAGE_TYPE, style_sheet
from services.rendering.templates import Templates
from services.rendering.verify_page import answer_page, form_page
from services.store.feeds import FeedEntry
from services.store.verification import Verified
from tests.browser.crisis import PAY, START, crisis, told
from tests.browser.sight import Sight
from tests.browser.subject import File

AAA = {"rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}}}
"""Contrast of 7 to 1 (WCAG 1.4.6), and targets that a finger hits (2.5.8), beside what axe-core looks at anyway."""


def feed_of(entries: Sequence[FeedEntry], incident: str | None = None) -> Feed:
    """The current page of a feed, as the builder makes it."""
    audience = entries[0].audience if entries else "public"
    shown = [each for each in entries if incident in (None, each.incident)]
    return Feed(audience, audience, incident, shown, "CCVO", "", DEFAULT)


def site(entries: Sequence[FeedEntry]) -> dict[str, File]:
    """All pages by their address."""
    documents = [*style_sheets(), *list_pages(feed_of(entries))]
    for each in entries:
        documents += message_pages(feed_of(entries, each.incident), each)
    for slug in {each.incident for each in entries}:
        documents += list_pages(feed_of(entries, slug))
    return {
        f"/{each.path.removesuffix('index.html').removesuffix('.html')}": (each.media_type, each.body)
        for each in documents
    }


@pytest.fixture(scope="module")
def public(templates: Templates) -> dict[str, File]:
    return site(crisis(templates))


def test_the_list(sight: Sight, public: dict[str, File]) -> None:
    """Where everybody comes in."""
    sight.look("/", name="list", files=public, axe=AAA).flawless()


@pytest.mark.parametrize(
    ("number", "name"), [(1, "message"), (2, "put-right"), (4, "correction"), (5, "withdrawn"), (3, "all-clear")]
)
def test_a_message(sight: Sight, public: dict[str, File], number: int, name: str) -> None:
    """First, updated, put right, withdrawn, over."""
    path = f"/messages/00000000-0000-0000-0000-{number:012}"
    sight.look(path, name=name, files=public, axe=AAA).flawless()


def test_a_message_on_paper(sight: Sight, public: dict[str, File]) -> None:
    """What hangs on a wall: no menus, and the banner that it was put right."""
    assert sight.shoot(f"/messages/{UUID(int=2)}", name="put-right", files=public).stat().st_size > 0


def test_an_incident(sight: Sight, public: dict[str, File]) -> None:
    """Its timeline."""
    sight.look("/incidents/cyber-2026-014", name="incident", files=public, axe=AAA).flawless()


NASTY = (
    "<script>alert(1)</script> ]]> &amp; \U0001f525\U0001f6a8 بيان عاجل: انقطاع الكهرباء "
    "Hottentottententententoonstellingsvoorbereidingswerkzaamhedencommissievoorzittersverkiezingsuitslagbekendmaking"
)


def test_whatever_a_message_says(sight: Sight, templates: Templates) -> None:
    """Emoji, Arabic, HTML, `]]>`, a word without end: it is text, it stays within the page, and it is read right."""
    content = PAY | {
        "exercise": True, "title": [{"text": NASTY}], "unknown": [{"text": "ما لا نعرفه بعد."}, {"text": NASTY}],
        "actions": [{"text": NASTY}], "area": [NASTY], "expires_at": "2026-12-01T00:00:00Z",
    }  # fmt: skip
    first = told(1, content, templates, audience="governors", title=NASTY)
    second = told(2, content | {"unknown": [{"text": NASTY + " twee"}]}, templates, audience="governors", title=NASTY,
                  hours=2, put_right_by=UUID(int=9), put_right_title=NASTY)  # fmt: skip
    files = site([second, first])
    for path in ("/feeds/governors/__token__/", f"/feeds/governors/__token__/messages/{second.message_id}"):
        page = files[path][1].decode()
        assert "<script" not in page and 'content="noindex, nofollow, noarchive"' in page
        sight.look(path, name=f"nasty-{'message' if 'messages' in path else 'list'}", files=files, axe=AAA).flawless()


def test_is_it_genuine(sight: Sight, templates: Templates) -> None:
    """The form, that it is, that it is not, and in another language."""
    found = Verified(
        "7QK2M-X0RTD", UUID(int=1), "governors", "alert", False, START, "ab" * 32, None, UUID(int=2), START, None, None
    )
    answers = {
        "form": form_page(templates, "nl"),
        "genuine": answer_page(found, "", templates, "nl", DEFAULT),
        "unknown": answer_page(None, "7QK2M-X0RTD", templates, "fr", DEFAULT),
    }
    for name, html in answers.items():
        files: dict[str, File] = {"/verify": ("text/html", html), "/style.css": ("text/css", style_sheet(templates))}
        sight.look("/verify", name=f"verify-{name}", files=files, axe=AAA).flawless()


def test_every_link_leads_somewhere(public: dict[str, File]) -> None:
    """Relative addresses, from every page: to a page, a feed, or the question whether it is genuine."""
    elsewhere = ("/verify", *(f"/feeds/public{of}.{form}" for of in ("", "/incidents/cyber-2026-014",
                 "/incidents/storm-2026-003") for form in ("atom", "rss", "json", "cap")))  # fmt: skip
    for path, (media_type, body) in public.items():
        if media_type == PAGE_TYPE:
            for link in re.findall(r'href="([^"#]+)', body.decode()):
                to = urlsplit(urljoin(f"http://x{path}", link)).path
                assert link.startswith("data:") or to in public or to in elsewhere or to.endswith(".cap"), (path, link)
                assert not link.startswith(("/", "http")), "it also holds below an audience's address"
