"""From a message to what each reader gets."""

import html as html_module
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.configuration import DEFAULT
from services.domain.content import MessageContent
from services.domain.problems import Refused
from services.domain.variants import Variant
from services.rendering.check import check_templates
from services.rendering.render import Corrected, render_all
from services.rendering.sms import measure
from services.rendering.templates import Templates, load_templates
from tests.domain.messages import message, parsed

PROMISE = "2026-11-23T16:00:00+01:00"
BOTH = [{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}]


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


def rendered(content: MessageContent, templates: Templates, **more: Any) -> dict[tuple[str, str, str], Variant]:
    """Variants by (audience, language, channel)."""
    options: dict[str, Any] = {"phase": "acute", "message_id": "m1"} | more
    variants = render_all(content, templates=templates, **options)
    return {(each.audience, each.language, each.channel): each for each in variants}


def all_of(variant: Variant) -> str:
    """Everything a reader of it can see, with HTML's escapes undone."""
    return "\n".join((variant.subject, variant.text, html_module.unescape(variant.html)))


def test_each_audience_gets_its_own_version_on_each_channel(templates: Templates) -> None:
    """The one thing that Roeland is for."""
    variants = rendered(parsed(), templates)
    assert set(variants) == {
        (audience, "nl", channel)
        for audience in ("governors", "local-governments", "hr-business-partners")
        for channel in ("mail", "sms", "newsfeed")
    }
    governors, hr = variants["governors", "nl", "mail"], variants["hr-business-partners", "nl", "mail"]
    for part in (governors.text, governors.html, variants["governors", "nl", "newsfeed"].html):
        assert "Houd uw provinciale cel paraat." in part
        assert "Informeer de burgemeesters van uw provincie." in part
        assert "modelbrief" not in part
    assert "modelbrief" in hr.text and "modelbrief" in hr.html and "provinciale cel" not in hr.text
    assert governors.subject == "Loonadministratie niet beschikbaar"
    assert "maandag 23 november 2026, 16 uur" in governors.text


def test_a_given_sms_is_sent_as_it_is(templates: Templates) -> None:
    """The author chose every character."""
    given_text = "Één regel\nen nog één – België. " + "woord " * 100
    variants = rendered(message(channels=["sms"], sms=[{"text": given_text}]), templates)
    assert variants["governors", "nl", "sms"].text == given_text.strip()


def test_a_made_sms_says_who_speaks_first_and_fits(templates: Templates) -> None:
    """Three segments at most, cut between words, in GSM-7 where the words allow it."""
    long = [{"text": [{"text": f"Zin {number} zegt ‘iets’ – met woorden genoeg. " * 6}]} for number in range(3)]
    text = rendered(message(channels=["sms"], key_messages=long), templates)["bcm-leads", "nl", "sms"].text
    assert text.startswith("CCVO: Titel. Zin 0 zegt 'iets' - met")
    assert text.endswith("...") and re.search(r"[\w'] ?\.\.\.$", text)
    assert measure(text).encoding == "GSM-7" and measure(text).segments == 3


@pytest.mark.parametrize("given_sms", [[], [{"text": "Kort."}]])
def test_an_exercise_is_marked_everywhere(templates: Templates, given_sms: list[dict[str, str]]) -> None:
    """Nobody may take one for real: subject, top and bottom of the body, SMS, feed."""
    content = message(
        exercise=True,
        title=BOTH,
        channels=["mail", "sms", "newsfeed"],
        audiences=["governors", "public"],
        key_messages=[{"text": [{"text": "Kern.", "language": "nl"}, {"text": "Noyau.", "language": "fr"}]}],
        sms=given_sms,
    )
    variants = rendered(content, templates)
    assert {audience for audience, _, _ in variants} == {"governors"}, "never in the open feed"
    for (_, language, channel), variant in variants.items():
        if channel == "sms":
            assert variant.text.startswith("OEFENING: " if language == "nl" else "OEFENING - EXERCICE: ")
            continue
        assert variant.subject.startswith("[OEFENING] ")
        assert variant.html.count("OEFENING") >= 2
        assert "OEFENING" in variant.text
    assert variants["governors", "nl", "mail"].text.count("OEFENING") == 2
    assert "[EXERCICE]" in variants["governors", "fr", "mail"].subject


def test_what_is_real_is_not_marked(templates: Templates) -> None:
    """The mark means something only if it is not always there."""
    assert all("OEFENING" not in all_of(each) for each in rendered(parsed(), templates).values())


def test_no_variant_mixes_languages(templates: Templates) -> None:
    """A French reader gets French headings, a French date, and nothing in Dutch."""
    content = message(
        title=BOTH,
        key_messages=[{"text": [{"text": "Kern.", "language": "nl"}, {"text": "Noyau.", "language": "fr"}]}],
        unknown=[{"text": "De oorzaak.", "language": "nl"}],
        next_update_at="2026-11-23T16:30:00+01:00",
    )
    french = rendered(content, templates, incident_title="Storing")["governors", "fr", "mail"]
    for part in (french.text, french.html):
        assert "lundi 23 novembre 2026, 16 h 30" in part
        assert not re.search(r"Wat we|U hoort|Geachte|oorzaak|Kern|Titel|Storing|Waarschuwing", part)
    assert 'lang="fr"' in french.html


audiences = st.sampled_from(["governors", "bcm-leads", "partners"])
languages = st.sampled_from(["nl", "fr"])


