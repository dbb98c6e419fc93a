"""What a reader of a newsletter sees: what is new, what was put right, what is asked, and how to have no more of it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest

from services.domain.configuration import DEFAULT
from services.domain.edition_view import EditionView, Said, SaidPoint, Standing
from services.domain.problems import Problem, Refused
from services.domain.variants import SLOT, Variant, slot
from services.domain.verification import code_of
from services.rendering.centre import RenderingSettings
from services.rendering.check import check_templates
from services.rendering.edition import render_edition
from services.rendering.edition_check import check_editions
from services.rendering.templates import Templates, load_templates, our_folder
from tests.rendering.editions import a_day, story, view
from tests.rendering.proofs import Page

ID = "01a2086d-f51e-715f-ab79-538535e52f00"
READER = slot("reader")


@pytest.fixture(scope="module")
def templates() -> Templates:
    return load_templates()


def rendered(edition: EditionView, templates: Templates, **more: object) -> Variant:
    return render_edition(edition, message_id=ID, templates=templates, **more)  # type: ignore[arg-type]


def parts(variant: Variant) -> tuple[str, str]:
    """What its text part and its HTML say, each on one line, without signs that only decorate."""
    return " ".join(variant.text.split()), Page(variant.html).said.replace("\xa0", " ")


def test_every_story_is_told_in_both_parts(templates: Templates) -> None:
    """Who reads plain text misses nothing."""
    day = a_day()
    for part in parts(rendered(day, templates)):
        for each in day.stories:
            assert each.title in part and each.incident_title in part
            for point in each.key_messages:
                assert point.text in part and all(fact.text in part for fact in point.facts)
            assert all(said.text in part for said in (*each.unknown, *each.actions))
            assert all(wrong in part for wrong in each.corrected)
        for text in (*day.opening, *day.editorial, *(each.text for each in day.dates)):
            assert text in part
        assert "onderdag 26 november 2026" in part and "Nummer 12".lower() in part.lower()
        assert "vrijdag 27 november 2026, 10.30 uur" in part


def test_how_a_story_stands_is_said_in_words(templates: Templates) -> None:
    """Colour alone is no news for whoever cannot see it."""
    variant = rendered(a_day(), templates)
    for standing in ("Nieuw", "Bijgewerkt", "Rechtgezet", "Ingetrokken", "Einde alarm"):
        assert f"[{standing.upper()}]" in variant.text
        assert re.search(rf">(&nbsp;)+{standing}(&nbsp;)+</span>", variant.html)
    text, html = parts(variant)
    for part in (text, html):
        assert "1 nieuw, 1 bijgewerkt, 1 rechtgezet, 1 ingetrokken en 1 met einde alarm" in part
        assert "Sinds woensdag 25 november 2026, 17 uur" in part
        assert "Wij trekken dit bericht in. Gebruik het niet meer." in part
        assert "Gebruik dat eerdere bericht niet meer." in part and "Wat niet juist was" in part
        assert "Het incident is voorbij." in part


def test_what_was_not_there_yesterday_is_marked_and_the_rest_is_not(templates: Templates) -> None:
    """That is what the newsletter is read for."""
    point = SaidPoint("Oude kern.", False, (Said("Nieuw feit.", True), Said("Oud feit.", False)))
    variant = rendered(view(story(key_messages=(point,), unknown=(Said("Vraag.", True),))), templates)
    assert "* Oude kern." in variant.text and "- NIEUW: Nieuw feit." in variant.text and "- Oud feit." in variant.text
    assert "- NIEUW: Vraag." in variant.text
    said = parts(variant)[1]
    assert re.search(r"Nieuw\s+Nieuw feit\.", said) and not re.search(r"Nieuw\s+Ou?de? (kern|feit)", said)


def test_a_story_that_is_new_is_not_marked_line_by_line(templates: Templates) -> None:
    """Where everything is new, a mark on each line says nothing."""
    new = story(standing="new", key_messages=(SaidPoint("Kern.", True, (Said("Feit.", True),)),))
    assert "NIEUW:" not in rendered(view(new), templates).text


def test_the_readers_province_comes_first_and_the_rest_under_its_own_heading(templates: Templates) -> None:
    """A municipality looks for itself first."""
    edition = view(story(1, near=True), story(2), province="Limburg")
    for part in map(str.lower, parts(rendered(edition, templates))):
        assert part.index("in uw provincie: limburg") < part.rindex("elders in vlaanderen")
    assert "Elders" not in rendered(replace(edition, stories=(story(2),)), templates).html
    assert rendered(edition, templates).segment == "Limburg"


def test_a_quiet_day_is_two_lines_and_promises_nothing_else(templates: Templates) -> None:
    """Nobody should search for what is not there."""
    variant = rendered(view(), templates)
    assert variant.subject == "Dagelijks overzicht, 26 november: geen nieuws"
    for part in parts(variant):
        assert "er is geen nieuws" in part.lower()
        assert "Sinds woensdag 25 november 2026, 17 uur kwamen er geen nieuwe berichten." in part
        assert "In het kort" not in part
    first_ever = rendered(view(since=None), templates)
    assert "Er zijn nog geen berichten." in first_ever.text


def test_an_editorial_without_stories_is_news(templates: Templates) -> None:
    """Somebody wrote it today: neither the subject nor a heading says that there is none."""
    variant = rendered(view(editorial=("Morgen is er een oefening.",)), templates)
    assert variant.subject == "Dagelijks overzicht, 26 november"
    for part in parts(variant):
        assert "geen nieuws" not in part.lower() and "kwamen er geen nieuwe berichten" in part


@pytest.mark.parametrize(
    ("standing", "title", "subject"),
    [
        ("withdrawn", "Drink het water", "Ingetrokken: Drink het water"),
        ("withdrawn", "Ingetrokken: Drink het water", "Ingetrokken: Drink het water"),
        ("put-right", "Drink het water niet", "Rechtzetting: Drink het water niet"),
        ("over", "Drink het water", "Einde van het incident: Drink het water"),
        ("updated", "Drink het water", "Drink het water"),
    ],
)
def test_a_title_alone_says_that_it_was_withdrawn(
    templates: Templates, standing: Standing, title: str, subject: str
) -> None:
    """In a list of mails no badge stands beside it, and such stories come first."""
    one = story(standing=standing, title=title)
    assert rendered(view(one), templates).subject == f"Dagelijks overzicht, 26 november: {subject}"
    assert f". {subject}</div>" in rendered(view(story(2), one), templates).html


def test_the_way_out_stands_in_both_parts_and_says_that_urgent_messages_still_come(templates: Templates) -> None:
    """RFC 8058 is for machines; people look at the end of the mail."""
    variant = rendered(view(), templates)
    hrefs = Page(variant.html).values["href"]
    for page in ("", "/preferences", "/archive", "/unsubscribe"):
        assert READER + page in hrefs and f": {READER}{page}\n" in variant.text
    for part in parts(variant):
        assert "Dringende berichten blijft u altijd krijgen, ook als u zich uitschrijft." in part
        assert f"Controlecode: {code_of(ID, 'local-governments')}." in part and ID in part
        assert "U krijgt dit bericht als contactpunt van" in part


def test_links_say_where_they_lead(templates: Templates) -> None:
    """A screen reader lists them without what stands around."""
    html = rendered(view(*(story(n) for n in range(1, 40))), templates).html
    texts = [
        unescape(re.sub("<[^>]+>", "", text)).strip() for text in re.findall(r"<a [^>]*href[^>]*>(.*?)</a>", html, re.S)
    ]
    assert texts and all(len(text.split()) >= 3 for text in texts), texts
    assert not {"hier", "klik hier", "meer", "lees meer"} & {text.lower() for text in texts}


def test_late_and_exercise_are_said_at_the_top(templates: Templates) -> None:
    """Late with an excuse; an exercise also at the end, and in the subject."""
    variant = rendered(a_day(late=True, exercise=True), templates)
    assert variant.subject.startswith("[OEFENING] Dagelijks overzicht")
    for part in parts(variant):
        assert part.count("OEFENING. Dit is geen echt incident.") == 2
        assert part.index("later verzonden dan gepland. Onze excuses") < part.index("Geachte")
    plain = rendered(a_day(), templates)
    assert "OEFENING" not in plain.text + plain.html + plain.subject and "excuses" not in plain.text


@pytest.mark.parametrize("language", DEFAULT.languages)
@pytest.mark.parametrize("count", [0, 1, 400])
def test_no_edition_mixes_languages(templates: Templates, language: str, count: int) -> None:
    """Every word of the frame is in the reader's language, also where the edition is too long for a mail."""
    words = {"nl": "nieuwsbrief", "fr": "lettre d’information", "en": "newsletter", "de": "Newsletter"}
    name = DEFAULT.audience("governors").names[language]
    stories = (story(n, phase_name="x", key_messages=()) for n in range(count))
    edition = view(*stories, language=language, audience="governors", audience_name=name, newsletter_title="T")
    variant = rendered(edition, templates)
    assert f'<html lang="{language}"' in variant.html
    for other, word in words.items():
        assert (word.lower() in variant.text.lower()) == (word.lower() == words[language].lower()), other
    more = re.search(r"^[^\d\n]* (\d{3}) [^\d\n]*$", variant.text, re.M)
    assert (more is not None and 300 < int(more[1]) < 400) == (count == 400)


