"""The message file: what an author may write, and how a refusal helps to mend it."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from services.domain.content import MessageContent, content_hash
from services.domain.message_file import MessageFile
from tests.domain.messages import CONTRACT, parsed, refused


def _plain() -> dict[str, Any]:
    """The contract's message as a mapping, dates as text."""
    return yaml.load(CONTRACT, Loader=yaml.BaseLoader) | {"exercise": False, "corrects": None}  # noqa: S506 - text only


def _with(**fields: object) -> str:
    """The contract's message with other fields; None takes one out."""
    plain = _plain()
    return json.dumps(
        {name: value for name, value in (plain | fields).items() if value is not None or name == "corrects"}
    )


def test_the_contracts_message_is_read_as_it_is_meant() -> None:
    """Anything outside writes files like this one; it is the contract."""
    content = parsed()
    assert content.audiences == ("governors", "local-governments", "hr-business-partners")
    assert [text.text for text in content.key_messages[0].facts] == [
        "De dienst ligt stil sinds 8 uur.",
        "Er zijn geen gegevens gelekt.",
    ]
    assert content.key_messages[1].audiences == ("hr-business-partners",)
    assert content.actions[1].audiences == ("governors",)
    assert content.next_update_at is not None and content.next_update_at.isoformat() == "2026-11-23T15:00:00+00:00"
    assert {text.language for text in content.title + content.actions + content.sms} == {"nl"}


def test_json_and_yaml_and_any_layout_give_the_same_hash() -> None:
    """The same content for the same incident is found by its hash, however its file was written."""
    plain = _plain()
    plain["audiences"] = list(reversed(plain["audiences"]))
    plain["next_update_at"] = "2026-11-23T15:00:00Z"
    plain["title"] = [{"text": "Loonadministratie  niet\nbeschikbaar", "language": "nl"}]
    for layout in (json.dumps(plain), json.dumps(plain, indent="\t"), yaml.safe_dump(plain, sort_keys=True)):
        assert content_hash(parsed(layout)) == content_hash(parsed())
    assert content_hash(parsed(_with(title="Anders"))) != content_hash(parsed())


def test_content_survives_its_way_through_an_event() -> None:
    """It travels as JSON and is kept as jsonb; nothing may get lost, and unknown fields are tolerated."""
    content = parsed()
    travelled = json.loads(content.model_dump_json()) | {"later_field": 1}
    assert MessageContent.model_validate(travelled) == content
    assert content_hash(MessageContent.model_validate(travelled)) == content_hash(content)


@pytest.mark.parametrize(
    ("old", "new", "place", "problem", "remedy"),
    [
        ("unknown:", "unknwon:", "14:1 unknwon", "no field", "mean unknown?"),
        ("[governors, l", "[governers, l", "7:13 audiences[0]", "not an audience", "governors"),
        ("phase: acute", "phase: acuut", "3:1 phase", "not a phase", "acute"),
        ("[mail, sms", "[mial, sms", "8:12 channels[0]", "not a channel", "mail"),
        ("kind: alert", "kind: alarm", "2:1 kind", "not a kind", "alert"),
        ("language: nl\n", "language: vl\n", "6:1 language", "not a language", "nl"),
        ("16:00:00+01:00", "16:00:00", "19:1 next_update_at", "time zone", "+01:00"),
        ("2026-11-24T00:00:00+01:00", "morgen", "20:1 expires_at", "not a date", "2026-"),
        ("2026-11-24", "2026-11-22", "20:1 expires_at", "in the past", "later"),
        ("2026-11-24T00", "2026-11-23T15", "20:1 expires_at", "before the next", "after"),
        ("title: Loon", "titel: Loon", "1:1 title", "missing", "title:"),
        ("Loonadministratie niet beschikbaar", "''", "5:1 title[0].text", "empty", "Write"),
        ("Loonadministratie niet beschikbaar", "2026", "5:1 title", "text", "quotes"),
        ("title: Loon", "title: \ue000Loon", "5:1 title", "U+E000", "Take it out"),
        ("cyber-2026-014", "Cyber 2026", "1:1 incident", "not an incident", "cyber-2026-014"),
        ("exercise: false", "exercise: maybe", "21:1 exercise", "true or false", "true"),
        ("corrects: null", "corrects: x", "22:1 corrects", "Only a correction", "correction"),
        ("kind: alert", "kind: correction", "22:1 corrects", "which message", "id"),
        ("audiences: [governors", "# ", "1:1 audiences", "whom it is for", "audiences"),
        ("title:", "kind: update\ntitle:", "5:1 kind", "second time", "one of the two"),
        ("title: L", "title: 'L", "5:8", "not valid YAML", "quotes"),
        ("title: L", "title: &a L", "5:8", "Anchors", "quote"),
        ("title: L", "title: !!python/name:os.system L", "5:8", "Tags", "quotes"),
        ("Loonadministratie niet", "x" * 201, "5:1 title[0].text", "more than 200", "Shorten"),
    ],
)
def test_every_mistake_has_its_place_and_its_remedy(old: str, new: str, place: str, problem: str, remedy: str) -> None:
    """Whoever mends this does it at night, under pressure, and looks at one line."""
    assert old in CONTRACT
    text = CONTRACT.replace(old, new, 1)
    found = [each for each in refused(text) if each.place.startswith(f"m.yaml:{place}")]
    assert found, refused(text)
    assert problem in found[0].problem
    assert remedy in found[0].remedy


