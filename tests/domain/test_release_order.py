"""Who is told first: which step a delivery is in, and what no file may say about it."""

import pytest

from services.domain.content import content_hash
from services.domain.message_model import MessageFile
from services.domain.release_order import ReleaseStep, as_written, duration, step_of, waits_for
from tests.domain.messages import CONTRACT, parsed, refused

GOVERNORS_FIRST = """\
release_order:
  - audiences: [governors]
  - {audiences: [local-governments], channels: [sms], when: {accepted: 95%}}
  - {channels: [newsfeed], after: 5m, when: {accepted: 90%, at_most: 1h}}
"""
CORRECTION = CONTRACT.replace("kind: alert", "kind: correction").replace(
    "corrects: null", "corrects: 01923456-0000-7000-8000-000000000000"
)
SOON = "release_at: 2026-11-23T11:00:00+01:00\n"
STEPS = (ReleaseStep(audiences=("governors",)), ReleaseStep(audiences=("local-governments",), channels=("sms",)),
         ReleaseStep(channels=("newsfeed",)))  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "channel", "step"),
    [
        ("governors", "mail", 0),
        ("governors", "newsfeed", 0),
        ("local-governments", "sms", 1),
        ("local-governments", "mail", 2),
        ("local-governments", "newsfeed", 2),
        ("bcm-leads", "sms", 2),
    ],
)
def test_a_delivery_is_in_the_first_step_that_names_it_and_else_in_the_last(audience, channel, step):
    """The feed of the governors is theirs, and goes with them; whoever was forgotten is told last, and told."""
    assert step_of(STEPS, audience, channel) == step


def test_without_an_order_there_is_one_step():
    """What has no order is planned as ever."""
    assert step_of((), "governors", "mail") == 0


def test_an_order_is_read_as_it_is_meant():
    """Durations in seconds, shares in percent, and half an hour where a share has no end."""
    order = parsed(CONTRACT + GOVERNORS_FIRST).release_order
    assert [step.after for step in order] == [0, 0, 300]
    assert [(s.when.accepted, s.when.at_most) if s.when else None for s in order] == [None, (95, 1800), (90, 3600)]
    assert [waits_for(step) for step in order] == [
        "", "95% accepted, at most 30m", "after 5m and 90% accepted, at most 1h",
    ]  # fmt: skip


def test_an_order_survives_its_way_through_an_event_and_back_into_a_file():
    """Editorial judges what comes from outside in the shape of a file; what it kept must stay what was written."""
    order = parsed(CONTRACT + GOVERNORS_FIRST).release_order
    plain = {"incident": "x", "kind": "alert", "title": "x", "channels": ["mail"]}
    file = MessageFile.model_validate(plain | {"release_order": [as_written(step) for step in order]})
    assert [step.model_dump() for step in file.release_order] == [
        {**step.model_dump(), "audiences": step.audiences and list(step.audiences),
         "channels": step.channels and list(step.channels)} for step in order
    ]  # fmt: skip


def test_the_order_is_part_of_what_a_message_says():
    """Who hears it first is what was approved; a message without one keeps the hash that it had."""
    assert content_hash(parsed(CONTRACT + GOVERNORS_FIRST)) != content_hash(parsed())
    assert content_hash(parsed(CONTRACT + SOON)) != content_hash(parsed())
    assert "release" not in str(parsed().model_dump(exclude_defaults=True))


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "90s"), (300, "5m"), (7200, "2h"), (5400, "90m")])
def test_a_duration_is_shown_as_it_is_written(seconds, text):
    """People compare what they see with their file."""
    assert duration(seconds) == text


FIRST = "{audiences: [governors]}"


