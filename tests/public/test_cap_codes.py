"""CAP's code words: what a machine is told of urgency, severity and certainty; never more than the message tells."""

from pathlib import Path

import pytest

from services.domain.configuration import DEFAULT, TYPES
from services.public.cap_areas import CODES, FLANDERS
from services.public.cap_codes import CATEGORIES, categories_of, codes_of
from tests.public.caps import sent, told

DOCS = (Path(__file__).parents[2] / "docs" / "cap.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "lane", "phase", "codes"),
    [
        ("alert", "urgent", "acute", ("Immediate", "Unknown", "Observed")),
        ("alert", "urgent", "preparation", ("Expected", "Unknown", "Unknown")),
        ("update", "routine", "acute", ("Expected", "Unknown", "Observed")),
        ("update", "routine", "preparation", ("Future", "Unknown", "Unknown")),
        ("update", "routine", "recovery", ("Future", "Unknown", "Observed")),
        ("update", "routine", "evaluation", ("Past", "Minor", "Observed")),
        ("all-clear", "urgent", "acute", ("Past", "Minor", "Observed")),
        ("alert", "urgent", "a-phase-of-their-own", ("Unknown", "Unknown", "Unknown")),
    ],
)
def test_what_a_message_tells_is_said_and_the_rest_is_unknown(
    kind: str, lane: str, phase: str, codes: tuple[str, str, str]
) -> None:
    """A machine that acts on a guess of ours is worse off than one that asks a person."""
    found = codes_of(told(1, kind, lane=lane, phase=phase), asks=True, promises=True)
    assert (found.urgency, found.severity, found.certainty) == codes


@pytest.mark.parametrize(
    ("asks", "promises", "phase", "response"),
    [
        (True, True, "acute", "Execute"),
        (True, False, "preparation", "Prepare"),
        (False, True, "acute", "Monitor"),
        (False, False, "acute", "None"),
    ],
)
def test_a_response_is_asked_for_where_there_is_an_instruction(
    asks: bool, promises: bool, phase: str, response: str
) -> None:
    """Execute without an instruction would leave a reader with nothing to do it by."""
    assert codes_of(told(1, phase=phase), asks=asks, promises=promises).response == response
    content = {
        "actions": [{"text": "Doe dit."}] if asks else [],
        "next_update_at": "2026-11-23T15:00:00Z" if promises else None,
    }
    [alert] = sent(told(1, phase=phase, content=content))
    assert alert.infos[0].responseType == response
    assert bool(alert.infos[0].actions) == asks


def test_every_type_of_incident_has_its_category_and_its_name() -> None:
    """Also one that a centre added, and none: an alert without a category is no CAP."""
    for each in TYPES:
        [alert] = sent(told(1, incident_type=each.id))
        assert alert.infos[0].fields["category"] == list(categories_of(each.id))
        assert alert.infos[0].event == each.names["nl"]
    assert set(CATEGORIES) == {each.id for each in TYPES} - {"other"}
    [alert] = sent(told(1, incident_type=None))
    assert (alert.infos[0].event, alert.infos[0].category) == ("incident", "Other")


def test_the_documentation_has_every_word_of_the_tables() -> None:
    """Whoever reads alerts looks up there what a word means with us."""
    for name, categories in CATEGORIES.items():
        assert f"{name} {' + '.join(categories)};" in DOCS
    assert all(code in DOCS for code in (*CODES.values(), FLANDERS))
    assert set(DEFAULT.phase_ids) <= set(DOCS.replace(",", " ").replace(".", " ").replace(":", " ").split())
