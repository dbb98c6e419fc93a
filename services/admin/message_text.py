"""A message that is not submitted yet, as its readers would get it: a mark in the slots, the SMS with its size."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from services.admin.answers import table
from services.domain.configuration import CHANNELS, Configuration
from services.domain.content import MessageContent
from services.domain.texts import measure
from services.domain.variants import Variant, fill, slots_for
from services.rendering.render import render_all
from services.rendering.request import Corrected
from services.rendering.templates import load_templates
from services.store.recipients import MOST_NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from services.admin.situation import Situation

EXAMPLE: Final = slots_for(
    name="[naam]", organisation="[organisatie]", municipality="[gemeente]", role="[functie]"
)  # what stands in a preview where each reader's own will stand
NO_ID: Final = "00000000-0000-7000-8000-000000000000"
WHY: Final = {"mail": "no mail address", "sms": "no number"}


def rendered(
    content: MessageContent, configuration: Configuration, situation: "Situation | None" = None
) -> list[Variant]:
    """Every version; without a situation (no server) as if it were the first of its incident. Raises `Refused`."""
    return render_all(
        content if content.channels else content.model_copy(update={"channels": CHANNELS}),
        phase=situation.phase if situation else content.phase or "acute",
        message_id=NO_ID,
        templates=load_templates(),
        incident_title=situation.incident_title if situation else content.title[0].text,
        issued_at=datetime.now(UTC),
        corrected=(situation.corrected if situation else None) or _supposed(content),
        audiences=situation.audiences if situation else None,
        also=situation.also if situation else None,
        configuration=configuration,
    )


def about(variant: Variant) -> dict[str, Any]:
    """A version for programs; an SMS with its encoding and segments."""
    document: dict[str, Any] = {
        "audience": variant.audience,
        "language": variant.language,
        "channel": variant.channel,
        "subject": fill(variant.subject, EXAMPLE),
        "text": fill(variant.text, EXAMPLE),
    }
    return document | asdict(measure(document["text"])) if variant.channel == "sms" else document


def show_versions(out: "Console", variants: Sequence[Variant]) -> None:
    """Every version, one after the other."""
    from rich.rule import Rule
    from rich.text import Text

    for variant in variants:
        shown = about(variant)
        out.print(Rule(Text(f"{variant.audience} · {variant.language} · {variant.channel}"), align="left"))
        if shown["subject"]:
            out.print(Text(shown["subject"], style="bold"))
        out.print(Text(shown["text"]))
        if variant.channel == "sms":
            out.print(f"({shown['encoding']}, {shown['segments']} segments, {shown['characters']} characters)")
        out.print()


def who(situation: "Situation") -> dict[str, Any]:
    """Recipients and who would not be reached, for programs."""
    return {
        "recipients": sum(each.contacts for each in situation.reached),
        "audiences": [asdict(each) for each in situation.reached],
        "not_reached": [{**asdict(each), "reason": WHY[each.channel]} for each in situation.missed],
    }


def show_who(out: "Console", situation: "Situation") -> None:
    """The same, for people."""
    rows = [(each.audience, each.contacts, each.without_mail, each.without_number) for each in situation.reached]
    out.print(table(["audience", "recipients", "without mail", "without number"], rows))
    if situation.missed:
        most = f" (the first {MOST_NAMES})" if len(situation.missed) == MOST_NAMES else ""
        missed = [(each.name, each.audience, each.channel, WHY[each.channel]) for each in situation.missed]
        out.print(table([f"not reached{most}", "audience", "channel", "why"], missed))


def _supposed(content: MessageContent) -> Corrected | None:
    if content.kind != "correction":
        return None
    unknown = [{"text": "[titel]", "language": text.language} for text in content.title]
    said = [{"text": [{"text": "[wat dat bericht zei]", "language": text.language}]} for text in content.title]
    before = {"kind": "alert", "corrects": None, "wrong": (), "title": unknown, "key_messages": said}
    return Corrected(MessageContent.model_validate(content.model_dump() | before), datetime.now(UTC))