@st.composite
def contents(draw: st.DrawFn) -> MessageContent:
    """Messages whose texts name their reader: `for-governors-in-fr` and the like."""

    def text(field: str) -> dict[str, Any]:
        audience, language = draw(audiences), draw(languages)
        return {"text": f"{field}-for-{audience}-in-{language}.", "audiences": [audience], "language": language}

    everyone = [{"text": f"kern-for-all-in-{each}.", "language": each} for each in ("nl", "fr")]
    point = {"text": everyone, "facts": [text("fact") for _ in range(draw(st.integers(0, 3)))]}
    own = [{"text": [text("own")]} for _ in range(draw(st.integers(0, 2)))]
    return message(
        title=BOTH,
        audiences=["governors", "bcm-leads", "partners"],
        channels=["mail", "sms", "newsfeed"],
        key_messages=[point, *own],
        unknown=[text("unknown") for _ in range(draw(st.integers(0, 3)))],
        actions=[text("action") for _ in range(draw(st.integers(0, 3)))],
        sms=[text("sms")] if draw(st.booleans()) else [],
    )


@settings(max_examples=60, deadline=None)
@given(content=contents(), phase=st.sampled_from(DEFAULT.phase_ids))
def test_nothing_leaks_from_one_audience_or_language_to_another(
    templates: Templates, content: MessageContent, phase: str
) -> None:
    """On no channel and in no part of it."""
    for (audience, language, _), variant in rendered(content, templates, phase=phase).items():
        for reader, written_in in re.findall(r"\w+-for-([a-z-]+?)-in-(\w\w)\.", all_of(variant)):
            assert reader in ("all", audience)
            assert written_in == language


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "{{ 7*7 }}{% for x in y %}",
        "{{ centre.__class__ }}",
        "]]>&lt;b&gt;",
        "\"' onload=x",
        "=?utf-8?q?x?=",
    ],
)
def test_markup_in_a_text_stays_text(templates: Templates, hostile: str) -> None:
    """HTML or Jinja syntax in a title, key message or action is what the reader sees, and nothing else."""
    content = message(
        title=[{"text": hostile}],
        channels=["mail", "sms", "newsfeed"],
        key_messages=[{"text": [{"text": hostile}], "facts": [{"text": hostile}]}],
        actions=[{"text": hostile}],
    )
    variants = rendered(content, templates, incident_title=hostile)
    for variant in variants.values():
        assert hostile in (variant.subject or variant.text)
        assert html_module.escape(hostile) == hostile or hostile not in variant.html
    mail = variants["governors", "nl", "mail"]
    assert mail.text.count(hostile) >= 4
    assert html_module.unescape(mail.html).count(hostile) >= 4


def test_a_correction_says_what_it_puts_right(templates: Templates) -> None:
    """Who only reads the first lines must know which message no longer counts."""
    corrected = Corrected(message(title=[{"text": "Lonen op tijd"}]), datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    content = message(kind="correction", corrects="x", channels=["mail", "newsfeed"])
    variants = rendered(content, templates, corrected=corrected)
    for variant in variants.values():
        assert variant.subject == "Rechtzetting: Titel"
        assert "‘Lonen op tijd’, van maandag 23 november 2026, 10 uur" in all_of(variant)
        assert "Wat juist is" in variant.html
    assert "Ga na of u op basis van het eerdere bericht" in variants["bcm-leads", "nl", "mail"].text
    assert "Start de terugvaloplossing" not in variants["bcm-leads", "nl", "mail"].text


def test_an_all_clear_says_that_it_is_over(templates: Templates) -> None:
    """And asks nothing that belongs to the crisis."""
    mail = rendered(message(kind="all-clear"), templates)["governors", "nl", "mail"]
    assert mail.subject == "Einde van het incident: Titel"
    assert "Het incident is voorbij." in mail.text
    assert "zwaar getroffen" not in mail.text and "U hoort opnieuw" not in mail.text


def test_the_phase_decides_the_shape(templates: Templates) -> None:
    """What must be done comes before what is unknown, except while nothing is clear yet."""
    content = message(unknown=[{"text": "Oorzaak."}])
    headings = {
        phase: re.findall(
            r"<h2[^>]*>(.*?)</h2>", rendered(content, templates, phase=phase)["governors", "nl", "mail"].html
        )
        for phase in DEFAULT.phase_ids
    }
    assert headings["acute"] == ["Wat we weten", "Wat we nog niet weten", "Wat u moet doen", "Wanneer u meer hoort"]
    assert headings["evaluation"] == ["Wat er gebeurde en wat we leerden", "Wat we u vragen", "Wat we nog onderzoeken"]
    assert len(set(map(tuple, headings.values()))) == len(headings)


def test_every_audience_is_asked_something_of_its_own(templates: Templates) -> None:
    """A version that differs in its greeting only is no version."""
    audiences = [each for each in DEFAULT.audience_ids if each != "public"]
    for language in DEFAULT.languages:
        for situation in (*DEFAULT.phase_ids, "correction", "all-clear"):
            asks = [tuple(templates.words.asks(each, language, situation)) for each in audiences]
            assert all(asks) and len(set(asks)) == len(asks), (language, situation)


def test_our_templates_have_no_hole(templates: Templates) -> None:
    """Every audience, language, phase, kind and channel renders."""
    assert check_templates(templates, DEFAULT) == []


def test_who_would_see_nothing_is_refused_at_the_proof(templates: Templates) -> None:
    """A correction may leave its audiences out, so only here it is known who they are."""
    content = message(
        audiences=[], kind="correction", key_messages=[{"text": [{"text": "x"}], "audiences": ["partners"]}]
    )
    with pytest.raises(Refused, match="governors would see no key message"):
        rendered(content, templates, audiences=["partners", "governors"])
    assert len(rendered(content, templates, audiences=["partners"])) == 1


def test_rendering_is_a_pure_function(templates: Templates) -> None:
    """The approval is bound to what is rendered; twice the same must be the same."""
    assert rendered(parsed(), templates) == rendered(parsed(), load_templates())
