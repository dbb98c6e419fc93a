"""A centre's own templates: file by file over ours, and every mistake found at the proof with its place."""

from pathlib import Path

import pytest

from services.domain.configuration import DEFAULT, Audience, Configuration
from services.domain.problems import Problem, Refused
from services.rendering.centre import RenderingSettings
from services.rendering.check import check_templates
from services.rendering.render import render_all
from services.rendering.templates import load_templates, our_folder
from tests.domain.messages import message

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def own(folder: Path, **files: str) -> RenderingSettings:
    """Settings with a folder of templates; `__` in a name is a folder, the rest of it is looked up in `NAMES`."""
    for name, text in files.items():
        path = folder / NAMES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return RenderingSettings(templates_dir=folder)


NAMES = {
    "acute": "phases/acute.j2",
    "subject": "subject.txt.j2",
    "french": "words/fr.yaml",
    "governors": "audiences/governors.yaml",
    "ports": "audiences/ports.yaml",
    "mail": "mail/base.html.j2",
    "waits": "notices/waits.j2",
    "pages": "words/pages.fr.yaml",
}


def problems(settings: RenderingSettings, **fields: object) -> list[Problem]:
    with pytest.raises(Refused) as refusal:
        render_all(message(**fields), phase="acute", message_id="m", templates=load_templates(settings))
    return refusal.value.problems


def test_one_file_changes_the_words_for_governors(tmp_path: Path) -> None:
    """And nothing else; the version tells."""
    ours = (our_folder() / "audiences/governors.yaml").read_text(encoding="utf-8")
    changed = ours.replace("Informeer de burgemeesters van uw provincie.", "Bel de burgemeesters.")
    templates = load_templates(own(tmp_path, governors=changed))
    governors, bcm = render_all(message(), phase="acute", message_id="m", templates=templates)
    assert "- Bel de burgemeesters." in governors.text
    assert bcm == render_all(message(), phase="acute", message_id="m", templates=load_templates())[1]
    assert templates.version != load_templates().version


def test_a_notice_of_the_centres_own_that_is_broken_is_found_before_somebody_must_be_called(tmp_path: Path) -> None:
    """At night it would be tried again every 15 seconds, and nobody called."""
    ours = (our_folder() / "notices/waits.j2").read_text(encoding="utf-8")
    broken = own(tmp_path, waits=ours.replace("{{ title }}", "{{ titel }}"))
    (problem,) = {each.place for each in check_templates(load_templates(broken), DEFAULT)}
    assert "notices/waits.j2" in problem


def test_a_word_of_a_feed_that_is_gone_is_found(tmp_path: Path) -> None:
    """A centre words it itself; without it a feed in a browser says nothing to a person."""
    ours = (our_folder() / "words/pages.fr.yaml").read_text(encoding="utf-8")
    found = check_templates(
        load_templates(own(tmp_path, pages=ours.replace("feed:\n  before:", "feed:\n  befor:"))), DEFAULT
    )
    assert ["feed.before is missing" in str(each) for each in found] == [True]


def test_an_audience_is_one_entry_and_one_file(tmp_path: Path) -> None:
    """As docs/templates.md says."""
    names = dict.fromkeys(DEFAULT.languages, "havens")
    ports = Audience(id="ports", names=names)
    more = DEFAULT.model_copy(update={"audiences": (ports,), "version": 2})
    assert "audiences/ports.yaml" in str(check_templates(load_templates(), Configuration.model_validate(more))[0])
    ours = (our_folder() / "audiences/partners.yaml").read_text(encoding="utf-8")
    assert check_templates(load_templates(own(tmp_path, ports=ours)), more) == []