def test_all_problems_come_in_one_go() -> None:
    """Eight rounds of mending one mistake each is an hour in which nobody was told."""
    text = (
        CONTRACT.replace("unknown:", "  - derde\n  - {text: vierde, facts: [a, b, c, d]}\nunknwon:")
        .replace("[governors, l", "[governor, l")
        .replace("16:00:00+01:00", "16:00:00")
        .replace("2026-11-24", "2026-11-22")
        .replace("title: Loon", "colour: red\ntitle: Loon")
    )
    fields = {each.place.split(" ")[1] for each in refused(text)}
    assert fields == {
        "audiences[0]", "key_messages[3]", "key_messages[3].facts[3]", "unknwon", "next_update_at",
        "expires_at", "colour",
    }  # fmt: skip


def test_a_fourth_key_message_counts_for_each_reader() -> None:
    """Three for governors and another three for HR is three for everybody; a fourth for one of them is too many."""
    own = [
        {"text": f"{audience} {n}", "audiences": [audience]}
        for audience in ("governors", "hr-business-partners")
        for n in range(3)
    ]
    everyone = [{"text": "Lokaal", "audiences": ["local-governments"]}]
    assert len(parsed(_with(key_messages=own + everyone)).key_messages) == 7
    problems = refused(_with(key_messages=[*own, *everyone, "voor iedereen"]))
    assert [each.place.split(" ")[1] for each in problems] == ["key_messages[7]"]


def test_facts_count_for_each_language() -> None:
    """Three facts in two languages are six texts and three facts."""
    facts = [{"text": f"feit {n}", "language": language} for n in range(3) for language in ("nl", "fr")]
    parsed(_with(key_messages=[{"text": "Kern", "facts": facts}]))
    refused(_with(key_messages=[{"text": "Kern", "facts": [*facts, {"text": "quatre", "language": "fr"}]}]))


def test_an_audience_that_would_see_no_key_message_is_refused() -> None:
    """Unless all it gets is an SMS that the author wrote."""
    only = [{"text": "Alleen HR", "audiences": ["hr-business-partners"]}]
    problems = refused(_with(key_messages=only))
    assert "governors would see no key message in nl." in problems[0].problem
    parsed(_with(key_messages=only, channels=["sms"]))
    parsed(_with(key_messages=[], channels=["sms"]))
    refused(_with(key_messages=[], channels=["sms"], sms=None))
    refused(_with(key_messages=[], channels=["sms", "mail"]))
    refused(_with(key_messages=[{"text": "En français", "language": "fr"}]))


def test_a_correction_and_an_all_clear_may_leave_the_audiences_out() -> None:
    """They go to those who were told."""
    identity = "019ab2c4-7d1e-7000-8000-000000000000"
    assert parsed(_with(kind="correction", corrects=identity, audiences=None)).audiences == ()
    assert parsed(_with(kind="all-clear", audiences=None)).audiences == ()


def test_line_breaks_and_controls_in_a_title_become_spaces() -> None:
    """They stay text: a title is one line in a header, an SMS and a feed."""
    content = parsed(_with(title="Brand\r\nBcc: x@example.org\x00\u2028einde"))
    assert content.title[0].text == "Brand Bcc: x@example.org einde"


def test_an_sms_keeps_its_lines() -> None:
    """It is sent as it is."""
    assert parsed(_with(sms="CCVO\r\nRegel twee\x07")).sms[0].text == "CCVO\nRegel twee"


def test_emoji_in_json_stay_whole() -> None:
    """JSON escapes them as two halves, which YAML would keep apart."""
    assert parsed(_with(title="Brand \U0001f525")).title[0].text == "Brand \U0001f525"


def test_public_alone_needs_the_newsfeed() -> None:
    """Otherwise nobody at all would get the message."""
    refused(_with(audiences=["public"], channels=["mail"]))
    refused(_with(audiences=["public"], exercise=True))
    parsed(_with(audiences=["public"], channels=["newsfeed"]))


@pytest.mark.parametrize("text", ["", "[]", "hallo", "null", "[" * 100000, "a" * 300000, "\x00", "{", "- " * 50000])
def test_what_is_no_message_is_refused_quickly(text: str) -> None:
    """Whatever lands in the file, the answer is a problem and not a traceback."""
    assert refused(text)


def test_the_schema_accepts_what_we_accept() -> None:
    """Editors complete and check files with it; it names no audience and no phase, for those are configured."""
    schema = MessageFile.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = json.loads(
        _with(title=[{"text": "a", "language": "nl"}], actions="een", unknown=["twee", {"text": "drie"}])
    )
    jsonschema.validate(plain, schema)
    assert "governors" not in json.dumps(schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain | {"colour": 1}, schema)


def test_half_a_character_in_a_name_is_refused_as_anything_else() -> None:
    """JSON can escape one; what comes in by the API must not end in a traceback."""
    problems = refused(_with()[:-1] + ', "\\ud800": 1}')
    assert [each.problem for each in problems] == ["The name of a field is not text."]
