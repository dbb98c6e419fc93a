"""The page of a proof: complete, in Dutch, harmless whatever others wrote, and readable by everyone."""

import re
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.configuration import DEFAULT
from services.domain.problems import Refused
from services.rendering.centre import RenderingSettings
from services.rendering.proof_page import proof_page
from services.rendering.templates import Templates, load_templates
from tests.rendering.proofs import NEW_ID, Page, content, proof

HOSTILE = [
    "</iframe><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</style></title></textarea><!--",
    "-->]]><![CDATA[",
    "&lt;b&gt; &amp;quot; &#34;",
    "{{ 7*7 }}{% raw %}",
    "\u202egnifeo\u202c \u2066x",
    "a\x00\x1b[31m\x85\u2028b",
    "</pre></blockquote></dl>",
]


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates(RenderingSettings())


def page_of(templates: Templates, said: str, **fields: object) -> Page:
    """The page of a message in which others wrote this wherever they may write."""
    message = content(
        title=[{"text": said}],
        key_messages=[{"text": [{"text": said}], "facts": [{"text": said}]}],
        unknown=[{"text": said}], actions=[{"text": said}], sms=[{"text": said}], **fields,
    )  # fmt: skip
    before = content(key_messages=[{"text": [{"text": "Iets anders."}], "facts": [{"text": "x"}]}])
    return Page(proof_page(proof(templates, message, before=before, name=said, words=said), templates, DEFAULT))


@pytest.mark.parametrize("said", HOSTILE)
def test_what_others_wrote_never_becomes_markup(templates: Templates, said: str) -> None:
    """A contact's name, an organisation or a title must not run in the browser of a crisis manager."""
    harmless = page_of(templates, "onschuldig")
    found = page_of(templates, said)
    tags = {each[0] for each in harmless.structure}
    assert {each[0] for each in found.structure} <= tags
    assert _without_marks(found) == _without_marks(harmless)
    assert not {"script", "link", "object", "embed", "form", "base"} & tags
    assert not any(name.startswith("on") for each in found.structure for name in each[1:])


@cache
def our_templates() -> Templates:
    return load_templates(RenderingSettings())


def named(said: str) -> Page:
    templates = our_templates()
    return Page(proof_page(proof(templates, content(), name=said, words=said), templates, DEFAULT))


@cache
def harmless() -> Page:
    return named("naam")


@given(st.text(alphabet="<>/\"'&;=! -script\u202e\x07", min_size=1, max_size=40).filter(lambda text: text.strip()))
@example("<a href=javascript:alert(1)>")
def test_no_text_at_all_becomes_markup(said: str) -> None:
    """Not only those that somebody thought of; in names, which no rule of a message has cleaned."""
    assert named(said).structure == harmless().structure


@pytest.mark.parametrize("said", HOSTILE)
def test_nor_does_it_within_the_frames(templates: Templates, said: str) -> None:
    """A frame has no rights, and what is in it is the mail as its reader gets it: the same there."""
    shown, plain = page_of(templates, said), page_of(templates, "onschuldig")
    assert len(shown.values["srcdoc"]) == 2
    for found, expected in zip(shown.values["srcdoc"], plain.values["srcdoc"], strict=True):
        assert Page(found).structure == Page(expected).structure
    assert shown.structure.count(("iframe", "sandbox", "loading", "title", "style", "srcdoc")) == 2
    assert set(shown.values["sandbox"]) == {""}, "no rights at all: no scripts, no forms, no origin"


def test_the_page_needs_nothing_else_and_runs_nothing(templates: Templates) -> None:
    """It is kept, mailed and opened without a network, next to names of people."""
    html = proof_page(proof(templates, content()), templates, DEFAULT)
    found = Page(html)
    policy = next(value for value in found.values["content"] if "default-src" in value)
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert not re.search(r"https?://|src=|@import|url\(", html.replace("srcdoc=", ""))
    assert {value[0] for value in found.values["href"]} == {"#"}