def test_a_missing_word_is_named_with_its_file_and_never_replaced_by_another_language(tmp_path: Path) -> None:
    """A Dutch heading in a French mail would be a mixture."""
    ours = (our_folder() / "words/fr.yaml").read_text(encoding="utf-8")
    settings = own(tmp_path, french=ours.replace("  open:", "  opened:"))
    found = problems(settings, language="fr")
    assert found[0].place.startswith(f"{tmp_path}/words/fr.yaml:") and "next.open is missing" in found[0].problem


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("{% extends layout %}\n{% block body %}\n{{ nobody_knows }}\n{% endblock %}", 3, "nobody_knows"),
        ("{% extends layout %}\n\n{% block body %}{{ points[0].colour }}{% endblock %}", 3, "colour"),
        ("{% extends layout %}\n{% block body %}\n", 2, "Unexpected end of template"),
        ("{% extends layout %}\n{% block body %}{{ 1 / 0 }}{% endblock %}", 2, "division by zero"),
        ("{% extends layout %}\n{% block body %}{{ ''.__class__.__mro__ }}{% endblock %}", 2, "unsafe"),
        ("{% extends layout %}\n{% block body %}{{ title | safe }}{% endblock %}", 2, "No filter named 'safe'"),
        ("{% extends layout %}\n{% block body %}\n\n{{ word('no.such') }}{% endblock %}", 0, "no.such is missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_template_is_found_at_the_proof(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """At sending it would be too late."""
    found = problems(own(tmp_path, acute=text))[0]
    assert problem in found.problem
    assert not line or found.place == f"{tmp_path / 'phases/acute.j2'}:{line}"


def test_a_phase_without_template_is_named() -> None:
    """A configured phase needs its file."""
    with pytest.raises(Refused) as refusal:
        render_all(message(), phase="aftermath", message_id="m", templates=load_templates())
    assert "aftermath" in str(refusal.value)


def test_a_template_of_ones_own_cannot_lose_the_mark_of_an_exercise(tmp_path: Path) -> None:
    """The banner is the template's, that it is there is ours."""
    settings = own(tmp_path, mail="<html>{{ title }}{% block body %}{% endblock %}</html>")
    assert "does not say OEFENING" in problems(settings, exercise=True)[0].problem


def test_a_slot_in_a_subject_is_refused(tmp_path: Path) -> None:
    """Headers are the same for everyone; a mark of ours must never reach a reader."""
    assert "slot" in problems(own(tmp_path, subject="{{ '\ue000NAME\ue001' }} {{ title }}"))[0].problem


def test_the_centres_names_are_settings(tmp_path: Path) -> None:
    """And a logo travels with the mail, not from elsewhere."""
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG)
    settings = RenderingSettings(
        centre_name="Crisiscel <Gent>", centre_short_name="GENT", centre_address="Botermarkt 1", centre_logo=logo
    )
    mail, sms = render_all(
        message(channels=["mail", "sms"], audiences=["governors"]),
        phase="acute",
        message_id="m",
        templates=load_templates(settings),
    )
    assert "Crisiscel &lt;Gent&gt;" in mail.html and "cid:logo@roeland" in mail.html and "Botermarkt 1" in mail.text
    assert sms.text.startswith("GENT: ")
    assert load_templates(settings).version != load_templates().version


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"templates_dir": "/nowhere"}, "/nowhere"),
        ({"timezone": "Europe/Ghent"}, "ROELAND_TIMEZONE"),
        ({"centre_logo": "/nowhere.png"}, "/nowhere.png"),
        ({"centre_logo": __file__}, __file__),
    ],
)
def test_wrong_settings_are_refused_by_name(settings: dict[str, str], place: str) -> None:
    """At the start of the service, in words."""
    with pytest.raises(Refused) as refusal:
        load_templates(RenderingSettings.model_validate(settings))
    assert refusal.value.problems[0].place == place


def test_nothing_in_a_mail_is_loaded_from_elsewhere() -> None:
    """Pictures from the net tell who read what, and do not show in most offices."""
    for variant in render_all(message(), phase="acute", message_id="m", templates=load_templates()):
        assert "http" not in variant.html and "url(" not in variant.html


def test_a_hole_in_the_words_of_a_page_shows_before_a_crisis(tmp_path: Path) -> None:
    """`roeland doctor` makes every page once: a centre's own words lack one when we add one."""
    words = (our_folder() / "words/pages.fr.yaml").read_text()
    (tmp_path / "words").mkdir()
    (tmp_path / "words/pages.fr.yaml").write_text(words.replace("  was: Avant\n", "").replace("  busy: ", "  quiet: "))
    found = check_templates(load_templates(RenderingSettings(templates_dir=tmp_path)), DEFAULT)
    assert {each.problem for each in found} == {"changed.was is missing.", "verify.busy is missing."}
