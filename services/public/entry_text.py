"""What an entry says in any form: the mark before its title, the notices above its text, its id and address. Pure."""

import re
from html import escape
from typing import Final

from services.public.documents import Feed, message_path
from services.store.feeds import FeedEntry

PUT_RIGHT: Final = {
    "nl": ("RECHTGEZET", "Dit bericht is rechtgezet. Lees:"),
    "fr": ("RECTIFIÉ", "Ce message a été rectifié. Lisez :"),
    "en": ("PUT RIGHT", "This message has been put right. Read:"),
    "de": ("BERICHTIGT", "Diese Mitteilung wurde berichtigt. Lesen Sie:"),
}
"""Before the title, and above the text, of what a correction put right."""

WITHDRAWN: Final = {
    "nl": ("INGETROKKEN", "Wij hebben dit bericht ingetrokken. Gebruik het niet meer."),
    "fr": ("RETIRÉ", "Nous avons retiré ce message. N’en tenez plus compte."),
    "en": ("WITHDRAWN", "We have withdrawn this message. Please stop using it."),
    "de": ("ZURÜCKGEZOGEN", "Wir haben diese Mitteilung zurückgezogen. Bitte verwenden Sie sie nicht mehr."),
}
"""The same of what was withdrawn, which counts before that."""

RIGHTS: Final = {
    "nl": "Dit bericht zet recht:", "fr": "Ce message rectifie :", "en": "This message puts right:",
    "de": "Diese Mitteilung berichtigt:",
}  # fmt: skip

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def entry_id(entry: FeedEntry) -> str:
    """The same for ever; another for each audience, for each reads its own version."""
    return entry.entry_id or f"{entry.message_id.urn}#{entry.audience}"


def title_of(entry: FeedEntry) -> str:
    """With a mark before it if it no longer holds. That of a correction is in its title since it was rendered."""
    if entry.withdrawn_at:
        return plain(f"{_said(WITHDRAWN, entry)[0]}: {entry.title}")
    if entry.put_right_by:
        return plain(f"{_said(PUT_RIGHT, entry)[0]}: {entry.title}")
    return plain(entry.title)


def summary_of(entry: FeedEntry) -> str:
    """Text, with what became of it first."""
    notices = [_said(WITHDRAWN, entry)[1]] if entry.withdrawn_at else []
    if entry.put_right_by:
        notices.append(f"{_said(PUT_RIGHT, entry)[1]} {entry.put_right_title or ''}".strip())
    return plain("\n".join([*notices, entry.summary]))


def html_of(feed: Feed, entry: FeedEntry) -> str:
    """The HTML that our templates made, with what became of it above and a link to what belongs to it."""
    notices = []
    if entry.withdrawn_at:
        notices.append(f"<strong>{escape(_said(WITHDRAWN, entry)[1])}</strong>")
    for said, message_id, title in (
        (_said(PUT_RIGHT, entry)[1], entry.put_right_by, entry.put_right_title),
        (RIGHTS.get(entry.language, RIGHTS["nl"]), entry.corrects, entry.corrects_title),
    ):
        if message_id:
            href = escape(feed.address(message_path(entry.audience, message_id)))
            notices.append(f'<strong>{escape(said)}</strong> <a href="{href}">{escape(title or str(message_id))}</a>')
    return plain("".join(f"<p>{notice}</p>\n" for notice in notices) + entry.html)


def page_of(feed: Feed, entry: FeedEntry) -> str:
    """The address of its page for people."""
    return feed.address(message_path(entry.audience, entry.message_id))


def plain(text: str) -> str:
    """Without the few characters that no XML document can hold; in every form, so that all say the same."""
    return _NOT_XML.sub("", text)


def _said(words: dict[str, tuple[str, str]], entry: FeedEntry) -> tuple[str, str]:
    return words.get(entry.language, words["nl"])
