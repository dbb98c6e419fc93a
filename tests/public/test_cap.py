"""Each message as an alert: it is valid, and read back it says what the message says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.content import MessageContent
from services.domain.selection import languages_of, select
from services.public.documents import TOKEN
from tests.public.caps import URL, documents, feed, sent, told
from tests.public.entries import AT

FULL = {
    "title": [{"text": "Loonadministratie niet beschikbaar"}, {"text": "Paie indisponible", "language": "fr"}],
    "key_messages": [
        {
            "text": [
                {"text": "De lonen komen later."},
                {"text": "Les salaires viendront plus tard.", "language": "fr"},
            ],
            "facts": [{"text": "De dienst ligt stil sinds 8 uur."}, {"text": "Sinds maandag."}],
        },
        {"text": [{"text": "Er is geen lek."}, {"text": "Il n’y a pas de fuite.", "language": "fr"}]},
    ],
    "unknown": [{"text": "Wanneer de dienst herstelt."}, {"text": "Quand le service revient.", "language": "fr"}],
    "actions": [{"text": "Bel ons niet."}, {"text": "Lees uw mail."}],
    "next_update_at": "2026-11-23T15:00:00Z",
    "area": ["Gent", "provincie Antwerpen"],
}


def test_an_alert_says_what_the_message_says() -> None:
    """One truth: whoever reads the CAP knows what the reader of the page knows."""
    expires = AT + timedelta(hours=15)
    [alert] = sent(told(1, content=FULL, expires_at=expires, code="K7-XY"))
    assert (alert.status, alert.msgType, alert.scope) == ("Actual", "Alert", "Public")
    assert (alert.sender, alert.incidents) == ("crisis.example", "cyber-2026-014")
    assert alert.sent == "2026-11-23T10:00:00+01:00"
    info = alert.info("nl-BE")
    assert info.headline == "Loonadministratie niet beschikbaar"
    assert info.points == [
        ("De lonen komen later.", ("De dienst ligt stil sinds 8 uur.", "Sinds maandag.")),
        ("Er is geen lek.", ()),
    ]
    assert (info.unknown, info.actions) == (["Wanneer de dienst herstelt."], ["Bel ons niet.", "Lees uw mail."])
    assert (info.effective, info.expires) == ("2026-11-23T10:00:00+01:00", "2026-11-24T01:00:00+01:00")
    assert info.areas == [("Gent", "BE-VOV"), ("provincie Antwerpen", "BE-VAN")]
    assert info.parameters == {
        "roeland:incident": "cyber-2026-014", "roeland:kind": "alert", "roeland:phase": "acute",
        "roeland:verification-code": "K7-XY", "roeland:next-update": "2026-11-23T16:00:00+01:00",
    }  # fmt: skip
    assert (info.senderName, info.event, info.web) == (
        "Crisiscentrum", "cyberincident", f"{URL}/messages/00000000-0000-0000-0000-000000000001",
    )  # fmt: skip
    assert info.fields["category"] == ["Infra", "Security"]
    french = alert.info("fr-BE")
    assert (french.headline, french.actions) == ("Paie indisponible", [])
    assert french.areas == [("Gent", "BE-VOV"), ("province d’Anvers", "BE-VAN")]


def test_a_language_in_which_not_all_exists_has_no_info() -> None:
    """Never a mixture, as everywhere: half a translation would hide the other half."""
    titles = [{"text": "Titel"}, {"text": "Titre", "language": "fr"}]
    [alert] = sent(told(1, content={"title": titles}))
    assert [info.language for info in alert.infos] == ["nl-BE"]


def test_an_audience_reads_its_own_version_and_is_told_for_whom_it_is() -> None:
    """Restricted with the rule in words (CAP 1.2 §3.2.1), below the address that only they have."""
    content = FULL | {
        "audiences": ["governors"],
        "actions": [{"text": "Houd uw cel klaar.", "audiences": ["governors"]}],
    }
    each = told(1, content=content, audience="governors")
    [path] = documents(each, feed(each, audience="governors"))
    assert path == f"feeds/governors/{TOKEN}/messages/{each.message_id}.cap"
    [alert] = sent(each)
    assert (alert.scope, alert.restriction) == ("Restricted", "Alleen bestemd voor: gouverneurs.")
    assert alert.identifier != sent(replace(each, audience="partners"))[0].identifier
    info = alert.info("nl-BE")
    assert (info.audience, info.actions) == ("gouverneurs", ["Houd uw cel klaar."])
    assert info.web == f"{URL}/{path.removesuffix('.cap')}"


def test_an_exercise_says_so_wherever_one_looks_and_never_to_the_public() -> None:
    """A machine reads `status`, a person the headline and the text; the note names the exercise."""
    content = FULL | {"exercise": True, "audiences": ["governors"]}
    each = told(1, content=content, exercise=True, audience="governors")
    [alert] = sent(each)
    assert (alert.status, alert.note.split()[-1]) == ("Exercise", "cyber-2026-014")
    for language in ("nl-BE", "fr-BE"):
        assert alert.info(language).headline.startswith("[OEFENING] ")
        assert alert.info(language).description.startswith("OEFENING")
    assert not sent(replace(each, audience="public"))


def test_an_edition_of_a_newsletter_is_no_alert() -> None:
    """It repeats what was alerted before."""
    each = replace(told(1), kind="edition", content={"content": "edition"})
    assert not documents(each, feed(each))


def test_a_headline_is_cut_between_words_and_stands_in_full_below() -> None:
    """Some displays show 160 characters and no more (CAP 1.2 §3.2.2)."""
    title = "Een titel met veel woorden " * 7
    [alert] = sent(told(1, content={"title": [{"text": title}]}))
    info = alert.info("nl-BE")
    assert info.headline.endswith("…")
    assert title.startswith(f"{info.headline[:-1]} ")
    assert info.description.startswith(title.strip())
    [whole] = sent(told(1, content={"title": [{"text": "w" * 200}]}))
    assert len(whole.info("nl-BE").headline) == 160


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 7, 1, 12, 0, 59, 999999, tzinfo=UTC), "2026-07-01T14:00:59+02:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25T02:30:00+02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25T02:30:00+01:00"),
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "9999-12-31T23:59:00-00:00"),
    ],
)
def test_times_have_an_offset_and_never_a_z(moment: datetime, written: str) -> None:
    """CAP's own pattern; the hour that comes twice in October is told apart by it."""
    [alert] = sent(told(1, content={"next_update_at": moment}), timezone="Europe/Brussels")
    assert alert.info("nl-BE").parameters["roeland:next-update"] == written


