"""What one reader sees of an edition: only their own texts, their language, their province first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.configuration import DEFAULT
from services.domain.content import Text
from services.domain.edition_selection import languages_of, provinces_of, readers_of, view_of
from services.domain.edition_stories import Released
from services.domain.edition_view import EditionView, Said, SaidPoint
from services.domain.editions import EditionContent, EditionDate, EditionItem, Editorial
from tests.domain.messages import message

FIVE = datetime(2026, 11, 26, 16, tzinfo=UTC)
NL, EN = "nl", "en"


def released(number: int, *, minutes: int = 0, **fields: Any) -> Released:
    """A message of an incident, released so many minutes before five."""
    content = message(**fields)
    return Released(UUID(int=number), content, "acute", "Incident", FIVE - timedelta(minutes=minutes))


def item(number: int, incident: str = "cyber-1", **fields: Any) -> EditionItem:
    """What is told of it, to governors."""
    plain: dict[str, Any] = {"incident": incident, "message": UUID(int=number), "audiences": ("governors",)}
    return EditionItem(**plain | fields)


def edition(*items: EditionItem, **fields: Any) -> EditionContent:
    """An edition in Dutch and English, for governors and local governments, to go out at five."""
    plain: dict[str, Any] = {
        "incident": "newsletter-x", "newsletter": 1, "date": date(2026, 11, 26), "number": 1, "items": items,
        "title": (Text(text="Overzicht", language=NL), Text(text="Overview", language=EN)),
        "audiences": ("governors", "local-governments"), "composed_at": FIVE - timedelta(minutes=30),
        "release_at": FIVE,
    }  # fmt: skip
    return EditionContent(**plain | fields)


def seen(content: EditionContent, *told: Released, **reader: str) -> EditionView:
    """What a reader sees: of governors, in Dutch, without a province, unless said."""
    who = {"audience": "governors", "language": NL, **reader}
    return view_of(content, {each.id: each for each in told}, configuration=DEFAULT, **who)


def test_what_is_new_since_yesterday_is_marked_text_by_text() -> None:
    """Who reads daily looks for that alone."""
    old = released(1, key_messages=[{"text": [{"text": "Blijf binnen."}], "facts": [{"text": "Sinds 8 uur."}]}])
    new = released(
        2,
        key_messages=[
            {"text": [{"text": "Blijf binnen."}], "facts": [{"text": "Sinds 8 uur."}, {"text": "Tot 18 uur."}]}
        ],
    )
    [story] = seen(edition(item(2, before=UUID(int=1))), old, new).stories
    assert story.standing == "updated"
    assert story.key_messages == (
        SaidPoint("Blijf binnen.", False, (Said("Sinds 8 uur.", False), Said("Tot 18 uur.", True))),
    )


def test_a_message_that_says_the_same_to_this_audience_is_unchanged_for_it() -> None:
    """What changed for governors alone is no news for mayors."""
    texts = [{"text": "Voor allen."}]
    old = released(1, key_messages=[{"text": texts}])
    new = released(2, key_messages=[{"text": texts}], actions=[{"text": "Bel.", "audiences": ["governors"]}])
    both = edition(item(2, before=UUID(int=1), audiences=("governors", "local-governments")))
    assert seen(both, old, new).stories[0].standing == "updated"
    assert seen(both, old, new, audience="local-governments").stories[0].standing == "unchanged"


def test_an_audience_sees_its_own_texts_and_items_alone() -> None:
    """A newsletter is no way round what an audience may know."""
    told = released(1, actions=[{"text": "Geheim.", "audiences": ["local-governments"]}])
    view = seen(edition(item(1), item(2, "fire", audiences=("local-governments",))), told, released(2, incident="fire"))
    assert [each.incident for each in view.stories] == ["cyber-1"]
    assert view.stories[0].actions == ()


def test_a_story_that_does_not_exist_in_the_readers_language_stands_in_its_own_and_says_so() -> None:
    """Never a mixture within a story, and never nothing."""
    both = released(
        1, title=[{"text": "Titel", "language": NL}, {"text": "Title", "language": EN}],
        key_messages=[{"text": [{"text": "Kern.", "language": NL}, {"text": "Core.", "language": EN}]}],
    )  # fmt: skip
    dutch = released(2, incident="fire", title=[{"text": "Brand"}])
    view = seen(edition(item(1), item(2, "fire")), both, dutch, language=EN)
    assert {(story.title, story.language) for story in view.stories} == {("Title", ""), ("Brand", NL)}
    assert view.newsletter_title == "Overview"
    assert languages_of(edition()) == (NL, EN)


def test_what_is_near_comes_first_then_what_puts_an_error_right_then_what_is_urgent_then_the_latest() -> None:
    """Nobody reads to the end of forty stories."""
    told = [
        released(1, incident="a", kind="update", urgency="routine", minutes=1),
        released(2, incident="b", minutes=90),
        released(3, incident="c", kind="correction", corrects=str(UUID(int=9)), minutes=99),
        released(4, incident="d", kind="update", urgency="routine", area=["Genk"], minutes=500),
        released(5, incident="e", minutes=5),
        released(6, incident="f", kind="all-clear", minutes=2),
    ]
    content = edition(*(item(number, each.content.incident) for number, each in enumerate(told, 1)))
    view = seen(content, *told, province="Limburg")
    assert "".join(story.incident for story in view.stories) == "dcebaf"
    assert [story.near for story in view.stories][:2] == [True, False]
    assert "".join(story.incident for story in seen(content, *told).stories) == "cebadf"


def test_only_provinces_that_a_story_is_about_get_a_version() -> None:
    """A version that differs in nothing is one to proof for nothing."""
    told = {UUID(int=1): released(1, area=["Genk", "provincie Antwerpen"]), UUID(int=2): released(2)}
    content = edition(item(1), item(2, "fire"), by_province=("governors",))
    assert provinces_of(content, "governors", told) == ("Antwerpen", "Limburg")
    assert provinces_of(content, "local-governments", told) == ()


def test_what_was_withdrawn_shows_its_title_and_nothing_that_it_said() -> None:
    """It holds no more; whoever had it must know which it was."""
    [story] = seen(edition(item(1, withdrawn=True)), released(1, actions=[{"text": "Blijf binnen."}])).stories
    assert (story.standing, story.title) == ("withdrawn", "Titel")
    assert (story.key_messages, story.actions, story.next_update_at) == ((), (), None)


def test_a_correction_quotes_what_was_wrong() -> None:
    """Who acted on the error must see that it is about that."""
    error = released(1, key_messages=[{"text": [{"text": "Het water is veilig."}]}])
    right = released(2, kind="correction", corrects=str(UUID(int=1)))
    [story] = seen(edition(item(2, before=UUID(int=1))), error, right).stories
    assert (story.standing, story.corrected) == ("put-right", ("Het water is veilig.",))


def test_dates_to_come_are_those_after_it_goes_out() -> None:
    """A promise that is past is no date to come."""
    soon, past = FIVE + timedelta(hours=1), FIVE - timedelta(minutes=1)
    told = [released(1, next_update_at=soon), released(2, incident="fire", next_update_at=past)]
    dates = (EditionDate(at=FIVE + timedelta(days=1), text=(Text(text="Overleg", language=NL),)),)
    view = seen(edition(item(1), item(2, "fire"), editorial=Editorial(dates=dates)), *told)
    assert [(each.at, each.text) for each in view.dates] == [(soon, "Titel"), (dates[0].at, "Overleg")]


def test_an_editorial_without_the_readers_language_stands_in_the_newsletters_own() -> None:
    """The cell writes in Dutch at half past four; nobody translates it by five."""
    content = edition(editorial=Editorial(text=(Text(text="Beste lezers", language=NL),)))
    view = seen(content, language=EN)
    assert (view.editorial, view.editorial_language) == (("Beste lezers",), NL)
    assert seen(content).editorial_language == ""


def test_who_has_nothing_to_read_gets_no_edition_unless_a_quiet_day_is_told() -> None:
    """A quiet day for mayors may be a busy one for governors."""
    assert readers_of(edition(item(1))) == ("governors",)
    assert readers_of(edition(item(1), quiet_day="say-so")) == ("governors", "local-governments")
    assert readers_of(edition()) == ()
