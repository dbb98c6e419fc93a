"""The words of lint, in Dutch: of each rule why it is there, what it says of a message, and what to do about it.

All of them stand here and nowhere else, so that another centre can have them in its own language. `{…}` is filled
by the rule; what it may be is what stands there now.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Words:
    """`why` explains the rule; `problem` and `remedy` are what it says, `cases` what it says in other cases."""

    why: str
    problem: str
    remedy: str
    cases: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, case: str) -> tuple[str, str]:
        """Problem and remedy in this case ('' is the usual one)."""
        return self.cases[case] if case else (self.problem, self.remedy)


WORDS: Final[Mapping[str, Words]] = {
    # what a message must have ----------------------------------------------------------------------------------------
    "three-by-three": Words(
        "Wie onder druk staat, onthoudt drie dingen, en bij elk drie feiten.",
        "Dit is meer dan drie kernboodschappen voor één lezer, of meer dan drie feiten bij één kernboodschap.",
        "Kies de drie die tellen.",
    ),
    "next-update-missing": Words(
        "Wie niet weet wanneer er meer nieuws komt, belt, of gelooft geruchten.",
        "Het bericht zegt niet wanneer u opnieuw iets laat weten.",
        "Vul `next_update_at` in, ook als u dan misschien nog niets nieuws hebt.",
    ),
    "next-update-correction": Words(
        "Wie iets fouts kreeg, wil weten wanneer hij weer zeker is. Toch mag een rechtzetting daar niet op wachten.",
        "De rechtzetting zegt niet wanneer u opnieuw iets laat weten.",
        "Vul `next_update_at` in, als u dat moment al kent.",
    ),
    "next-update-past": Words(
        "Een belofte die al verlopen is, maakt het hele bericht ongeloofwaardig.",
        "Het moment van het volgende nieuws is al voorbij.",
        "Geef in `next_update_at` een later moment.",
    ),
    "unknowns-missing": Words(
        "Zeggen wat u nog niet weet, bewaart het vertrouwen en houdt geruchten tegen.",
        "Het bericht zegt niet wat nog niet bekend is.",
        "Noem het in `unknown`, al is het alleen de oorzaak.",
    ),
    "routine-alert": Words(
        "Gewone berichten wachten op dringende.",
        "Een alarm in de acute fase gaat als gewoon bericht de deur uit.",
        "Schrijf `urgency: urgent`.",
    ),
    "no-actions": Words(
        "Iets nuttigs kunnen doen maakt rustig. Een bericht dat niets vraagt, roept alleen vragen op.",
        "Voor {readers} staat er niet wat zij moeten doen, ook niet in de sjablonen.",
        "Zet in `actions` wat u van hen vraagt, al is het: u hoeft niets te doen.",
    ),
    "all-clear-unalerted": Words(
        "Een einde van iets waarvan niemand wist, maakt ongerust.",
        "In dit incident is nog niemand verwittigd.",
        "Kijk het incident na in `roeland message list`, of maak er een `alert` of `update` van.",
    ),
    # whom it is for --------------------------------------------------------------------------------------------------
    "exercise-unsaid": Words(
        "Een oefening die als echt vertrekt, wordt geloofd.",
        "Hier staat iets over een oefening, maar het bericht vertrekt als echt.",
        "Schrijf `exercise: true`, of kies andere woorden.",
    ),
    "exercise-public": Words(
        "Een oefening mag niemand buiten de deelnemers bereiken.",
        "Een oefening gaat nooit naar het publiek: dat krijgt niets.",
        "Haal `public` uit `audiences`.",
    ),
    "said-to-nobody": Words(
        "Wat voor niemand bestemd is, leest niemand.",
        "{audiences} krijgt dit bericht niet, en deze tekst dus ook niet.",
        "Voeg die doelgroep toe aan `audiences`, of laat de tekst weg.",
    ),
    "public-without-feed": Words(
        "Het publiek leest alleen de nieuwsfeed.",
        "Het publiek krijgt niets: de nieuwsfeed staat niet bij de kanalen.",
        "Voeg `newsfeed` toe aan `channels`.",
    ),
    "half-translated": Words(
        "Niemand krijgt twee talen door elkaar: wat half vertaald is, vertrekt in de taal van het bericht.",
        "Niet elke kernboodschap bestaat in {language}; {audiences} krijgt het bericht in {instead}.",
        "Vertaal elke kernboodschap naar {language}, of laat die titel weg.",
    ),
    # links, numbers, people ------------------------------------------------------------------------------------------
    "bad-link": Words(
        "Een link die niet werkt of ergens anders uitkomt, doet mensen twijfelen aan het hele bericht.",
        "De link {link} deugt niet: het adres klopt niet.",
        "Kopieer het adres uit uw browser: https://, gevolgd door de naam van de site.",
        {
            "scheme": (
                "De link {link} deugt niet: alleen https:// is toegelaten.",
                "Gebruik een gewoon webadres dat met https:// begint.",
            ),
            "userinfo": (
                "De link {link} deugt niet: wat voor het @ staat, lijkt een ander adres.",
                "Laat alles voor het @ weg.",
            ),
            "host": (
                "De link {link} deugt niet: {host} is geen site die iedereen op het internet kan openen.",
                "Gebruik de openbare naam van de site, geen IP-adres en geen naam van het eigen netwerk.",
            ),
            "script": (
                "De link {link} deugt niet: in {host} staan letters die op andere lijken.",
                "Typ het adres opnieuw, met gewone letters.",
            ),
            "punctuation": (
                "Aan de link {link} kleeft een leesteken: het wordt een deel van het adres.",
                "Zet een spatie tussen de link en het leesteken, of laat het leesteken weg.",
            ),
        },
    ),
    "http-link": Words(
        "Wat over http:// gaat, kan onderweg gelezen en veranderd worden; browsers waarschuwen ervoor.",
        "De link {link} is niet beveiligd.",
        "Schrijf https:// als de site dat kan.",
    ),
    "bad-phone": Words(
        "Wie een nummer belt dat niet bestaat, komt niet terug.",
        "{number} is geen geldig telefoonnummer.",
        "Kijk het nummer na; schrijf een buitenlands nummer met + en de code van het land.",
    ),
    "national-number": Words(
        "Een rijksregisternummer hoort in geen enkel bericht thuis: het wordt doorgestuurd en bewaard.",
        "Hier staat een rijksregisternummer.",
        "Haal het weg; bezorg het langs een beveiligde weg aan wie het nodig heeft.",
    ),
    "iban": Words(
        "Een rekeningnummer is een persoonsgegeven, en lokaas: oplichters sturen hetzelfde met hun eigen rekening.",
        "Hier staat een rekeningnummer.",
        "Haal het weg; verwijs naar de site of het aanspreekpunt waar men het kan nakijken.",
    ),
    # plain words -----------------------------------------------------------------------------------------------------
    "key-message-words": Words(
        "Een kernboodschap moet men in één adem kunnen herhalen.",
        "Deze kernboodschap telt {count} woorden, meer dan {most}.",
        "Zeg het in één zin; maak van de rest feiten.",
    ),
    "long-sentence": Words(
        "Onder druk leest iedereen slechter.",
        "Een zin telt {count} woorden, meer dan {most}: “{begin} …”",
        "Maak er twee zinnen van.",
    ),
    "jargon": Words(
        "Geen vakwoord zonder een woord uitleg.",
        "Niet elke lezer kent {word}.",
        "Leg het uit: {word} ({meaning}).",
    ),
    "abbreviation": Words(
        "Een afkorting die men niet kent, sluit uit.",
        "De afkorting {word} staat niet in de woordenlijst.",
        "Schrijf ze voluit, of zet ze met haar uitleg in `lint: glossary` van de configuratie.",
    ),
    "date-without-weekday": Words(
        "De weekdag verraadt een vergissing in de datum, en zegt hoe dichtbij het is.",
        "Bij {date} staat geen weekdag.",
        "Schrijf de dag voluit: {full}.",
    ),
    "wrong-weekday": Words(
        "Een weekdag die niet bij de datum hoort: dan weet niemand welke van de twee juist is.",
        "{date} is een {right}, geen {wrong}.",
        "Kijk na of de datum of de weekdag fout is.",
    ),
    # SMS -------------------------------------------------------------------------------------------------------------
    "sms-segments": Words(
        "Elk deel van een SMS wordt betaald, en kan los van de andere aankomen.",
        "Deze SMS telt {segments} delen ({characters} tekens), meer dan {most}.",
        "Kort ze in; de rest staat in de mail.",
    ),
    "sms-ucs2": Words(
        "Eén teken buiten het alfabet van SMS (GSM-7), en een deel telt 70 tekens in plaats van 160.",
        "Door {characters} telt een deel van deze SMS 70 tekens in plaats van 160.",
        "Schrijf {instead}.",
        {
            "leave-out": (
                "Door {characters} telt een deel van deze SMS 70 tekens in plaats van 160.",
                "Laat het weg, of schrijf er een woord voor.",
            ),
            "alphabet": (
                "Deze SMS is in een ander schrift: een deel telt 70 tekens in plaats van 160.",
                "Hou ze kort.",
            ),
        },
    ),
    # what was said before --------------------------------------------------------------------------------------------
    "sms-confirm": Words(
        "Wie niet leest hoe hij bevestigt, bevestigt niet, en wordt later opgebeld.",
        "Deze SMS vraagt een bevestiging, en zegt niet hoe.",
        "Schrijf `Antwoord OK`, of zet er de persoonlijke link in: docs/answers.md zegt hoe.",
    ),
    "question-open": Words(
        "Wat u vorige keer open liet, zoekt de lezer nu als eerste.",
        "Vorige keer wist u dit nog niet: “{question}”. Dit bericht antwoordt er niet op.",
        "Geef het antwoord, of zeg in `unknown` dat u het nog altijd niet weet.",
    ),
    "area-forgotten": Words(
        "Zonder plaats gaat een bericht over heel Vlaanderen, ook voor toestellen die er alarm op slaan.",
        "Het vorige bericht ging over {places}; dit noemt geen plaats.",
        "Neem `area` over. Gaat het nu echt over heel Vlaanderen? Zeg dat dan in de tekst.",
    ),
}
