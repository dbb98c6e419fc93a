"""A form and its message are the same thing, whatever stands in either."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.composing.fields import pairs
from services.console.composing.form import FIELDS, TooMuch, taken
from services.console.composing.places import field_of
from services.console.composing.shape import compact, normal, origin
from services.domain.configuration import DEFAULT
from services.domain.message_file import parse_message, parse_message_file
from services.domain.message_written import as_file
from tests.domain.messages import CONTRACT, NOW

BRUSSELS = ZoneInfo("Europe/Brussels")

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=("Cs",)), max_size=30)
audiences = st.lists(st.sampled_from(DEFAULT.audience_ids), unique=True)
row: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"text": words},
    optional={
        "language": st.sampled_from(["nl", "fr"]), "audiences": audiences, "fact": st.just("stilstand"),
        "unheard-of": st.integers(),
    },
)  # fmt: skip
texts = st.lists(st.one_of(words, row), max_size=4) | words | row
seconds = st.integers(946_684_800, 2_000_000_000)
zones = st.sampled_from([UTC, BRUSSELS])
moment = st.builds(lambda at, zone: datetime.fromtimestamp(at, zone).isoformat(), seconds, zones)
moment = moment | st.just("{hole:volgend}")
key_message = words | st.fixed_dictionaries(
    {"text": texts}, optional={"facts": texts, "audiences": audiences, "language": st.just("fr")}
)
step = st.fixed_dictionaries(
    {},
    optional={
        "audiences": audiences, "channels": st.just(["mail"]), "after": st.just("5m"),
        "when": st.just({"accepted": "95%", "at_most": "30m", "new": 1}),
    },
)  # fmt: skip
files = st.fixed_dictionaries(
    {"incident": words, "kind": st.sampled_from(["alert", "update"]), "title": texts},
    optional={
        "audiences": audiences, "channels": st.just(["mail", "sms"]), "key_messages": st.lists(key_message, max_size=4),
        "unknown": texts, "actions": texts, "wrong": texts, "sms": texts, "next_update_at": moment,
        "expires_at": moment, "exercise": st.booleans(), "confirm": st.booleans(),
        "confirm_minutes": st.integers(1, 90), "area": st.just(["Gent", "provincie Limburg"]),
        "recipients": words, "release_order": st.lists(step),
        "corrects": st.just("0199"), "tomorrows-field": st.dictionaries(words, words),
    },
)  # fmt: skip


@given(files)
def test_a_form_that_nobody_changed_changes_nothing(file: dict[str, Any]) -> None:
    """Also what the form has no place for: whoever opens a message and closes it has lost nothing of it."""
    draft = normal(file)
    assert taken(draft, pairs(draft, BRUSSELS), BRUSSELS) == draft


@given(files)
def test_a_draft_is_all_in_its_form(file: dict[str, Any]) -> None:
    """What was typed into an empty form makes the same message, but for what only a file can say."""
    draft = normal(file)
    made, _ = compact(taken({}, pairs(draft, BRUSSELS), BRUSSELS))
    again, _ = compact(taken(made, pairs(made, BRUSSELS), BRUSSELS))
    assert made == again


@given(files)
def test_every_row_is_found_again(file: dict[str, Any]) -> None:
    """A finding stands at the field that it is about, however many empty rows stand before it."""
    draft = normal(file)
    made, origins = compact(draft)
    for number, each in enumerate(made.get("actions", ())):
        _, at = origin(("actions", number), origins)
        assert draft["actions"][at]["text"] == each.get("text", "")


def test_a_message_is_the_same_after_its_form() -> None:
    """Through the form and back it has the same content, word for word and hash for hash."""
    before = parse_message_file(CONTRACT, name="m.yaml", now=NOW, configuration=DEFAULT)
    draft = normal(as_file(before))
    file, _ = compact(taken(draft, pairs(draft, BRUSSELS), BRUSSELS))
    assert parse_message(file, now=NOW, configuration=DEFAULT) == before
    typed, _ = compact(taken({}, pairs(draft, BRUSSELS), BRUSSELS))
    assert parse_message(typed, now=NOW, configuration=DEFAULT) == before


def test_an_hour_is_that_of_the_centre_and_an_unchanged_one_keeps_its_zone() -> None:
    """16 o'clock in Brussels is 15 in UTC, in summer 14."""
    assert taken({}, [("expires_at", "2026-11-26T16:00")], BRUSSELS)["expires_at"] == "2026-11-26T16:00:00+01:00"
    assert taken({}, [("expires_at", "2026-07-26T16:00")], BRUSSELS)["expires_at"] == "2026-07-26T16:00:00+02:00"
    kept = {"expires_at": "2026-11-26T15:00:59+00:00"}
    assert taken(kept, [("expires_at", "2026-11-26T16:00")], BRUSSELS) == kept
    assert taken(kept, [("expires_at", "")], BRUSSELS) == {}


def test_an_audience_that_is_not_offered_any_more_stays_until_somebody_says_otherwise() -> None:
    """Lint says that it is gone; the form does not decide that."""
    base = {"audiences": ["governors", "gone"]}
    form = [("in", "audiences"), ("audiences.offered", "governors"), ("audiences.offered", "partners")]
    assert taken(base, [*form, ("audiences", "partners")], BRUSSELS) == {"audiences": ["gone", "partners"]}
    assert taken(base, [("title.0.text", "x")], BRUSSELS)["audiences"] == ["governors", "gone"]


def test_a_hostile_form_is_bounded() -> None:
    """Ten thousand fields, a row with the number a million, a name of dots."""
    with pytest.raises(TooMuch):
        taken({}, [(f"actions.{n}.text", "x") for n in range(10_000)], BRUSSELS)
    odd = [("actions.1000000.text", "x"), ("actions.-1.text", "x"), ("actions.².text", "x"), ("...", "x"), ("", "x")]
    assert taken({}, odd, BRUSSELS) == {}
    assert len(taken({}, [("actions.199.text", "x")], BRUSSELS)["actions"]) == 200
    assert taken({"key_messages": "no list"}, [("key_messages.0.text.0.text", "x")], BRUSSELS)["key_messages"]
    assert FIELDS > 1000


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("title", "title"),
        ("title[0]", "title.0"),
        ("key_messages[0].facts[0]", "key_messages.1.facts.2"),
        ("key_messages[0].text[0].text", "key_messages.1.text.0"),
        ("key_messages[0]", "key_messages.1"),
        ("m.yaml:3:4 actions[0]", "actions.0"),
        ("nosuch[3].thing", ""),
        ("", ""),
    ],
)
def test_a_place_is_a_field(place: str, field: str) -> None:
    """As lint writes it, and as the form calls it."""
    fields = ["title", "title.0", "key_messages.1", "key_messages.1.facts.2", "key_messages.1.text.0", "actions.0"]
    origins = {
        ("key_messages", 0): ("key_messages", 1),
        ("key_messages", 0, "facts", 0): ("key_messages", 1, "facts", 2),
    }
    assert field_of(place, origins, frozenset(fields)) == field
