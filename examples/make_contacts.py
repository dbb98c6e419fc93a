"""Makes contacts.csv, the people of the demo: roles and organisations, nobody who exists. See README.md beside it.

python examples/make_contacts.py > examples/contacts.csv
"""

import csv
import sys
import unicodedata
from collections.abc import Iterator
from typing import Final

from services.domain.contact_row import COLUMNS
from services.domain.municipalities import PROVINCES, folded, municipalities

# 555-0100 to 555-0199 belong to nobody in every North American area code (NANPA's 555 guidelines).
AREA_CODES: Final = ("202", "206", "212", "213", "214", "215", "303", "305", "312", "404")
OF_A_TOWN: Final = ("Communicatieverantwoordelijke", "Burgemeester", "Algemeen directeur")
ENTITIES: Final = (
    "Departement Kanselarij, Bestuur, Buitenlandse Zaken en Justitie", "Departement Financiën en Begroting",
    "Departement Werk, Economie, Wetenschap, Innovatie en Sociale Economie", "Departement Onderwijs en Vorming",
    "Departement Zorg", "Departement Cultuur, Jeugd en Media", "Departement Mobiliteit en Openbare Werken",
    "Departement Omgeving", "Agentschap Landbouw en Zeevisserij", "Agentschap Binnenlands Bestuur",
    "Digitaal Vlaanderen", "Agentschap Overheidspersoneel", "Het Facilitair Bedrijf", "Audit Vlaanderen",
    "Vlaamse Belastingdienst", "Vlaams Agentschap voor Personen met een Handicap", "Opgroeien",
    "Agentschap Justitie en Handhaving", "VDAB", "Agentschap Innoveren en Ondernemen", "Flanders Investment & Trade",
    "Agentschap Wegen en Verkeer", "Agentschap Maritieme Dienstverlening en Kust", "De Vlaamse Waterweg", "De Lijn",
    "Agentschap voor Natuur en Bos", "Agentschap Onroerend Erfgoed", "OVAM", "Vlaamse Milieumaatschappij",
    "Vlaamse Landmaatschappij", "Vlaamse Nutsregulator", "Vlaams Energie- en Klimaatagentschap",
    "Wonen in Vlaanderen", "Agentschap voor Onderwijsdiensten", "Agentschap voor Hoger Onderwijs",
    "Agentschap voor Infrastructuur in het Onderwijs", "Plantentuin Meise", "Instituut voor Natuur- en Bosonderzoek",
    "Instituut voor Landbouw- en Visserijonderzoek", "Toerisme Vlaanderen", "Sport Vlaanderen", "VRT",
    "Fonds Wetenschappelijk Onderzoek", "Statistiek Vlaanderen", "Agentschap Integratie en Inburgering",
    "Openbaar Psychiatrisch Zorgcentrum Geel", "Openbaar Psychiatrisch Zorgcentrum Rekem",
    "Vlaams Infrastructuurfonds", "Participatiemaatschappij Vlaanderen", "Vlaamse Regulator voor de Media",
    "Koninklijk Museum voor Schone Kunsten", "GO! Onderwijs van de Vlaamse Gemeenschap", "Zorginspectie",
    "Onderwijsinspectie", "Luchthavenbeheer Vlaanderen", "Aquafin", "Waterbouwkundig Laboratorium",
    "Vlaamse Ombudsdienst", "Kinderrechtencommissariaat", "Vlaams Mensenrechteninstituut",
)  # fmt: skip
OF_ENTITIES: Final = (  # audience, role, mailbox, how many entities have one
    ("senior-officials", "Leidend ambtenaar", "leiding", 40),
    ("crisis-communication-contacts", "Aanspreekpunt crisiscommunicatie", "communicatie", 60),
    ("bcm-leads", "BCM-verantwoordelijke", "bcm", 50),
    ("hr-business-partners", "HR-businesspartner", "hrbp", 45),
)
PARTNERS: Final = (  # name, organisation, language, domain
    ("Wachtdienst", "Nationaal Crisiscentrum", "nl", "nccn"),
    ("Permanence", "Centre de crise de la Région wallonne", "fr", "crise-wallonie"),
    ("Permanence", "Centre de crise de la Région de Bruxelles-Capitale", "fr", "crise-bruxelles"),
    ("Krisenstab", "Regierung der Deutschsprachigen Gemeinschaft", "de", "krisenstab-ostbelgien"),
    ("Lagezentrum", "Innenministerium Nordrhein-Westfalen", "de", "lagezentrum-nrw"),
    ("Dienstdoend coördinator", "Nationaal Crisiscentrum Nederland", "nl", "crisiscentrum-nl"),
    ("Haut-Commissariat", "Haut-Commissariat à la Protection nationale, Luxembourg", "fr", "protection-lu"),
    ("Duty officer", "European crisis coordination", "en", "crisis-eu"),
)


def contacts() -> Iterator[dict[str, str]]:
    """Every contact, without its number."""
    for province in PROVINCES:
        name, organisation = f"Gouverneur van {province}", f"Provincie {province}"
        yield _contact(f"gov-{_slug(province)}", name, organisation, "governors", f"gouverneur@{_slug(organisation)}",
                       role="gouverneur", province=province)  # fmt: skip
    for place, (town, province) in enumerate(municipalities().items()):
        for mark, role in (("a", "Noodplanningscoördinator"), ("b", OF_A_TOWN[place % len(OF_A_TOWN)])):
            external_id, address = f"mun-{place + 1:03}-{mark}", f"{_slug(role)}@{_slug(town)}"
            yield _contact(external_id, f"{role} {town}", f"Gemeente {town}", "local-governments", address,
                           role=role.lower(), municipality=town, province=province)  # fmt: skip
    for audience, role, mailbox, many in OF_ENTITIES:
        for place, entity in enumerate(ENTITIES[:many], start=1):
            yield _contact(f"{mailbox}-{place:02}", f"{role} {entity}", entity, audience,
                           f"{mailbox}@{_slug(entity)}", role=role)  # fmt: skip
    for place, (name, organisation, language, domain) in enumerate(PARTNERS, start=1):
        yield _contact(f"partner-{place:02}", f"{name} {organisation}", organisation, "partners",
                       f"crisis@{domain}", role=name, language=language)  # fmt: skip


def number(place: int) -> str:
    """The number of the contact at this place, counted from 0."""
    return f"+1{AREA_CODES[place // 100]}55501{place % 100:02}"


def _contact(
    external_id: str, name: str, organisation: str, audience: str, address: str, *, role: str,
    municipality: str = "", province: str = "", language: str = "nl",
) -> dict[str, str]:  # fmt: skip
    return {
        "external_id": external_id, "name": name, "organisation": organisation, "role": role, "audience": audience,
        "municipality": municipality, "province": province, "language": language, "email": f"{address}.example",
    }  # fmt: skip


def _slug(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", folded(text)).replace(" ", "-") if c.isascii())[:63]


if __name__ == "__main__":
    columns: list[str] = list(COLUMNS)
    out = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    out.writeheader()
    for place, contact in enumerate(contacts()):
        out.writerow({**contact, "mobile": number(place)})