def test_everybody_can_read_it(templates: Templates) -> None:
    """By keyboard, aloud, on a telephone, in the dark, on paper (WCAG 2.2: 1.3.1, 2.4.1, 2.4.6, 3.1.1, 4.1.2)."""
    html = proof_page(proof(templates, content(exercise=True)), templates, DEFAULT)
    found = Page(html)
    tags = [each[0] for each in found.structure]
    assert [tags.count(each) for each in ("main", "header", "nav", "footer", "h1")] == [1] * 5
    assert found.structure[1][:2] == ("html", "lang")
    assert tags.count("table") == tags.count("caption") == 4
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), "no level is skipped"
    assert all(("scope" in each) for each in found.structure if each[0] == "th")
    assert all(("title" in each) for each in found.structure if each[0] == "iframe")
    ids = found.values["id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in found.values["href"]} <= set(ids)
    assert set(found.values["aria-labelledby"]) <= set(ids)
    for need in ("@media print", "prefers-color-scheme: dark", "max-width: 30rem", "width=device-width"):
        assert need in html


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(templates: Templates, scheme: str) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3), on both grounds, in both schemes."""
    style = templates.html.get_template("proof/style.css.j2").render()
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", part)) for part in style.split("@media")[:2])
    colours = light if scheme == "light" else light | dark
    for words in ("ink", "soft", "link", "removed", "warn", "added"):
        for ground in ("paper", "panel"):
            assert _contrast(colours[words], colours[ground]) >= 4.5, (words, ground)
    for kind in ("added", "removed"):
        assert _contrast(colours[kind], colours[f"{kind}-bg"]) >= 4.5


def test_it_says_what_the_message_is_and_whom_it_reaches(templates: Templates) -> None:
    """An approver sees all of it on one page."""
    said = page_of(templates, "Loonadministratie ligt stil").said
    for words in (
        "Loonadministratie ligt stil", "waarschuwing", "acute fase", "dringend", NEW_ID, "ab" * 32, "gouverneurs",
        "Ontvangers per doelgroep", "Ontvangers per provincie", "geen provincie bekend",
        "krijgt niets: geen mailadres, geen nummer", "En nog 4 anderen", "1.234,50 euro", "GSM-7, 1 segment",
        "Kernboodschap 1", "Houdt tegen", "maandag 23 november 2026, 15.30 uur", "[gemeente]",
    ):  # fmt: skip
        assert words in said, words


def test_an_exercise_is_marked_before_anything_else(templates: Templates) -> None:
    """Nobody approves an exercise for real, nor the other way round."""
    assert (
        Page(proof_page(proof(templates, content(exercise=True)), templates, DEFAULT))
        .said.partition("Proef van")[0]
        .endswith("OEFENING. Dit bericht gaat alleen naar wie aan de oefening deelneemt. ")
    )
    assert "OEFENING" not in page_of(templates, "x").said


def test_what_changed_since_the_last_message_is_marked_in_the_text(templates: Templates) -> None:
    """On every channel; and the message's own id, which is always another, is no change."""
    before = content(key_messages=[{"text": [{"text": "De lonen komen maandag."}]}])
    after = content(key_messages=[{"text": [{"text": "De lonen komen dinsdag."}]}])
    html = proof_page(proof(templates, after, before=before), templates, DEFAULT)
    assert re.findall(r"<(ins|del)>(.*?)</\1>", html) == [("del", " maandag"), ("ins", " dinsdag")] * 3
    same = proof_page(proof(templates, after, before=after), templates, DEFAULT)
    assert "<ins>" not in same
    assert same.count("Dezelfde tekst als in het bericht van maandag 23 november 2026, 15.30 uur.") == 3
    assert proof_page(proof(templates, after), templates, DEFAULT).count("Dit is het eerste bericht") == 3


def test_a_word_that_a_centres_own_file_lacks_is_named(tmp_path) -> None:
    """As for every other template: the file, and what is missing in it."""
    (tmp_path / "words").mkdir()
    (tmp_path / "words/proof.nl.yaml").write_text("page: Proef\n")
    own = load_templates(RenderingSettings(templates_dir=tmp_path))
    with pytest.raises(Refused, match=r"proof\.nl\.yaml.* is missing"):
        proof_page(proof(own, content()), own, DEFAULT)


def _without_marks(page: Page) -> list[tuple[str, ...]]:
    """How many stretches are marked depends on the words; everything else does not."""
    return [each for each in page.structure if each[0] not in {"ins", "del", "/ins", "/del"}]


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
