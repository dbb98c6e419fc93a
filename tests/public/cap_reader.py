"""CAP as a stranger reads it: bytes in, what they say out. It knows the standard and docs/cap.md, and none of our code
that writes."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

NAMESPACE: Final = "{urn:oasis:names:tc:emergency:cap:1.2}"
SCHEMA: Final = Path(__file__).parent / "data" / "CAP-v1.2.xsd"

UNKNOWN: Final = {
    "nl-BE": "Wat we nog niet weten:", "fr-BE": "Ce que nous ne savons pas encore :", "en": "What we do not know yet:",
    "de-BE": "Was wir noch nicht wissen:",
}  # fmt: skip
WRONG: Final = {
    "nl-BE": "Wat niet juist was:", "fr-BE": "Ce qui était inexact :", "en": "What was not correct:",
    "de-BE": "Was nicht richtig war:",
}  # fmt: skip
QUOTED: Final = {"nl-BE": "Eerder schreven wij:"}


@dataclass(frozen=True)
class Info:
    """One language of an alert. `points`: each key message with its facts. `areas`: name and code."""

    fields: dict[str, list[str]]
    points: list[tuple[str, tuple[str, ...]]]
    wrong: list[str]
    quoted: list[str]
    unknown: list[str]
    actions: list[str]
    parameters: dict[str, str]
    areas: list[tuple[str, str]]

    def __getattr__(self, name: str) -> str:
        """An element that stands once; fails where there is none, or more than one."""
        [text] = self.fields[name]
        return text


@dataclass(frozen=True)
class Alert:
    """A whole alert. `references`: of each its sender, identifier and time."""

    fields: dict[str, str]
    references: list[tuple[str, str, str]]
    infos: list[Info]

    def __getattr__(self, name: str) -> str:
        return self.fields[name]

    def info(self, language: str) -> Info:
        """The one in this language."""
        [found] = [each for each in self.infos if each.language == language]
        return found


def read(document: bytes) -> Alert:
    """The alert in these bytes; fails when they are not valid CAP 1.2, by its schema and by its words."""
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False))
    schema().assertValid(root)
    assert root.tag == f"{NAMESPACE}alert"
    fields = {name: texts[0] for name, texts in _fields(root).items() if name != "info"}
    references = [tuple(each.split(",")) for each in fields.get("references", "").split()]
    alert = Alert(fields, references, [_info(each) for each in root.findall(f"{NAMESPACE}info")])  # type: ignore[arg-type]
    _by_its_words(alert)
    return alert


@cache
def schema() -> Any:
    """The schema of the standard."""
    return etree.XMLSchema(etree.parse(SCHEMA))


def _info(element: Any) -> Info:
    fields = _fields(element)
    [language] = fields["language"]
    blocks = _blocks(fields["description"][0], fields["headline"][0])
    headed = {heading: list(map(_listed, lines)) for heading, *lines in blocks}
    sections = {UNKNOWN[language], WRONG[language], QUOTED.get(language)}
    return Info(
        fields=fields,
        points=[(first, tuple(map(_listed, rest))) for first, *rest in blocks if first not in sections],
        wrong=headed.get(WRONG[language], []),
        quoted=headed.get(QUOTED.get(language, ""), []),
        unknown=headed.get(UNKNOWN[language], []),
        actions=fields["instruction"][0].split("\n") if "instruction" in fields else [],
        parameters=dict(_pairs(element, "parameter")),
        areas=[
            (area.findtext(f"{NAMESPACE}areaDesc"), _pairs(area, "geocode")[0][1]) for area in _all(element, "area")
        ],
    )


def _blocks(description: str, headline: str) -> list[list[str]]:
    """Its paragraphs, but for the first: that it is an exercise, and the title where the headline had to be cut."""
    blocks = [block.split("\n") for block in description.split("\n\n")]
    if headline.startswith("[OEFENING] "):
        assert blocks.pop(0)[0].startswith("OEFENING")
    if headline.endswith("…") and blocks[0][0].startswith(headline[:-1]) and blocks[0][0] != headline:
        blocks.pop(0)
    return blocks


def _listed(line: str) -> str:
    assert line.startswith("- ")
    return line[2:]


def _fields(element: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for child in (each for each in element if not len(each)):
        found.setdefault(child.tag.removeprefix(NAMESPACE), []).append(child.text or "")
    return found


def _all(element: Any, name: str) -> list[Any]:
    return list(element.findall(f"{NAMESPACE}{name}"))


def _pairs(element: Any, name: str) -> list[tuple[str, str]]:
    return [(each[0].text, each[1].text) for each in _all(element, name)]


def _by_its_words(alert: Alert) -> None:
    """What CAP 1.2 §3.2 asks beyond its schema, and what Google's validator asks of every alert."""
    for name in ("identifier", "sender"):
        assert alert.fields[name] and not set(alert.fields[name]) & set(" ,<&\t\n")
    assert (alert.scope == "Restricted") == ("restriction" in alert.fields)
    assert (alert.status == "Exercise") == ("note" in alert.fields)
    assert (alert.msgType in ("Update", "Cancel")) == bool(alert.references)
    sent = datetime.fromisoformat(alert.sent)
    for _, identifier, earlier in alert.references:
        assert identifier != alert.identifier and datetime.fromisoformat(earlier) <= sent
    assert alert.infos, "an alert for people has an info"
    assert len({tuple(info.fields["category"]) for info in alert.infos}) == 1
    assert len({info.language for info in alert.infos}) == len(alert.infos)
    for info in alert.infos:
        assert 0 < len(info.headline) <= 160
        assert info.description.strip() and info.areas
        assert info.effective == alert.sent
        assert all(datetime.fromisoformat(expires) > sent for expires in info.fields.get("expires", []))
        assert all(text.strip() for texts in info.fields.values() for text in texts if text)
