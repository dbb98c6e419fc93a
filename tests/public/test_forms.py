"""A feed as Atom, RSS and JSON: pure, read back, and held to the rules of the public validators."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import feedparser
import pytest
from lxml import etree

from services.public import feed_head
from services.public.atom import atom
from services.public.documents import TOKEN, Feed
from services.public.json_feed import json_feed
from services.public.rss import rss
from services.rendering.templates import RenderingSettings, load_templates, our_folder
from tests.public.entries import AT, entry, feed
from tests.public.feed_rules import wrong_with_atom, wrong_with_json, wrong_with_rss

FORMS = {"atom": (atom, wrong_with_atom), "rss": (rss, wrong_with_rss), "json": (json_feed, wrong_with_json)}
every_form = pytest.mark.parametrize("form", FORMS)

NASTY = 'عاجل 🚨 </title><script>alert("1")</script> ]]> & &amp; {{ 7*7 }} é'
UNPRINTABLE = "\x00\x0b\ufffe\ud800"


def made(form: str, shown: Feed) -> bytes:
    """The one document of this form."""
    [document] = FORMS[form][0](shown)
    assert document.modified == shown.modified
    return document.body


def wrong(form: str, shown: Feed, path: str = "feeds/public") -> list[str]:
    return FORMS[form][1](made(form, shown), f"https://crisis.example/roeland/{path}.{form}")


@every_form
def test_every_kind_of_entry_is_valid(form: str) -> None:
    """Whatever a feed may show, each validator's rules hold; so do they for one in which nothing ever stood."""
    later = AT + timedelta(hours=1)
    shown = [
        entry(4, title=NASTY, summary=NASTY, html=f"<p>{UNPRINTABLE}</p>", incident_title=NASTY),
        entry(3, kind="correction", corrects=UUID(int=1), corrects_title=NASTY),
        entry(2, withdrawn_at=later, updated_at=later, language="fr"),
        entry(1, put_right_by=UUID(int=3), put_right_title=NASTY, updated_at=later, entry_id=None),
    ]
    assert wrong(form, feed(*shown)) == []
    assert wrong(form, feed()) == []
    assert wrong(form, feed(*shown, incident="cyber-2026-014"), "feeds/public/incidents/cyber-2026-014") == []
    assert wrong(form, feed(*shown, older=2)) == []
    assert wrong(form, feed(*shown, page=2, older=1, newer=3), "feeds/public/archive/2") == []


@every_form
def test_text_stays_text_whatever_it_holds(form: str) -> None:
    """A title is shown as it was written; what no XML can hold is left out in every form, so that all say the same."""
    document = made(form, feed(entry(title=NASTY + UNPRINTABLE)))
    assert _title(form, document) == NASTY
    assert b"<script>" not in document or form == "json"


@every_form
def test_the_same_entries_make_the_same_bytes(form: str) -> None:
    """An ETag holds in every copy of `public`, and after a restart."""
    assert made(form, feed(entry(2), entry(1))) == made(form, feed(entry(2), entry(1)))


@every_form
def test_a_closed_feed_has_a_place_for_its_readers_token(form: str) -> None:
    """The document is made once for all readers; each sees its own address in it."""
    shown = feed(entry(audience="governors"), audience="governors")
    body = made(form, shown)
    assert f"/feeds/governors/{TOKEN}.{form}".encode() in body
    assert f"/feeds/governors/{TOKEN}/messages/{UUID(int=1)}".encode() in body
    filled = body.replace(TOKEN.encode(), b"k1.abc_-")
    assert FORMS[form][1](filled, f"https://crisis.example/roeland/feeds/governors/k1.abc_-.{form}") == []


@every_form
def test_what_became_of_an_entry_comes_before_anything_else(form: str) -> None:
    """Lists of readers show titles only: one that no longer holds must say so there."""
    put_right = entry(put_right_by=UUID(int=3), put_right_title="Juist")
    assert _title(form, made(form, feed(put_right))) == "RECHTGEZET: Titel"
    both = replace(put_right, withdrawn_at=AT)
    assert _title(form, made(form, feed(both))) == "INGETROKKEN: Titel"
    document = made(form, feed(both)).decode()
    assert f"/messages/{UUID(int=3)}" in document and "Juist" in document


def test_json_says_what_it_has_no_word_for() -> None:
    """A website that lists our messages need not read prose to know which still hold."""
    shown = json.loads(made("json", feed(entry(1, put_right_by=UUID(int=3)), entry(3, corrects=UUID(int=1)))))
    first, second = (item["_roeland"] for item in shown["items"])
    assert first["corrected_by"] == second["message"] and second["corrects"] == first["message"]
    assert first["incident"] == {"id": "cyber-2026-014", "title": "Loonmotor", "type": "cyber"}


def _title(form: str, document: bytes) -> str:
    if form == "json":
        return str(json.loads(document)["items"][0]["title"])
    parsed = feedparser.parse(document, sanitize_html=False, resolve_relative_uris=False)
    return str(parsed.entries[0].title)


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [
        ("", "", "Zet het adres van deze feed in een feedlezer, of lees de berichten op een pagina."),
        ("Zet het adres van deze feed in een feedlezer, of", "Volg ons, of", "Volg ons, of lees de berichten op een"),
    ],
)
def test_a_centre_words_itself_what_a_feed_says_to_people(
    ours: str, theirs: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read by whoever clicks on a feed, and stood in code before."""
    path = tmp_path / "words" / "pages.nl.yaml"
    path.parent.mkdir()
    path.write_text((our_folder() / "words/pages.nl.yaml").read_text().replace(ours, theirs))
    own = load_templates(RenderingSettings(templates_dir=tmp_path))
    monkeypatch.setattr(feed_head, "templates", lambda: own)
    subtitle = etree.fromstring(made("atom", feed(entry(1)))).find("{http://www.w3.org/2005/Atom}subtitle")
    assert subtitle is not None
    assert shown in "".join(str(each) for each in subtitle.itertext())


def test_a_feed_whose_words_are_wrong_is_made_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines read it first; a slip in a centre's own file must not silence it."""
    path = tmp_path / "words" / "pages.nl.yaml"
    path.parent.mkdir()
    path.write_text((our_folder() / "words/pages.nl.yaml").read_text().replace("\nfeed:\n", "\nfed:\n"))
    own = load_templates(RenderingSettings(templates_dir=tmp_path))
    monkeypatch.setattr(feed_head, "templates", lambda: own)
    assert wrong("atom", feed(entry(1))) == []
