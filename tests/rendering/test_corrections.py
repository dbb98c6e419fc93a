"""Every version of a correction says what was wrong and what is right; and what a withdrawal says."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.domain.content import MessageContent
from services.domain.problems import Refused
from services.domain.variants import Variant
from services.rendering.centre import RenderingSettings
from services.rendering.render import Corrected, render_all
from services.rendering.sms import measure
from services.rendering.templates import Templates, load_templates
from services.rendering.withdrawal import withdrawal_texts
from tests.domain.messages import message

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BOTH = [{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}]
ERROR = message(
    title=BOTH,
    key_messages=[
        {"text": [{"text": "De lonen komen op tijd.", "language": "nl"}, {"text": "À temps.", "language": "fr"}]},
        {"text": [{"text": "Alleen voor BCM."}], "audiences": ["bcm-leads"]},
    ],
)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


def correction(**fields: Any) -> MessageContent:
    """In Dutch, on every channel."""
    plain = {"kind": "correction", "corrects": "x", "channels": ["mail", "sms", "newsfeed"]}
    return message(**plain | fields)


def rendered(content: MessageContent, templates: Templates, error: MessageContent = ERROR) -> dict[str, Variant]:
    """Versions by `audience/language/channel`."""
    variants = render_all(content, phase="acute", message_id="m1", templates=templates, corrected=Corrected(error, AT))
    return {f"{each.audience}/{each.language}/{each.channel}": each for each in variants}


def test_what_was_wrong_is_said_in_the_authors_words(templates: Templates) -> None:
    """Each audience its own, in mail, feed and SMS; what is right comes with it."""
    wrong = [{"text": "Dat u niets hoeft te doen.", "audiences": ["governors"]}, {"text": "Het uur."}]
    found = rendered(correction(wrong=wrong), templates)
    assert "WAT NIET JUIST WAS\n\n- Dat u niets hoeft te doen.\n- Het uur." in found["governors/nl/mail"].text
    assert "Dat u niets" not in found["bcm-leads/nl/mail"].text
    for kind in ("mail", "newsfeed"):
        assert "Dat u niets hoeft te doen." in found[f"governors/nl/{kind}"].html
        assert "Wat juist is" in found[f"governors/nl/{kind}"].html
    assert "Eerder schreven wij" not in found["governors/nl/mail"].text


def test_else_what_was_written_is_quoted_as_that_audience_got_it(templates: Templates) -> None:
    """Nobody is shown what another audience was told."""
    found = rendered(correction(), templates)
    quoted = "EERDER SCHREVEN WIJ\n\n- “De lonen komen op tijd.”"
    assert quoted in found["governors/nl/mail"].text
    assert "Alleen voor BCM" not in found["governors/nl/mail"].text
    assert f"{quoted}\n- “Alleen voor BCM.”" in found["bcm-leads/nl/mail"].text


def test_it_is_quoted_in_the_language_in_which_it_was_read(templates: Templates) -> None:
    """The French version quotes the French one; who got the error in Dutch finds the Dutch words."""
    right = [{"text": [{"text": "Goed.", "language": "nl"}, {"text": "Juste.", "language": "fr"}]}]
    content = correction(title=BOTH, key_messages=right)
    assert "NOUS AVIONS ÉCRIT\n\n- “À temps.”" in rendered(content, templates)["governors/fr/mail"].text
    dutch = message(key_messages=[{"text": [{"text": "Op tijd."}]}])
    assert "NOUS AVIONS ÉCRIT\n\n- “Op tijd.”" in rendered(content, templates, dutch)["governors/fr/mail"].text


def test_an_sms_begins_with_the_word_and_says_what_was_wrong_last(templates: Templates) -> None:
    """Who reads three words knows what it is."""
    text = rendered(correction(wrong=[{"text": "Het uur."}]), templates)["governors/nl/sms"].text
    assert text.startswith("RECHTZETTING ")
    assert text.index("Kern.") < text.index("Wat niet juist was: Het uur.")
    assert measure(text).segments == 1


def test_an_sms_keeps_what_is_promised_and_what_was_wrong_apart(templates: Templates) -> None:
    """Two sentences with a space between them: they stood as one, *12.12 uur.Wat niet juist was*."""
    content = correction(wrong=[{"text": "Het uur."}], next_update_at="2026-11-23T12:00:00+01:00")
    assert " uur. Wat niet juist was: Het uur." in rendered(content, templates)["governors/nl/sms"].text


def test_an_sms_without_room_says_what_is_right(templates: Templates) -> None:
    """The three things that count, whole, before the first letter of what does not."""
    keys = [{"text": [{"text": f"{number} {'woord ' * 22}einde."}]} for number in range(3)]
    text = rendered(correction(key_messages=keys, wrong=[{"text": "Het uur."}]), templates)["governors/nl/sms"].text
    assert text.count("einde.") == 3
    assert "niet juist" not in text and "..." not in text


def test_a_frame_that_loses_what_was_wrong_is_refused(tmp_path: Path) -> None:
    """A centre's own template from before corrections said it."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "base.txt.j2").write_text("{{ title }} {% block body %}{% endblock %} {{ because }}")
    templates = load_templates(RenderingSettings(templates_dir=tmp_path))
    with pytest.raises(Refused) as refused:
        rendered(correction(channels=["mail"]), templates)
    assert "does not say what was wrong" in refused.value.problems[0].problem


@pytest.mark.parametrize("language", ["nl", "fr", "en", "de"])
def test_a_withdrawal_names_the_message_and_the_reason(templates: Templates, language: str) -> None:
    """In every language, with what was given, on one line."""
    texts = withdrawal_texts(templates, language, "Titel", AT, "Verkeerd\nincident")
    assert "Titel" in texts["title"] and "Titel" in texts["key_message"] and "2026" in texts["key_message"]
    assert "Verkeerd incident" in texts["reason"]
