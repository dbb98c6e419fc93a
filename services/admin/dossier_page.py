"""The first page of a dossier, in Dutch, for who never saw Roeland. It needs nothing but a browser."""

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jinja2

from services.admin import dossier_words as words
from services.domain.variants import Variant
from services.rendering.centre import RenderingSettings
from services.store.dossier import Record
from services.store.messages import Message

if TYPE_CHECKING:
    from services.admin.dossier_parts import Counted, Moment, Who


def page(
    record: Record,
    counted: "Counted",
    moments: "Sequence[Moment]",
    variants: Sequence[tuple[str, Variant]],
    who: "Who",
    *,
    reasons: bool,
) -> str:
    """The page; every text in it is escaped."""
    settings = RenderingSettings()
    zone = ZoneInfo(settings.timezone)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["moment"] = lambda moment: words.in_full(moment, zone)
    source = (resources.files("services.admin") / "data" / "dossier.html.j2").read_text("utf-8")
    return environment.from_string(source).render(
        centre=settings.centre_name, timezone=settings.timezone, record=record, shown=record.shown, words=words,
        title=title_of(record.shown), counted=counted, moments=moments, variants=variants, who=who, reasons=reasons,
        table=_table(counted),
    )  # fmt: skip


def title_of(message: Message) -> str:
    """The title in the message's own language, else the first."""
    titles = message.content.get("title") or []
    language = message.content.get("language")
    own = next((each["text"] for each in titles if each.get("language") == language), None)
    return str(own or (titles[0]["text"] if titles else ""))


def _table(counted: "Counted") -> list[dict[str, Any]]:
    """A row for each audience and channel, with its states in words."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for (audience, channel, state), count in sorted(counted.states.items()):
        row = rows.setdefault((audience, channel), {"audience": audience, "channel": channel, "total": 0, "states": []})
        row["total"] += count
        row["states"].append((words.STATES.get(state, state), count))
    return list(rows.values())
