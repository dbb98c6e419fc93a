"""A CAP for the public never carries what only an audience may know; and whatever is written, it is valid CAP."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.domain.selection import languages_of, select
from services.domain.texts import few_lines, one_line
from services.public.cap import cap_alerts, cap_feed
from services.public.cap_words import LANGUAGES
from tests.public.cap_reader import read
from tests.public.caps import documents, feed, sent, told
from tests.public.entries import AT

SECRET = "GEHEIM"


def _only(audience: str, **more: Any) -> dict[str, Any]:
    return {"text": f"{SECRET} {audience}", "audiences": [audience], **more}


PRIVATE = {
    "audiences": ["governors", "partners", "bcm-leads", "public"],
    "title": [{"text": "Titel"}, {"text": "Titre", "language": "fr"}, _only("governors", language="de")],
    "key_messages": [
        {"text": [{"text": "Kern."}, {"text": "Message.", "language": "fr"}, _only("partners")],
         "facts": [{"text": "Feit."}, _only("governors"), _only("partners", language="fr")]},
        {"text": [{"text": f"{SECRET} kern"}], "facts": [{"text": f"{SECRET} feit"}], "audiences": ["governors"]},
    ],
    "unknown": [_only("governors"), {"text": "Wanneer."}],
    "actions": [_only("bcm-leads"), {"text": "Wacht."}],
    "wrong": [_only("governors")],
    "sms": [{"text": f"{SECRET} sms"}],
}  # fmt: skip


def test_the_public_alert_holds_no_word_of_an_audience() -> None:
    """Texts for governors, a key message for one audience, an action for another, the SMS: searched in every byte."""
    before = told(1, content=PRIVATE, incident_title=f"{SECRET} titel", withdrawn_at=AT + timedelta(hours=1))
    right = told(
        2, "correction", minutes=5, corrects=UUID(int=1), content=PRIVATE | {"corrects": str(UUID(int=1))},
        incident_title=f"{SECRET} titel",
    )  # fmt: skip
    among = feed(before, right)
    made = [*documents(before, among).values(), *documents(right, among).values()]
    made += [each.body for some in (among, replace(among, incident=before.incident)) for each in cap_feed(some)]
    names = [each.names["nl"] for each in DEFAULT.audiences if each.id != "public"]
    assert len(made) == 5
    for body in made:
        for word in (SECRET, *names, *(each.id for each in DEFAULT.audiences if each.id != "public")):
            assert word.encode() not in body, word
    assert (
        SECRET
        in documents(replace(before, audience="governors"), feed(before, audience="governors"))[
            f"feeds/governors/__token__/messages/{before.message_id}.cap"
        ].decode()
    )


def test_a_partner_reads_nothing_of_governors() -> None:
    """Nor does one audience read what another was told."""
    each = told(1, content=PRIVATE, audience="partners")
    for body in documents(each, feed(each, audience="partners")).values():
        assert b"governors" not in body and b"bcm-leads" not in body and b"gouverneurs" not in body


NASTY = (
    "]]>", "<b>vet</b>", "</description><script>x</script>", "&amp; &#0; &nope;", "\u202eomgekeerd", "שלום עולם",
    "🚨 brand 👩‍🚒", "x\x00\x0b\x1fy", "x\ufffe\uffffy", "- streepje", "{fact:a.b}", "<![CDATA[ x", "e\u0301",
    "a\u00a0b", "regel\nregel\r\nregel", "%s {0} __token__", "Ω" * 590,
)  # fmt: skip
WORDS = (st.sampled_from(NASTY) | st.text(min_size=1, max_size=30)).filter(lambda text: one_line(few_lines(text)))


@st.composite
def texts(draw: Any, least: int = 0) -> list[dict[str, Any]]:
    """At least so many that anyone reads in Dutch, and others for some, in any language."""
    audiences = st.sampled_from([None, ["public"], ["governors"], ["governors", "partners"]])
    language = st.sampled_from(["nl", "fr", "en", "de"])
    one = st.fixed_dictionaries({"text": WORDS, "audiences": audiences, "language": language})
    return [{"text": draw(WORDS)} for _ in range(least)] + draw(st.lists(one, max_size=3))


CONTENTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["alert", "update", "correction", "all-clear"]),
        "title": texts(1),
        "key_messages": st.lists(st.fixed_dictionaries({"text": texts(1), "facts": texts()}), min_size=1, max_size=2),
        "unknown": texts(),
        "actions": texts(),
        "wrong": texts(),
        "area": st.sampled_from([[], ["Gent"], ["Antwerpen", "provincie Antwerpen"], ["Verdwenen"]]),
        "next_update_at": st.sampled_from([None, "2026-11-23T15:00:00Z"]),
    }
)


@settings(max_examples=60)
@given(CONTENTS, st.sampled_from(["public", "governors"]), st.booleans())
def test_whatever_is_written_is_valid_cap_and_comes_back_as_it_was(
    content: dict[str, Any], audience: str, exercise: bool
) -> None:
    """Emoji, right-to-left text, HTML, `]]>`, characters that no XML holds, a page of Greek: text stays text."""
    exercise = exercise and audience != "public"
    each = told(1, content["kind"], content=content, audience=audience, exercise=exercise)
    kept = MessageContent.model_validate(each.content)
    [document] = cap_alerts(feed(each, audience=audience), each)
    alert = read(document.body)
    spoken = [each for each in languages_of(kept, audience) if select(kept, audience=audience, language=each).title]
    assert [info.language for info in alert.infos] == [LANGUAGES.get(language, language) for language in spoken]
    for language, info in zip(spoken, alert.infos, strict=True):
        view = select(kept, audience=audience, language=language)
        assert info.points == [(point.text, point.facts) for point in view.key_messages]
        assert (tuple(info.unknown), tuple(info.wrong)) == (view.unknown, view.wrong)
        assert tuple(info.actions) == view.actions
        assert len(info.areas) == max(1, len(kept.area))


@settings(max_examples=30)
@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=20))
def test_names_from_settings_and_the_record_cannot_break_an_alert(centre: str, contact: str, code: str) -> None:
    """The centre's name, its address, a code: whatever they hold, the document stays one that machines can read."""
    for alert in sent(told(1, code=code, withdrawn_at=AT), centre=centre, contact=contact):
        assert alert.infos
