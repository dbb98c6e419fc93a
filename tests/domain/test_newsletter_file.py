"""The file of a newsletter, judged: every problem at once, each with its place and what to do."""

from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.domain.configuration import DEFAULT
from services.domain.newsletter_file import parse_newsletter
from services.domain.newsletters import Newsletter
from services.domain.problems import Refused

EXAMPLE = Path(__file__).parents[2] / "examples" / "newsletter.yaml"


def parsed(text: str) -> Newsletter:
    return parse_newsletter(text, name="brief.yaml", configuration=DEFAULT)


def changed(**fields: Any) -> str:
    return yaml.safe_dump(yaml.safe_load(EXAMPLE.read_text()) | {"schedule": {"time": "17:00"}} | fields)


def test_the_example_is_one() -> None:
    """People copy it."""
    newsletter = parsed(EXAMPLE.read_text())
    assert (newsletter.slug, newsletter.schedule.time) == ("lokale-besturen", time(17))
    assert newsletter.opening[0].language == newsletter.title[0].language == "nl"


@pytest.mark.parametrize(
    ("fields", "place", "says"),
    [
        ({"audience": ["governors"]}, "audience", "no field audience"),
        ({"audiences": ["governor"]}, "audiences[0]", "Did you mean governors?"),
        ({"audiences": []}, "audiences", "empty"),
        ({"audiences": ["public"], "by_province": []}, "audiences[0]", "gets no mail"),
        ({"by_province": ["governors"]}, "by_province[0]", "does not get this newsletter"),
        ({"schedule": {"time": 17}}, "schedule.time", "Write it as 17:00."),
        ({"schedule": {"time": "24:00"}}, "schedule.time", "Write it as 17:00."),
        ({"schedule": {"time": "17:00", "weekdays": ["maandag"]}}, "schedule.weekdays[0]", "Choose from: mon"),
        ({"schedule": {"time": "17:00", "weekdays": []}}, "schedule.weekdays", "empty"),
        ({"schedule": {"time": "17:00", "late_minutes": 0}}, "schedule.late_minutes", "This must be 1 or more."),
        ({"schedule": {"tme": "17:00"}}, "schedule.tme", "Did you mean time?"),
        ({"schedule": {}}, "schedule.time", "Write `time: 17:00`."),
        ({"quiet_day": "never"}, "quiet_day", "skip, say-so"),
        ({"newsletter": "Lokale Besturen"}, "newsletter", "cannot be a newsletter's name"),
        ({"newsletter": "x" * 41}, "newsletter", "at most 40"),
        ({"title": [{"text": "News", "language": "en"}]}, "title", "no title in nl"),
        ({"title": ["A", "B"]}, "title[1]", "already"),
        ({"title": ""}, "title[0].text", "empty"),
        ({"phases": ["acuut"]}, "phases[0]", "is not a phase"),
        ({"incidents": ["Cyber 14"]}, "incidents[0]", "not an incident's id"),
        ({"opening": [{"text": "x", "audiences": ["governors"]}]}, "opening[0].audiences", "does not get"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_remedy(fields: dict[str, Any], place: str, says: str) -> None:
    """A newsletter is set up once, and nobody remembers how."""
    with pytest.raises(Refused) as refused:
        parsed(changed(**fields))
    told = [f"{each.place} {each.problem} {each.remedy}" for each in refused.value.problems]
    assert any(f" {place} " in each and says in each for each in told), told


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "newsletter: [", "a: &x 1\nb: *x\n"])
def test_what_is_no_newsletter_at_all_is_refused(text: str) -> None:
    """The wrong file, or half of one."""
    with pytest.raises(Refused):
        parsed(text)


def test_its_name_is_no_part_of_what_is_approved() -> None:
    """A newsletter that is renamed needs no new standing approval; one that says something else does."""
    one = parsed(changed())
    assert parsed(changed(newsletter="andere")).hash == one.hash
    assert parsed(changed(quiet_day="say-so")).hash != one.hash
    assert parsed(changed(schedule={"time": "17:01"})).hash != one.hash
