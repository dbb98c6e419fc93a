"""Where a message is about: places that exist, by their official names, wherever the message comes from."""

import pytest

from services.domain.configuration import DEFAULT
from services.domain.content import content_hash
from services.domain.municipalities import municipalities, province_of
from services.domain.playbook_file import filled, message_of, parse_playbook
from services.domain.problems import Refused
from services.editorial.given import read_content
from services.incidents.draft import draft
from services.rendering.centre import RenderingSettings
from services.rendering.proof_page import proof_page
from services.rendering.templates import load_templates
from tests.domain.messages import CONTRACT, NOW, message, parsed, refused
from tests.incidents.test_draft import NEW, impact, original, read, version
from tests.rendering.proofs import content, proof


def _area(written: str) -> tuple[str, ...]:
    return parsed(f"{CONTRACT}area: {written}\n").area


@pytest.mark.parametrize(
    ("written", "area"),
    [
        ("gent", ("Gent",)),
        ("[Sint Truiden, GEEL, sint-truiden]", ("Sint-Truiden", "Geel")),
        ("Antwerpen", ("Antwerpen",)),
        ("provincie Antwerpen", ("provincie Antwerpen",)),
        ("[Provincie vlaams brabant, Limburg]", ("provincie Vlaams-Brabant", "provincie Limburg")),
        ("[]", ()),
    ],
)  # fmt: skip
def test_a_place_is_kept_by_its_official_name(written: str, area: tuple[str, ...]) -> None:
    """People write it as they speak it; machines compare it. Antwerpen alone is the town, Limburg can only be one."""
    assert _area(written) == area


def test_a_place_that_does_not_exist_is_refused_with_what_may_be_meant() -> None:
    """A typing error must not tell another town, nor none."""
    [problem] = refused(f"{CONTRACT}area: [Gent, Kortijk]\n")
    assert "area[1]" in problem.place and "Kortrijk" in problem.remedy
    [problem] = refused(f"{CONTRACT}area: Brussel\n")
    assert "not a Flemish municipality" in problem.problem


def test_every_municipality_has_a_province() -> None:
    """Else its alert would speak of all of Flanders."""
    assert all(province_of(name) for name in municipalities())
    assert province_of("provincie Limburg") == "Limburg"
    assert province_of("Galmaarden") is None, "merged into Pajottegem"


def test_a_message_without_an_area_has_the_hash_that_it_always_had() -> None:
    """What was approved before there were areas stays approved."""
    assert content_hash(message()) == content_hash(message(area=())) != content_hash(message(area=["Gent"]))


def test_a_command_from_outside_is_held_to_the_same() -> None:
    """It comes past every door: its places too are looked up, and kept by their names."""
    given = message(area=["gent", "GENT"], audiences=["governors"]).model_dump(mode="json")
    assert read_content(given, DEFAULT).area == ("Gent",)
    with pytest.raises(Refused, match="not a Flemish municipality"):
        read_content(given | {"area": ["<script>"]}, DEFAULT)


def test_the_proof_says_what_places_it_is_about() -> None:
    """An approver sees that the alert of a machine will speak of one town, or of all of Flanders."""
    templates = load_templates(RenderingSettings())
    for area, shown in (([], "heel Vlaanderen"), (["Gent", "provincie Limburg"], "Gent, provincie Limburg")):
        page = proof_page(proof(templates, content(area=area)), templates, DEFAULT)
        assert f'<dt>Gaat over</dt><dd dir="auto">{shown}</dd>' in page


def test_a_drafted_correction_is_about_the_same_places() -> None:
    """Whoever was alerted for Gent is put right for Gent."""
    made = original(area=["Gent", "provincie Limburg"])
    assert read(draft(made, [impact(version("outage", "confirmed", NEW))])).area == ("Gent", "provincie Limburg")
    assert "area" not in draft(original(), [impact(version("outage", "confirmed", NEW))])


PLAYBOOK = """\
playbook: brand
title: Brand
about: Bij brand.
holes:
  plaats: {ask: "Waar?", values: [Gent, provincie Limburg]}
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
      area: ["{hole:plaats}"]
"""


def test_a_playbook_may_leave_its_places_open() -> None:
    """Where it burns is known when it burns; which places it may be, before."""
    entry = parse_playbook(PLAYBOOK, name="p.yaml", configuration=DEFAULT).prepared("eerste")
    file = filled(entry, {"plaats": "Gent"}, NOW)
    assert message_of(file, name="m", now=NOW, configuration=DEFAULT).area == ("Gent",)
    with pytest.raises(Refused, match="not a Flemish municipality"):
        parse_playbook(
            PLAYBOOK.replace("[Gent, provincie Limburg]", "[Atlantis]"), name="p.yaml", configuration=DEFAULT
        )
