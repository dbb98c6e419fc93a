"""Playbooks: every entry that we ship becomes a message that lint lets through; what a file may not have is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.domain.configuration import DEFAULT
from services.domain.holes import Hole, Unfit
from services.domain.lint import lint
from services.domain.playbook_file import filled, message_of, parse_playbook
from services.domain.problems import Problem, Refused
from services.rendering.render import render_all
from services.rendering.spoken import spoken
from services.rendering.templates import load_templates
from services.runtime.playbooks import load_playbook, playbook_files

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
SHIPPED = [(name, entry) for name in playbook_files() for entry in load_playbook(name, DEFAULT).entries]

FILE = """\
playbook: brand
title: Brand
about: Bij brand.
holes:
  plaats: {ask: "Waar?", characters: 20, example: "Gent"}
entries:
  eerste:
    about: Eerst.
    phase: acute
    message:
      kind: alert
      title: Brand in {hole:plaats}
      audiences: [governors]
      channels: [mail]
      key_messages: ["Er is brand."]
"""


def refused(text: str) -> list[Problem]:
    with pytest.raises(Refused) as caught:
        parse_playbook(text, name="brand.yaml", configuration=DEFAULT, now=NOW)
    return caught.value.problems


@pytest.mark.parametrize(("name", "entry"), SHIPPED)
def test_every_entry_that_we_ship_is_a_message_that_nobody_has_to_mend(name: str, entry: str) -> None:
    """Filled with its examples it is valid, lint has nothing to remark, and it renders in every phase."""
    prepared = load_playbook(name, DEFAULT).prepared(entry)
    templates = load_templates()
    samples = {hole: each.sample for hole, each in prepared.holes.items()}
    file = filled(prepared, samples, NOW, spoken(templates))
    content = message_of(file, name="x", now=NOW, configuration=DEFAULT)
    assert lint(content, phase=prepared.phase, now=NOW, configuration=DEFAULT) == []
    for phase in DEFAULT.phase_ids:
        assert render_all(content, phase=phase, message_id="x", templates=templates, configuration=DEFAULT)


@pytest.mark.parametrize("name", sorted(playbook_files()))
def test_a_playbook_has_an_entry_for_every_phase_and_two_for_the_acute_one(name: str) -> None:
    """A crisis does not stop after its first message."""
    phases = [entry.phase for entry in load_playbook(name, DEFAULT).entries.values()]
    assert set(phases) == set(DEFAULT.phase_ids)
    assert phases.count("acute") > 1


def test_a_good_file_is_read() -> None:
    """What the refusals below differ from."""
    assert parse_playbook(FILE, name="brand.yaml", configuration=DEFAULT, now=NOW).entries["eerste"].phase == "acute"


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("{hole:plaats}", "{hole:stad}", "12:7 entries.eerste.message.title", "stad is not declared"),
        ("{hole:plaats}", "Gent", "5:3 holes.plaats", "used nowhere"),
        ("{hole:plaats}", "{hole}", "12:7", "begun here"),
        ("phase: acute", "phase: acuut", "9:5 entries.eerste.phase", "not a phase"),
        ("[governors]", "[governers]", "entries.eerste.message.audiences[0]", "not an audience"),
        ("[mail]", "[fax]", "entries.eerste.message.channels[0]", "not a channel"),
        ('["Er is brand."]', "[]", "15:7 entries.eerste.message.key_messages", "no key message"),
        ("characters: 20", "characters: 20, time: past", "5:3 holes.plaats", "characters"),
        ("characters: 20", "characters: 200", "12:7 entries.eerste.message.title", "more than 200"),
        ("characters: 20", "characters: 2", "holes.plaats.example", "does not fit"),
        ("kind: alert", "kind: correction", "11:7 entries.eerste.message.kind", "corrected"),
        ("kind: alert", "kind: alert\n      incident: x", "entries.eerste.message.incident", "does not say incident"),
        ("about: Bij brand.", "abuot: Bij brand.", "abuot", "no field"),
        ("phase: acute", "phase: acute\n    images: [foto]", "images", "no image"),
        ("kind: alert", "kind: alert\n      next_update_at: '{hole:plaats}'", "next_update_at", "a hole with `time:`"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_have_is_refused_at_its_place(old: str, new: str, place: str, said: str) -> None:
    """With line and column, and what to do about it: a slip found when it burns is found too late."""
    problems = refused(FILE.replace(old, new, 1))
    assert any(place in each.place and said in each.problem and each.remedy for each in problems), problems


@pytest.mark.parametrize(
    ("side", "given", "hour"),
    [("past", "08:00", "2026-11-23T08:00+01:00"), ("past", "13", "2026-11-22T13:00+01:00"),
     ("future", "8.30", "2026-11-24T08:30+01:00"), (True, "8u", "2026-11-23T08:00+01:00"),
     ("future", "2026-11-30T10:00+01:00", "2026-11-30T10:00+01:00")],
)  # fmt: skip
def test_an_hour_alone_is_the_one_that_is_meant(side: object, given: str, hour: str) -> None:
    """At noon: what began at 13 began yesterday, what is promised for 8.30 comes tomorrow."""
    hole = Hole.model_validate({"ask": "?", "time": side})
    assert hole.read(given, now=NOW, zone=ZoneInfo("Europe/Brussels")) == datetime.fromisoformat(hour)


@pytest.mark.parametrize("given", ["25:00", "8:61", "2026-11-23T16:00", "2027-11-23T16:00Z", "", "morgen", "{8}"])
def test_what_is_no_moment_fills_no_time(given: str) -> None:
    """Neither is one without a zone, nor one of next year."""
    with pytest.raises(Unfit):
        Hole.model_validate({"ask": "?", "time": "future"}).read(given, now=NOW, zone=ZoneInfo("Europe/Brussels"))
