"""Editions to show: a day in a crisis, a quiet day, and as many stories as one asks for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.edition_view import DateToCome, EditionView, Said, SaidPoint, Story

NOON = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)


def story(number: int = 1, **fields: Any) -> Story:
    """A story of one key message; `number` tells it from others."""
    plain: dict[str, Any] = {
        "incident": f"incident-{number}",
        "incident_title": f"Incident {number}",
        "phase": "acute",
        "phase_name": "acute fase",
        "kind": "update",
        "standing": "updated",
        "message_id": UUID(int=number),
        "title": f"Titel van verhaal {number}",
        "told_at": NOON - timedelta(hours=3),
        "folded": 0,
        "key_messages": (SaidPoint(f"Kern van verhaal {number}.", True, (Said("Een feit.", False),)),),
    }
    return Story(**plain | fields)


def view(*stories: Story, **fields: Any) -> EditionView:
    """An edition for local governments, in Dutch, without a province."""
    plain: dict[str, Any] = {
        "newsletter_title": "Dagelijks overzicht",
        "number": 12,
        "date": date(2026, 11, 26),
        "audience": "local-governments",
        "audience_name": "lokale besturen",
        "language": "nl",
        "province": "",
        "stories": stories,
        "since": SINCE,
    }
    return EditionView(**plain | fields)


def a_day(**fields: Any) -> EditionView:
    """One of each kind, as on a busy day."""
    return view(
        *_DAY, **{"province": "Limburg", "opening": _OPENING, "editorial": _EDITORIAL, "dates": _DATES} | fields
    )


_OPENING = ("Dit is de stand van zaken over de lopende incidenten, voor u samengevat door de communicatiecel.",)
_EDITORIAL = (
    "De loonadministratie werkt opnieuw. Dank aan iedereen die de voorbije dagen vragen opving en doorgaf.",
    "Vandaag vragen wij vooral uw aandacht voor het drinkwater in drie gemeenten.",
)
_DATES = (
    DateToCome(datetime(2026, 11, 26, 15, 0, tzinfo=UTC), "Volgend bericht over het drinkwater."),
    DateToCome(datetime(2026, 11, 27, 9, 30, tzinfo=UTC), "Overleg van de noodplanningscoördinatoren, via Teams."),
)
_DAY = (
    story(
        1,
        incident_title="Vervuild drinkwater in Zuid-Limburg",
        title="Kook het leidingwater in Bilzen, Hoeselt en Riemst",
        standing="new",
        near=True,
        places=("Bilzen-Hoeselt", "Riemst", "provincie Limburg"),
        key_messages=(
            SaidPoint(
                "Kook leidingwater minstens drie minuten voor u het drinkt.",
                True,
                (
                    Said("In drie stalen van woensdag 25 november zaten bacteriën.", True),
                    Said("Douchen en afwassen kan veilig.", True),
                ),
            ),
            SaidPoint(
                "De Watergroep deelt flessen water uit.",
                True,
                (Said("Dat gebeurt aan de gemeentehuizen, van 8 tot 20 uur.", True),),
            ),
        ),
        unknown=(Said("Hoe het water vervuild raakte.", True), Said("Wanneer het kookadvies stopt.", True)),
        actions=(
            Said("Zet het kookadvies op uw website en uw sociale media.", True),
            Said("Verwittig scholen, rusthuizen en ziekenhuizen in uw gemeente.", True),
        ),
        next_update_at=datetime(2026, 11, 26, 15, 0, tzinfo=UTC),
    ),
    story(
        2,
        incident_title="Cyberincident bij de loonadministratie",
        title="De lonen van november zijn vandaag gestort",
        phase="recovery",
        phase_name="herstel",
        folded=3,
        key_messages=(
            SaidPoint("De lonen van november zijn vandaag gestort.", True, (Said("Dat gebeurde om 10 uur.", True),)),
            SaidPoint(
                "Er zijn geen gegevens gelekt.",
                False,
                (Said("Het onderzoek van de systemen loopt verder tot vrijdag.", False),),
            ),
        ),
        unknown=(Said("Wie achter de aanval zit.", False),),
        actions=(
            Said("Laat uw personeel weten dat het loon vandaag of morgen op de rekening staat.", True),
            Said("Verwijs vragen door naar uw aanspreekpunt.", False),
        ),
        next_update_at=datetime(2026, 11, 27, 15, 0, tzinfo=UTC),
    ),
    story(
        3,
        incident_title="Storm Roeland",
        title="Code oranje geldt voor West- en Oost-Vlaanderen",
        kind="correction",
        standing="put-right",
        places=("provincie West-Vlaanderen", "provincie Oost-Vlaanderen"),
        corrected=("Eerder schreven wij dat code oranje voor heel Vlaanderen gold.",),
        key_messages=(SaidPoint("Code oranje geldt voor West- en Oost-Vlaanderen, niet voor heel Vlaanderen.", True),),
        actions=(Said("Sluit parken en begraafplaatsen in die provincies vanaf 18 uur.", False),),
    ),
    story(
        4,
        incident_title="Brand in een opslagplaats in Gent",
        title="De rook boven de Gentse haven is weg",
        phase="evaluation",
        phase_name="evaluatie",
        kind="all-clear",
        standing="over",
        places=("Gent",),
        key_messages=(SaidPoint("Ramen en deuren mogen opnieuw open.", True),),
    ),
    story(
        5,
        incident_title="Uitval van het noodnummer 1722",
        title="Het nummer 1722 is onbereikbaar",
        standing="withdrawn",
        key_messages=(),
    ),
)
