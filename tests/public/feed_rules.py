"""The rules that the public feed validators hold a feed to (validator.w3.org/feed, validator.jsonfeed.org), as a test.

Each function returns what is wrong, in words; an empty list is a valid feed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
XHTML = "{http://www.w3.org/1999/xhtml}"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
RFC_822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")
IN_CHANNEL = {"title", "link", "description", "language", "lastBuildDate", "generator", "item"}
IN_ITEM = {"title", "link", "guid", "pubDate", "category", "description"}
IN_FEED = {"id", "title", "subtitle", "updated", "author", "generator", "link", "entry"}
IN_JSON_ITEM = {
    "id", "url", "title", "summary", "content_html", "date_published", "date_modified", "language", "tags",
    "attachments",
}  # fmt: skip
IN_ENTRY = {"id", "title", "published", "updated", "link", "category", "summary", "content"}


def wrong_with_atom(body: bytes, self_url: str) -> list[str]:
    """RFC 4287, and what the validator adds."""
    feed = etree.fromstring(body)
    return [*_parsed(body, "atom10"), *_atom_feed(feed, self_url), *_atom_entries(feed)]


def wrong_with_rss(body: bytes, self_url: str) -> list[str]:
    """rssboard.org's specification and its best practices profile."""
    channel = etree.fromstring(body)[0]
    return [*_parsed(body, "rss20"), *_rss_channel(channel, self_url), *_rss_items(channel)]


def wrong_with_json(body: bytes, self_url: str) -> list[str]:
    """JSON Feed 1.1."""
    return list(_json(json.loads(body), self_url))


def _parsed(body: bytes, version: str) -> Iterator[str]:
    parsed = feedparser.parse(body)
    if parsed.bozo:
        yield f"feedparser: {parsed.bozo_exception}"
    if parsed.version != version:
        yield f"feedparser takes it for {parsed.version}"


def _atom_feed(feed: Any, self_url: str) -> Iterator[str]:
    if feed.tag != f"{ATOM}feed":
        yield f"root {feed.tag}"
    yield from _unknown(feed, ATOM, IN_FEED, {f"{HISTORY}archive"})
    yield from _exactly_one(feed, ATOM, "id", "title", "updated", "author")
    yield from _dates(feed.iterfind(f"{ATOM}updated"), RFC_3339)
    yield from _self(feed, self_url)
    if not (feed.findtext(f"{ATOM}title") or "").strip() or not feed.findtext(f"{ATOM}author/{ATOM}name"):
        yield "no title, or an author without name"
    for subtitle in feed.iterfind(f"{ATOM}subtitle[@type='xhtml']"):
        if [child.tag for child in subtitle] != [f"{XHTML}div"]:
            yield "xhtml without its one div"


def _atom_entries(feed: Any) -> Iterator[str]:
    entries = feed.findall(f"{ATOM}entry")
    yield from _unique([entry.findtext(f"{ATOM}id") for entry in entries])
    for entry in entries:
        yield from _unknown(entry, ATOM, IN_ENTRY, set())
        yield from _exactly_one(entry, ATOM, "id", "title", "published", "updated", "summary", "content")
        yield from _dates([*entry.iterfind(f"{ATOM}updated"), *entry.iterfind(f"{ATOM}published")], RFC_3339)
        yield from _links(entry)
        if urlsplit(entry.findtext(f"{ATOM}id") or "").scheme not in {"tag", "urn"}:
            yield f"id {entry.findtext(f'{ATOM}id')}"
        if datetime.fromisoformat(entry.findtext(f"{ATOM}updated")) < datetime.fromisoformat(
            entry.findtext(f"{ATOM}published")
        ):
            yield "updated before it was published"
        if len(entry.findall(f"{ATOM}link[@rel='alternate'][@type='text/html']")) != 1:
            yield "not one page for people"
        if not all(category.get("term") for category in entry.iterfind(f"{ATOM}category")):
            yield "a category without term"


