"""The feed of alerts, as a reader of feeds gets it, and as a machine that looks for alerts does."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedparser
from lxml import etree

from services.public.atom import atom
from services.public.cap import cap_alerts, cap_feed
from services.public.documents import TOKEN, Document, Feed
from services.public.json_feed import json_feed
from services.public.rss import rss
from tests.public.cap_reader import NAMESPACE, read
from tests.public.caps import URL, feed, told
from tests.public.entries import AT
from tests.public.feed_rules import wrong_with_atom


def _feed(among: Feed) -> tuple[Document, Any]:
    """The feed, held to the rules of every other, but for what is CAP's and the text, which stands elsewhere."""
    [document] = cap_feed(among)
    wrong = wrong_with_atom(document.body, f"{URL}/{document.path}")
    assert [each for each in wrong if NAMESPACE not in each and "content" not in each] == []
    parsed = feedparser.parse(document.body)
    assert (parsed.bozo, parsed.version) == (False, "atom10")
    return document, parsed


def test_each_alert_has_an_entry_with_a_link_to_it_the_latest_first() -> None:
    """A machine follows the link of type application/cap+xml, and finds there the alert that the entry tells of."""
    among = feed(told(1), told(2, "update", minutes=10))
    document, parsed = _feed(among)
    assert (document.path, document.media_type) == ("feeds/public.cap", "application/atom+xml")
    made = {f"{URL}/{each.path}": each for entry in among.entries for each in cap_alerts(among, entry)}
    assert [entry.updated_parsed for entry in parsed.entries] == sorted(
        (entry.updated_parsed for entry in parsed.entries), reverse=True
    )
    for entry in parsed.entries:
        [link] = [each for each in entry.links if each.type == "application/cap+xml"]
        assert made[link.href].media_type == "application/cap+xml"
        assert entry.title == read(made[link.href].body).infos[0].headline
    assert len({entry.id for entry in parsed.entries}) == 2


def test_the_elements_beside_a_link_are_those_of_the_alert() -> None:
    """A reader may choose by them and never fetch the rest, so they must be the same."""
    among = feed(told(1, content={"area": ["Gent", "Aalst"]}, expires_at=AT + timedelta(hours=1)))
    document, _ = _feed(among)
    [beside] = etree.fromstring(document.body).findall("{http://www.w3.org/2005/Atom}entry")
    [made] = cap_alerts(among, among.entries[0])
    alert = read(made.body)
    said = {name: beside.findtext(f"{NAMESPACE}{name}") for name in ("identifier", "sender", "sent", "status", "scope")}
    assert said == {name: alert.fields[name] for name in said}
    for name in ("category", "event", "urgency", "severity", "certainty", "effective", "expires", "responseType"):
        assert [each.text for each in beside.findall(f"{NAMESPACE}{name}")] == alert.infos[0].fields[name]
    assert beside.findtext(f"{NAMESPACE}areaDesc") == "Gent; Aalst"


def test_a_withdrawal_comes_on_top_and_the_alert_stays() -> None:
    """Whoever reads from the top down hears first what must not be followed any more."""
    first = told(1, withdrawn_at=AT + timedelta(minutes=30), updated_at=AT + timedelta(minutes=30))
    _, parsed = _feed(feed(first, told(2, "update", minutes=10)))
    assert [entry.title for entry in parsed.entries] == ["INGETROKKEN: Titel", "Titel", "Titel"]
    assert parsed.entries[0].links[-1].href.endswith(f"{first.message_id}-cancel.cap")
    assert parsed.entries[-1].links[-1].href.endswith(f"{first.message_id}.cap")


def test_a_feed_of_an_audience_is_below_its_own_address() -> None:
    """No document holds anyone's token: where it belongs stands a mark, which `public` fills in."""
    each = told(1, audience="governors")
    document, parsed = _feed(feed(each, audience="governors"))
    assert document.path == f"feeds/governors/{TOKEN}.cap"
    assert parsed.entries[0].links[-1].href == f"{URL}/feeds/governors/{TOKEN}/messages/{each.message_id}.cap"


def test_a_feed_of_an_incident_links_the_same_alerts() -> None:
    """An alert is one document, whichever feed leads to it."""
    among = feed(told(1), incident="cyber-2026-014")
    document, parsed = _feed(among)
    assert document.path == "feeds/public/incidents/cyber-2026-014.cap"
    assert parsed.entries[0].links[-1].href == f"{URL}/messages/{among.entries[0].message_id}.cap"


def test_an_empty_feed_is_a_feed_and_archives_have_none() -> None:
    """Before the first message, and of what nobody needs an alarm for any more."""
    _, parsed = _feed(feed())
    assert parsed.entries == []
    assert not list(cap_feed(feed(told(1), page=1)))


def test_what_is_no_alert_is_in_no_feed_of_alerts() -> None:
    """Editions repeat; an exercise in the open feed would be believed."""
    _, parsed = _feed(feed(told(1, kind="alert", exercise=True)))
    assert parsed.entries == []


def test_every_other_feed_leads_to_the_alert_too() -> None:
    """Whoever follows a feed for people finds the alert for machines beside each message."""
    among = feed(told(1), told(2, "update", minutes=3))
    wanted = {f"{URL}/messages/{entry.message_id}.cap" for entry in among.entries}
    for make in (atom, rss):
        [document] = make(among)
        links = [link for entry in feedparser.parse(document.body).entries for link in entry.links]
        assert {link.href for link in links if link.get("type") == "application/cap+xml"} == wanted
    [document] = json_feed(among)
    items = json.loads(document.body)["items"]
    assert {each["url"] for item in items for each in item["attachments"]} == wanted
    [document] = atom(feed(replace(told(1), kind="edition")))
    assert b"cap+xml" not in document.body
