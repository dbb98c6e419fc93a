"""Who sees what: no text reaches another audience, and nobody reads two languages at once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.domain.content import MessageContent
from services.domain.selection import choose_language, languages_of, select
from tests.domain.messages import message

AUDIENCES = ("governors", "bcm-leads", "partners")
LANGUAGES = ("nl", "fr", "de")
ANYONE = st.none() | st.lists(st.sampled_from(AUDIENCES), min_size=1, unique=True)


def texts(some: st.SearchStrategy[Any]) -> Any:
    """Texts that say in themselves for whom and in which language they are: `nl|governors,bcm-leads|…`."""

    def written(drawn: tuple[str | None, list[str] | None, int]) -> dict[str, Any]:
        language, audiences, number = drawn
        return {
            "text": f"{language or 'nl'}|{','.join(audiences or AUDIENCES)}|{number}",
            "language": language,
            "audiences": audiences,
        }

    return st.tuples(st.none() | st.sampled_from(LANGUAGES), some, st.integers(0, 9)).map(written)


@st.composite
def contents(draw: st.DrawFn) -> MessageContent:
    """Messages in any mixture of audiences and languages, with at least a title in Dutch."""
    key_messages = st.fixed_dictionaries(
        {"text": st.lists(texts(st.none()), min_size=1, max_size=3), "facts": st.lists(texts(ANYONE), max_size=3)},
        optional={"audiences": st.lists(st.sampled_from(AUDIENCES), min_size=1, unique=True)},
    )
    titles = [{"text": f"{each}|{','.join(AUDIENCES)}|t", "language": each} for each in LANGUAGES]
    return message(
        title=titles[: draw(st.integers(1, 3))],
        audiences=AUDIENCES,
        key_messages=draw(st.lists(key_messages, max_size=3)),
        unknown=draw(st.lists(texts(ANYONE), max_size=4)),
        actions=draw(st.lists(texts(ANYONE), max_size=4)),
        sms=draw(st.lists(texts(ANYONE), max_size=2)),
    )


def shown(content: MessageContent, audience: str, language: str) -> list[str]:
    """Every text of a view."""
    view = select(content, audience=audience, language=language)
    points = [text for point in view.key_messages for text in (point.text, *point.facts)]
    return [each for each in (view.title, *points, *view.unknown, *view.actions, view.sms) if each]


@given(contents(), st.sampled_from(AUDIENCES), st.sampled_from(LANGUAGES))
def test_no_text_reaches_another_audience_or_language(content: MessageContent, audience: str, language: str) -> None:
    """A leak between audiences is the one mistake that cannot be taken back."""
    for text in shown(content, audience, language):
        written_in, written_for, _ = text.split("|")
        assert written_in == language
        assert audience in written_for.split(",")


@given(contents(), st.sampled_from(AUDIENCES))
def test_everything_meant_for_an_audience_is_shown_to_it(content: MessageContent, audience: str) -> None:
    """What an author wrote for someone may not vanish."""
    meant = [text for text in content.actions if text.language == "nl" and audience in (text.audiences or AUDIENCES)]
    assert select(content, audience=audience, language="nl").actions == tuple(text.text for text in meant)


@given(contents(), st.sampled_from(AUDIENCES))
def test_a_language_is_offered_only_when_it_is_complete(content: MessageContent, audience: str) -> None:
    """A reader of French gets all key messages in French, or the message in its own language."""
    own = select(content, audience=audience, language="nl")
    languages = languages_of(content, audience)
    assert languages[0] == "nl"
    for language in languages[1:]:
        view = select(content, audience=audience, language=language)
        assert view.title
        assert len(view.key_messages) >= len(own.key_messages)


def test_a_reader_gets_their_language_only_if_all_of_it_exists_for_them() -> None:
    """The contract: the title and all its key messages, else the message's language."""
    both = [{"text": "Kern.", "language": "nl"}, {"text": "Noyau.", "language": "fr"}]
    content = message(
        title=[{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}],
        key_messages=[{"text": both}, {"text": [{"text": "Alleen BCM."}], "audiences": ["bcm-leads"]}],
    )
    assert choose_language(content, "governors", "fr") == "fr"
    assert choose_language(content, "bcm-leads", "fr") == "nl"
    assert choose_language(content, "governors", "de") == "nl"


def test_a_translation_may_be_a_key_message_of_its_own() -> None:
    """`{text, language}` may stand anywhere a text may."""
    content = message(
        title=[{"text": "Titel", "language": "nl"}, {"text": "Titre", "language": "fr"}],
        key_messages=[
            {"text": [{"text": "Kern.", "language": "nl"}]},
            {"text": [{"text": "Noyau.", "language": "fr"}]},
        ],
    )
    assert languages_of(content, "governors") == ("nl", "fr")
    assert [point.text for point in select(content, audience="governors", language="fr").key_messages] == ["Noyau."]


def test_an_sms_alone_is_in_the_languages_it_was_given_in() -> None:
    """Without key messages there is nothing else to make one from."""
    content = message(
        title=[
            {"text": "Titel", "language": "nl"},
            {"text": "Titre", "language": "fr"},
            {"text": "T", "language": "de"},
        ],
        channels=["sms"],
        key_messages=[],
        sms=[{"text": "Kort", "language": "nl"}, {"text": "Court", "language": "fr"}],
    )
    assert languages_of(content, "governors") == ("nl", "fr")