def test_texts_in_another_language_say_so(templates: Templates) -> None:
    """A screen reader would read French with Dutch sounds."""
    html = rendered(view(story(1, language="fr"), story(2)), templates).html
    marked = " ".join(re.findall(r'lang="fr"[^>]*>(.*?)</span>', html, re.S))
    assert all(text in marked for text in ("Titel van verhaal 1", "Kern van verhaal 1.", "Een feit.", "Incident 1"))
    assert "verhaal 2" not in marked


def test_the_order_of_headings_is_that_of_a_table_of_contents(templates: Templates) -> None:
    """One h1; none skips a level: who listens jumps from one to the next."""
    for edition in (a_day(), view(), view(*(story(n) for n in range(1, 100)))):
        levels = [int(level) for level in re.findall(r"<h([1-6])", rendered(edition, templates).html)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def test_tables_are_no_tables_of_data(templates: Templates) -> None:
    """Else a screen reader counts rows and columns aloud."""
    html = re.sub(r"<!--\[if.*?endif\]-->", "", rendered(a_day(), templates).html, flags=re.S)
    assert re.findall('<table(?![^>]*role="presentation")', html) == []


def test_nothing_is_loaded_from_elsewhere(templates: Templates) -> None:
    """A picture or a font from elsewhere tells others who reads."""
    for whole in (False, True):
        html = rendered(a_day(), templates, whole=whole).html
        assert not re.search(r"(src|background)=|url\(|@import|<link", html)


def test_slots_stand_only_where_somebody_fills_them(templates: Templates) -> None:
    """A mark of ours must never reach a reader."""
    variant = rendered(a_day(), templates)
    assert SLOT.findall(variant.subject) == []
    assert set(SLOT.findall(variant.html)) | set(SLOT.findall(variant.text)) <= {
        "NAME", "ORGANISATION", "MUNICIPALITY", "ROLE", "READER"
    }  # fmt: skip


def test_dates_are_those_of_the_readers_clock(templates: Templates) -> None:
    """23:30 UTC is tomorrow in Brussels; a leap day is a day."""
    late = story(told_at=datetime(2028, 2, 28, 23, 30, tzinfo=UTC))
    text = rendered(view(late, date=date(2028, 2, 29)), templates).text
    assert "Bericht van dinsdag 29 februari 2028, 0.30 uur." in text and "\nDinsdag 29 februari 2028\n" in text


def test_our_templates_have_no_hole_for_editions(templates: Templates) -> None:
    """For any audience, language, phase and standing."""
    assert check_editions(templates, DEFAULT) == []


def test_a_word_that_only_a_long_edition_needs_is_missed_before_there_is_one(tmp_path: Path) -> None:
    """`doctor` and `config check` ask `check_templates`."""
    ours = (our_folder() / "words/fr.yaml").read_text(encoding="utf-8")
    found = check_templates(own(tmp_path, "words/fr.yaml", ours.replace("  titles:", "  titled:")), DEFAULT)
    assert ["edition.titles is missing" in str(each) for each in found] == [True]


def own(folder: Path, name: str, text: str) -> Templates:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_templates(RenderingSettings(templates_dir=folder))


def problems(templates: Templates, edition: EditionView) -> list[Problem]:
    with pytest.raises(Refused) as refusal:
        rendered(edition, templates)
    return refusal.value.problems


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("<mjml>\n{{ nobody_knows }}\n</mjml>", 2, "nobody_knows"),
        ("<mjml>\n<mj-body>\n</mjml>", 0, "not MJML"),
        ('<mjml><mj-body><mj-raw>é"><a href="x">y</a></mj-raw></mj-body></mjml>', 0, "not MJML"),  # it panics
        ("<mjml><mj-body>{% if %}</mj-body></mjml>", 1, "Expected an expression"),
        ("<mjml><mj-body><mj-raw>{{ ''.__class__ }}</mj-raw></mj-body></mjml>", 1, "unsafe"),
        ("<mjml><mj-body><mj-raw>{{ view.newsletter_title | safe }}</mj-raw></mj-body></mjml>", 1, "safe"),
        ("<mjml><mj-body></mj-body></mjml>", 0, "has no link to /unsubscribe and /preferences"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_centres_own_template_is_named(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """With its file, at the proof and not at the hour of sending."""
    found = problems(own(tmp_path, "newsletter/edition.mjml.j2", text), a_day())[0]
    assert problem in found.problem
    assert not line or found.place == f"{tmp_path / 'newsletter/edition.mjml.j2'}:{line}"


def test_a_centres_own_template_cannot_lose_the_mark_of_an_exercise(tmp_path: Path) -> None:
    """The banner is the template's, that it is there is ours."""
    ours = (our_folder() / "newsletter/edition.txt.j2").read_text(encoding="utf-8")
    templates = own(tmp_path, "newsletter/edition.txt.j2", ours.replace("exercise.banner", "edition.quiet"))
    assert "does not say OEFENING" in problems(templates, view(exercise=True))[0].problem


def test_what_mail_clients_do_not_show_is_named_in_a_centres_own_template(tmp_path: Path) -> None:
    """`roeland doctor` says so before the first reader does."""
    ours = (our_folder() / "newsletter/edition.mjml.j2").read_text(encoding="utf-8")
    own_one = ours.replace("<h1 ", '<h1 data-x="1" ').replace(
        "margin:0;font-family", "display:flex;margin:0;font-family"
    )
    found = check_editions(own(tmp_path, "newsletter/edition.mjml.j2", own_one), DEFAULT)
    assert any("display: flex" in each.problem and "Outlook (Word)" in each.problem for each in found)
