"""For every rule of lint: messages that it leaves alone, and messages that it speaks about."""

from dataclasses import dataclass, field
from typing import Any, Final

GOOD: Final[dict[str, Any]] = {
    "next_update_at": "2026-11-23T16:00:00+01:00",
    "unknown": [{"text": "De oorzaak."}],
    "actions": [{"text": "Houd uw telefoon bij u."}],
}


@dataclass(frozen=True)
class Case:
    """A message, as what differs from a good one, and what is known around it."""

    fields: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)


def case(known: dict[str, Any] | None = None, /, **fields: Any) -> Case:
    return Case(fields, known or {})


def text(words: str, language: str = "nl") -> Case:
    """A message that says this to everybody."""
    return case(actions=[{"text": words, "language": language}])


def sms(words: str, **fields: Any) -> Case:
    return case(channels=["mail", "sms"], sms=[{"text": words}], **fields)


def keys(*audiences: list[str] | None, facts: int = 0) -> Case:
    each = [
        {"text": [{"text": f"Kern {n}."}], "audiences": who, "facts": [{"text": f"Feit {m}."} for m in range(facts)]}
        for n, who in enumerate(audiences)
    ]
    return case(key_messages=each)


def again(unknown: str, says: str, **fields: Any) -> Case:
    """A message after one that did not know this."""
    before = {"unknown": [{"text": unknown}], **fields}
    return case({"before": before}, actions=[{"text": says}], unknown=[])


NOBODY: Final = {"asked": frozenset()}
WORDS: Final = " ".join(["woord"] * 28)