def _rss_channel(channel: Any, self_url: str) -> Iterator[str]:
    yield from _unknown(channel, "", IN_CHANNEL, {f"{ATOM}link", f"{HISTORY}archive"})
    yield from _exactly_one(channel, "", "title", "link", "description", "language")
    yield from _dates(channel.iterfind("lastBuildDate"), RFC_822)
    yield from _self(channel, self_url)
    if not LANGUAGE.fullmatch(channel.findtext("language") or ""):
        yield "language"
    yield from _absolute([channel.findtext("link")])


def _rss_items(channel: Any) -> Iterator[str]:
    items = channel.findall("item")
    yield from _unique([item.findtext("guid") for item in items])
    for item in items:
        ours = {f"{DC}creator", f"{DC}language", f"{CONTENT}encoded", f"{ATOM}updated", f"{ATOM}link"}
        yield from _unknown(item, "", IN_ITEM, ours)
        yield from _exactly_one(item, "", "title", "link", "guid", "pubDate", "description")
        yield from _dates(item.iterfind("pubDate"), RFC_822)
        yield from _absolute([item.findtext("link")])
        if item.find("guid").get("isPermaLink") != "false":
            yield "a guid that is taken for an address"
        if re.search(r"<[a-z/!]", item.findtext("description") or ""):
            yield "a description with markup that was meant as text"


def _json(feed: dict[str, Any], self_url: str) -> Iterator[str]:
    if feed["version"] != "https://jsonfeed.org/version/1.1" or not feed["title"]:
        yield "version or title"
    if feed["feed_url"] != self_url:
        yield f"feed_url {feed['feed_url']}"
    yield from _absolute([feed["home_page_url"], feed["feed_url"], *([feed["next_url"]] if "next_url" in feed else [])])
    if not all(author.keys() & {"name", "url", "avatar"} for author in feed["authors"]):
        yield "an author without anything"
    yield from _unique([item["id"] for item in feed["items"]])
    for item in feed["items"]:
        if not isinstance(item["id"], str) or not (item.get("content_html") or item.get("content_text")):
            yield "an item without content"
        yield from _absolute([item["url"]])
        if not all(RFC_3339.fullmatch(item[name]) for name in ("date_published", "date_modified")):
            yield "dates"
        for attached in item.get("attachments", ()):
            yield from _absolute([attached["url"]])
            if "/" not in attached["mime_type"]:
                yield "an attachment of no type"
        if extra := [name for name in item.keys() - IN_JSON_ITEM if not name.startswith("_")]:
            yield f"unknown {extra}"


def _unknown(parent: Any, namespace: str, known: set[str], besides: set[str]) -> Iterator[str]:
    for child in parent:
        if child.tag not in {namespace + name for name in known} | besides:
            yield f"unknown {child.tag} in {parent.tag}"


def _exactly_one(parent: Any, namespace: str, *names: str) -> Iterator[str]:
    for name in names:
        if (found := len(parent.findall(namespace + name))) != 1:
            yield f"{found} of {name} in {parent.tag}"


def _dates(elements: Any, form: re.Pattern[str]) -> Iterator[str]:
    for element in elements:
        text = element.text or ""
        if not form.fullmatch(text) or (form is RFC_822 and parsedate_to_datetime(text).strftime("%a") != text[:3]):
            yield f"{element.tag} {text}"


def _self(parent: Any, url: str) -> Iterator[str]:
    found = [link.get("href") for link in parent.iterfind(f"{ATOM}link[@rel='self']")]
    if found != [url]:
        yield f"self is {found}, not {url}"
    yield from _links(parent)


def _links(parent: Any) -> Iterator[str]:
    links = parent.findall(f"{ATOM}link")
    yield from _absolute([link.get("href") for link in links])
    several = Counter((link.get("rel"), link.get("type"), link.get("hreflang")) for link in links)
    if several[("alternate", "text/html", None)] > 1:
        yield "two alternates of a type"


def _absolute(urls: list[str | None]) -> Iterator[str]:
    for url in urls:
        if urlsplit(url or "").scheme not in {"http", "https"} or not urlsplit(url or "").netloc:
            yield f"not absolute: {url}"


def _unique(ids: list[Any]) -> Iterator[str]:
    if twice := [each for each, times in Counter(ids).items() if times > 1 or not each]:
        yield f"ids that are not unique: {twice}"