def test_without_a_public_address_nothing_points_nowhere() -> None:
    """`web` must be absolute; what has no address leaves it out, and is valid all the same."""
    [alert] = sent(told(1, entry_id=None), public_url="")
    assert "web" not in alert.info("nl-BE").fields
    assert alert.sender == "roeland.invalid"
    assert sent(told(1, entry_id=None))[0].sender == "crisis.example"


def test_the_sender_of_an_alert_outlives_a_change_of_address() -> None:
    """Whoever refers to it does so by sender, identifier and time: none may change."""
    [before], [after] = sent(told(1)), sent(told(1), public_url="https://elders.example/roeland")
    assert (before.sender, before.identifier, before.sent) == (after.sender, after.identifier, after.sent)


def test_contact_is_that_of_the_centre() -> None:
    """CAP recommends one; a centre that gave none has none."""
    assert "contact" not in sent(told(1))[0].infos[0].fields
    assert sent(told(1), contact="Koning Albert II-laan 35, Brussel")[0].infos[0].contact.startswith("Koning")


def test_select_decides_and_nothing_else() -> None:
    """The rules of who sees what are written once; the CAP has them from there."""
    content = MessageContent.model_validate(told(1, content=FULL).content)
    [alert] = sent(told(1, content=FULL))
    for language, info in zip(languages_of(content, "public"), alert.infos, strict=True):
        view = select(content, audience="public", language=language)
        assert info.points == [(point.text, point.facts) for point in view.key_messages]
        assert (tuple(info.unknown), tuple(info.actions)) == (view.unknown, view.actions)