SILENT: Final[dict[str, list[Case]]] = {
    "three-by-three": [
        keys(None, None, None, facts=3),
        keys(["governors"], ["governors"], ["bcm-leads"], ["bcm-leads"], None),
    ],
    "next-update-missing": [
        case(),
        case(next_update_at=None, phase="recovery"),
        case(next_update_at=None, kind="correction"),
        case(next_update_at=None, kind="all-clear"),
    ],
    "next-update-correction": [
        case(kind="correction"),
        case(next_update_at=None),
        case(next_update_at=None, kind="all-clear"),
        case(next_update_at=None, kind="correction", phase="recovery"),
    ],
    "next-update-past": [case(), case(next_update_at=None)],
    "unknowns-missing": [
        case(),
        case(unknown=[], phase="containment"),
        case(unknown=[], kind="all-clear"),
        case(unknown=[], kind="correction"),
    ],
    "routine-alert": [case(), case(urgency="routine", kind="update"), case(urgency="routine", phase="recovery")],
    "no-actions": [
        case(actions=[]),  # nobody knows what the templates ask
        case(NOBODY),
        case({"asked": frozenset({("governors", "nl"), ("bcm-leads", "nl")})}, actions=[]),
        case({"asked": frozenset({("governors", "nl")})}, actions=[{"text": "Bel.", "audiences": ["bcm-leads"]}]),
        case(NOBODY, audiences=["public"], channels=["newsfeed"], actions=[]),
    ],
    "all-clear-unalerted": [
        case({"alerted": True}, kind="all-clear"),
        case({"alerted": None}, kind="all-clear"),
        case({"alerted": False}, kind="alert"),
    ],
    "exercise-unsaid": [case(exercise=True, title=[{"text": "Oefening met rook"}]), text("Doe uw oefeningenboek toe.")],
    "exercise-public": [case(audiences=["public"], channels=["newsfeed"]), case(exercise=True)],
    "said-to-nobody": [
        case(actions=[{"text": "Bel.", "audiences": ["governors", "partners"]}]),
        case({"audiences": ("partners",)}, actions=[{"text": "Bel.", "audiences": ["partners"]}]),
    ],
    "public-without-feed": [case(audiences=["public"], channels=["newsfeed"]), case()],
    "half-translated": [
        case(),
        case(
            title=[{"text": "Titel"}, {"text": "Titre", "language": "fr"}],
            key_messages=[{"text": [{"text": "Kern."}, {"text": "Noyau.", "language": "fr"}]}],
        ),
    ],
    "bad-link": [
        text("Lees https://www.vlaanderen.be/crisis?x=1#y verder."),
        text("Lees (zie https://nl.wikipedia.org/wiki/Roeland_(klok) ) na."),
        text("Surf naar https://crisiscentrum.be"),
        text("Surf naar www.vlaanderen.be"),
        text("Surf naar https://vlaanderen.be."),
        text("Op https://vlaanderen.be/x, en (https://vlaanderen.be). Ook https://vlaanderen.be!"),
        text("Surf naar https://xn--caf-dma.be en https://café.be"),
        text("Mail naar vragen@vlaanderen.be of een ander."),
        text("De data: 5 GB. Let op: javascript staat uit."),
        text("http://vlaanderen.be"),
    ],
    "http-link": [text("https://vlaanderen.be"), text("http://10.0.0.1/ is al fout"), text("www.vlaanderen.be")],
    "bad-phone": [
        *map(
            text,
            [
                "Bel 112.",
                "Bel 1700.",
                "Bel gratis 0800 12 345.",
                "Bel 02 553 55 55.",
                "Bel 02/553.55.55-56",
                "Bel 0470 12 34 56 / 0471 12 34 56.",
                "Bel +32 (0)2 553 55 55.",
                "Bel +31 70 751 50 00",
                "0470123456",
                "Op 01/12/2026 om 08.30 uur.",
                "Op 01.12.2026 en 01-12-2026 en 2026-12-01.",
                "Van 08.30-16.00 uur.",
                "Dossier 0012345678.",
                "Onderneming 0419.052.272.",
                "Een kost van 0,05 tot 1.250.000 euro.",
                "Er zijn +25 000 000 berichten.",
                "Bel 500 gezinnen op.",
                "De dienst ligt stil sinds 08 uur.",
                "Zie https://vlaanderen.be/020123456",
                "Bel 0032 2 553 55 55.",
                "Nr. 2026-0123456.",
                "Batchnummer 0102030405.",
                "Nummer 0000 0000 0000.",
                "Versie 0.12.3456.78",
            ],
        ),
    ],
    "national-number": [
        *map(
            text,
            [
                "93.05.18-223.62",
                "93051822362",
                "+32 470 12 34 56",
                "BE68 5390 0754 7034",
                "930518223611",
                "12 345 678 901",
                "93.13.18-223.61",
                "0470 12 34 56, 0471 12 34 56",
            ],
        ),
    ],
    "iban": [*map(text, ["BE68 5390 0754 7035", "BE6853900754703", "XX68539007547034", "BE 2026 en 1234", "DE8937"])],
    "key-message-words": [case(key_messages=[{"text": [{"text": WORDS.removesuffix(" woord")}]}]), text(WORDS)],
    "long-sentence": [text("Een zin. " * 15), text(" ".join(["woord"] * 20))],
    "jargon": [
        text("Meld het aan de SPoC (aanspreekpunt)."),
        text("Meld het aan uw aanspreekpunt (SPoC)."),
        text("Zie https://vlaanderen.be/SPoC"),
        case(actions=[{"text": "Bel de SPoC (aanspreekpunt)."}, {"text": "De SPoC weet meer."}]),
        case({"lint": {"glossary": {"SPoC": ""}}}, actions=[{"text": "Bel de SPoC."}]),
    ],
    "abbreviation": [
        text("Het NCCN en de NMBS, de VRT en de EU."),
        text("De IJzer en IJsland, en OEFENING."),
        text("De XYZ (een dienst) helpt."),
        text("Een dienst (XYZ) helpt."),
        text("Zie https://vlaanderen.be/XYZ"),
        case(title=[{"text": "LOON LIGT STIL"}]),
        case({"lint": {"glossary": {"XYZ": "een dienst"}}}, actions=[{"text": "De XYZ (een dienst) helpt."}]),
        case({"lint": {"glossary": {"XYZ": ""}}}, actions=[{"text": "De XYZ helpt."}]),
    ],
    "date-without-weekday": [
        text("Op maandag 23 november 2026, 16 uur."),
        text("Op maandag de 23ste november."),
        text("Op 23 november (maandag)."),
        text("In november 2026, het besluit van 22 mei 2019."),
        text("Le lundi 23 novembre 2026.", "fr"),
        text("On Monday 23 November, and Monday, November 23.", "en"),
        text("Am Montag, den 23. November.", "de"),
        text("Am Sonnabend, den 28. November.", "de"),
        text("Om 1/2 of 24/7."),
    ],
    "wrong-weekday": [text("Op maandag 23 november 2026."), text("Op 23 november."), text("Op maandag 31 februari.")],
    "sms-segments": [sms("x" * 306), sms("woord"), case(channels=["mail"], sms=[{"text": "x" * 600}])],
    "sms-ucs2": [
        sms("Gewone tekst: é à @ € {}"),
        case(title=[{"text": "België"}]),
        case(channels=["mail", "sms"], title=[{"text": "Het ‘net’ – stil"}]),
    ],
    "sms-confirm": [
        sms("Bel de wacht."),
        sms("Bel de wacht. Antwoord OK.", confirm=True),
        sms("Lisez votre mail et répondez OUI.", confirm=True),
        sms("Bevestig hier: {link}", confirm=True),
        case(channels=["mail", "sms"], confirm=True),
        case(channels=["mail"], sms=[{"text": "Bel de wacht."}], confirm=True),
    ],
    "question-open": [
        case(unknown=[]),
        again("Wij weten nog niet wanneer de dienst herstelt.", "De dienst herstelt vandaag."),
        again("De oorzaak is niet bekend.", "De oorzaak is een brand."),
        again("Niet bekend.", "Niets."),
        again("Wie de aanval deed.", "De cyberaanval stopte."),
        again("De cause.", "Iets.", language="fr"),
        case(
            {"before": {"unknown": [{"text": "Wanneer de haven opent.", "audiences": ["partners"]}]}},
            actions=[{"text": "Bel ons."}],
        ),
        case({"before": {"unknown": [{"text": "Wanneer de haven opent."}]}}, unknown=[{"text": "Of de haven opent."}]),
    ],
    "area-forgotten": [
        case(area=["Gent"]),
        case({"before": {}}),
        case({"before": {"area": ["Gent"]}}, area=["Gent", "Deinze"]),
    ],
}