@pytest.mark.parametrize(
    ("order", "place", "problem", "remedy"),
    [
        (f"[{FIRST}]", "release_order", "no order", "Add a step"),
        (f"[{FIRST}, {{after: 5m}}]", "release_order[1]", "names nobody", "audiences"),
        (f"[{FIRST}, {{channels: [sms]}}]", "release_order[1]", "what it waits for", "after: 5m"),
        ("[{audiences: [governors], after: 5m}, {channels: [sms], after: 5m}]", "release_order[0].after", "first step",
         "release_at"),
        ("[{audiences: [governors], when: {accepted: 9%}}, {channels: [sms], after: 5m}]", "release_order[0].when",
         "first step", "release_at"),
        ("[{audiences: [governers]}, {channels: [sms], after: 5m}]", "release_order[0].audiences[0]", "not an audience",
         "governors"),
        ("[{audiences: [partners]}, {channels: [sms], after: 5m}]", "release_order[0].audiences", "does not go to",
         "take them out"),
        (f"[{FIRST}, {{channels: [fax], after: 5m}}]", "release_order[1].channels[0]", "not a channel", "sms"),
        ("[{audiences: []}, {channels: [sms], after: 5m}]", "release_order[0].audiences", "empty", "at least one"),
        (f"[{FIRST}, {{channels: [sms], after: 5}}]", "release_order[1].after", "not a duration", "5m"),
        (f"[{FIRST}, {{channels: [sms], after: -5m}}]", "release_order[1].after", "not a duration", "5m"),
        (f"[{FIRST}, {{channels: [sms], after: 25h}}]", "release_order[1].after", "longer than a day", "24h"),
        (f"[{FIRST}, {{channels: [sms], after: 999999h}}]", "release_order[1].after", "longer than a day", "24h"),
        (f"[{FIRST}, {{channels: [sms], when: {{accepted: 0%}}}}]", "release_order[1].when.accepted", "not a share",
         "95%"),
        (f"[{FIRST}, {{channels: [sms], when: {{accepted: 101%}}}}]", "release_order[1].when.accepted", "not a share",
         "95%"),
        (f"[{FIRST}, {{channels: [sms], when: {{accepted: 0.95}}}}]", "release_order[1].when.accepted", "not a share",
         "95%"),
        (f"[{FIRST}, {{channels: [sms], when: {{at_most: 5m}}}}]", "release_order[1].when.accepted", "missing", "95%"),
        (f"[{FIRST}, {{channels: [sms], when: 95%}}]", "release_order[1].when", "mapping", "accepted"),
        (f"[{FIRST}, {{channels: [sms], afer: 5m}}]", "release_order[1].afer", "no field", "after"),
        (f"[{FIRST}, {{channels: [sms], after: 2h, when: {{accepted: 9%, at_most: 1h}}}}]", "release_order[1].when",
         "longer", "at_most"),
        (f"[{', '.join(['{channels: [sms], after: 5m}'] * 11)}]", "release_order", "too long", "Shorten"),
        ("[governors, public]", "release_order[0]", "mapping", "audiences"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_meant_is_refused_at_its_place(order, place, problem, remedy):
    """An order that is misread tells the press before the mayor; the remedy says what to write."""
    found = refused(f"{CONTRACT}release_order: {order}\n")
    assert [each for each in found if each.place.endswith(f" {place}") and problem in each.problem
            and remedy in each.remedy], found  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (CONTRACT + "release_at: 2026-11-23T09:59:00+01:00\n", "in the past"),
        (CONTRACT + "release_at: 2026-11-24T00:00:00+01:00\n", "would have expired"),
        (CONTRACT + "release_at: 2026-11-23T16:00:00+01:00\n", "next update"),
        (CONTRACT + "release_at: 2026-11-23T11:00:00\n", "time zone"),
        (CONTRACT.replace("kind: alert", "kind: all-clear") + SOON, "Nobody waits for an all-clear"),
        (CORRECTION + SOON, "Nobody waits for a correction"),
        (CORRECTION + GOVERNORS_FIRST, "everyone at once"),
    ],
)  # fmt: skip
def test_an_embargo_that_makes_no_sense_is_refused(text, problem):
    """It lies ahead, ends before the message does, and never holds up what people wait for."""
    assert [each for each in refused(text) if problem in each.problem]