SPEAKS: Final[dict[str, list[Case]]] = {
    "three-by-three": [keys(None, None, None, ["governors"]), keys(None, facts=4)],
    "next-update-missing": [case(next_update_at=None), case(next_update_at=None, kind="update", exercise=True)],
    "next-update-correction": [case(next_update_at=None, kind="correction")],
    "next-update-past": [case(next_update_at="2026-11-23T08:00:00Z"), case(next_update_at="2026-11-23T09:00:00Z")],
    "unknowns-missing": [case(unknown=[]), case(unknown=[], kind="update")],
    "routine-alert": [case(urgency="routine")],
    "no-actions": [
        case(NOBODY, actions=[]),
        case({"asked": frozenset({("governors", "nl")})}, actions=[]),
        case(NOBODY, actions=[{"text": "Bel.", "audiences": ["governors"]}]),
        case(NOBODY, actions=[{"text": "Appelez.", "language": "fr"}]),
        case(NOBODY | {"audiences": ("partners",)}, audiences=[], kind="correction", actions=[]),
    ],
    "all-clear-unalerted": [case({"alerted": False}, kind="all-clear")],
    "exercise-unsaid": [case(title=[{"text": "Oefening met rook"}]), text("Ceci est un exercice.", "fr")],
    "exercise-public": [case(exercise=True, audiences=["governors", "public"], channels=["mail", "newsfeed"])],
    "said-to-nobody": [
        case(actions=[{"text": "Bel.", "audiences": ["partners"]}]),
        keys(None, ["partners"]),
    ],
    "public-without-feed": [case(audiences=["governors", "public"])],
    "half-translated": [case(title=[{"text": "Titel"}, {"text": "Titre", "language": "fr"}])],
    "bad-link": [
        *map(
            text,
            [
                "ftp://vlaanderen.be/x",
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "data:text/html,x",
                "file:///etc",
                "https://",
                "https://localhost/x",
                "https://intranet/x",
                "https://x.local",
                "https://x.example",
                "https://127.0.0.1/",
                "https://10.1.2.3",
                "https://8.8.8.8",
                "https://[::1]/",
                "https://2130706433",
                "https://0x7f.1",
                "https://127.1",
                "https://vlaanderen.be@kwaad.com",
                "https://a:b@vlaanderen.be",
                "‘https://vlaanderen.be/x’",
                "https://10.1.2.3.",
                "https://vlаanderen.be",
                "https://xn--vlanderen-13h.be",
                "https://vlaanderen.be:99999",
                "https://-a.be",
                "https://vlaanderen.b",
                "https://vlaan\u200bderen.be",
                r"https:\\vlaanderen.be https://a.be\@b.be",
                "www.10.0.0.1",
                "https://a..be",
                "https://vlaanderen.be%2eevil.com",
                "https://x.onion",
            ],
        ),
        sms("Lees https://localhost"),
        case(key_messages=[{"text": [{"text": "x"}], "facts": [{"text": "Lees https://localhost"}]}]),
    ],
    "http-link": [text("Lees http://vlaanderen.be")],
    "bad-phone": [
        *map(
            text,
            [
                "Bel 02 123 45 6.",
                "Bel 0470 12 34 5.",
                "Bel +32 2 553 55",
                "Bel 1213.",
                "Bel het nummer 999",
                "Bel 0470 12 34 56 / 0471 12 34 5.",
                "Bel +99 12 34 56 78",
                "Appelez le 02 000 00 00.",
                "0032 2 000 00 00",
                "Bel 0012345678.",
                "02-000.00.00",
                "０２ ０００ ００ ００",
            ],
        ),
        sms("Bel 02 000 00 00"),
    ],
    "national-number": [
        *map(
            text,
            [
                "93.05.18-223.61",
                "93051822361",
                "930518-223-61",
                "930518 223 61",
                "93 05 18 223 61",
                "Nummer: 93.05.18–223.61.",
                "Van 12 93.05.18-223.61",
                "00.01.25-010.52",
                "00012501052",
                "00.41.25-561.72",
                "９３０５１８２２３６１",
                "9 3 0 5 1 8 2 2 3 6 1",
                "93.05.18-\u200b223.61",
                "93/05/18-223/61",
            ],
        ),
        sms("93051822361"),
    ],
    "iban": [
        *map(
            text,
            [
                "BE68 5390 0754 7034",
                "BE68539007547034",
                "be68 5390 0754 7034",
                "Stort op BE68-5390-0754-7034 vandaag.",
                "BE 68 5390 0754 7034.",
                "NL91ABNA0417164300",
                "FR14 2004 1010 0505 0001 3M02 606",
                "BE68\u00a05390 0754 7034",
                "DE89370400440532013000 op naam van de gemeente",
                "IBAN:BE68539007547034",
            ],
        ),
    ],
    "key-message-words": [case(key_messages=[{"text": [{"text": WORDS}]}])],
    "long-sentence": [
        text(" ".join(["woord"] * 21)),
        case({"lint": {"words_per_sentence": 5}}, actions=[{"text": "Een twee drie vier vijf zes."}]),
    ],
    "jargon": [
        text("Meld het aan de SPoC."),
        text("Phishing is een gevaar."),
        sms("Bel de SPoC"),
        case({"lint": {"glossary": {"XYZ": "een dienst"}}}, actions=[{"text": "De XYZ helpt."}]),
    ],
    "abbreviation": [
        text("De XYZ helpt."),
        text("De XyZ helpt."),
        text("De AbC's helpen."),
        case(title=[{"text": "De XYZ"}]),
    ],
    "date-without-weekday": [
        text("Op 23 november 2026."),
        text("Op 23 november."),
        text("Op 23/11/2026."),
        text("Op 2026-11-23."),
        text("Le 23 novembre.", "fr"),
        text("Le 1er décembre.", "fr"),
        text("On 23 November and on November 24.", "en"),
        text("Am 23. November.", "de"),
    ],
    "wrong-weekday": [
        text("Op dinsdag 23 november 2026."),
        text("Op dinsdag 23 november."),
        text("Am Dienstag, den 23. November.", "de"),
    ],
    "sms-segments": [
        sms("x" * 307),
        sms("x" * 300, exercise=True),
        sms("ë" * 135),
        case({"lint": {"sms_segments": 1}}, channels=["sms"], sms=[{"text": "x" * 161}]),
    ],
    "sms-ucs2": [
        sms("België"),
        sms("Привет, как дела, друзья"),
        sms("Brand 🔥"),
        case(channels=["mail", "sms"], title=[{"text": "België"}]),
    ],
    "sms-confirm": [sms("Bel de wacht.", confirm=True), sms("Ok, bel de wacht. Bevestig dat.", confirm=True)],
    "question-open": [
        again("Wij weten nog niet wanneer de haven opent.", "Bel uw gouverneur."),
        again("Wie de aanval deed.", "De haven opent."),
    ],
    "area-forgotten": [case({"before": {"area": ["Gent"]}}), case({"before": {"area": ["Gent"]}}, kind="all-clear")],
}
