"""The rules about facts: what each weighs, and its words in Dutch, as `lint_words` has them for the other rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.domain.lint_words import Words
from services.domain.problems import Severity

ONE_TRUTH: Final = "Eén bron van waarheid: eenduidige informatie voor iedereen (opdracht van het crisiscentrum)"
"""../shared/MISSION.md, "What counts"."""


@dataclass(frozen=True)
class FactRule:
    """What a rule weighs unless the centre says otherwise, and what it says."""

    severity: Severity
    words: Words


_USE_IT: Final = (
    "Neem de waarde over van het feit, of schrijf `{{fact: {key}}}` of, in de tekst, `{{fact:{key}.NAAM}}`."
)

FACT_RULES: Final[Mapping[str, FactRule]] = {
    "fact-unconfirmed": FactRule(
        "error",
        Words(
            "Wat niet zeker is, zegt u als onzeker, of niet.",
            "Feit {key} is nog niet bevestigd, en staat hier als bekend.",
            "Zet het onder `unknown`, of bevestig het: `roeland fact set {incident} {key} --status confirmed`.",
        ),
    ),
    "fact-withdrawn": FactRule(
        "error",
        Words(
            "Wat ingetrokken is, mag alleen nog genoemd worden als wat fout was.",
            "Feit {key} is ingetrokken.",
            "Haal het weg, of noem het in een rechtzetting onder `wrong`.",
        ),
    ),
    "fact-other-value": FactRule(
        "error",
        Words(
            "Een uur, dag of getal dat niet klopt met wat vastligt, is een tweede waarheid.",
            "Hier staat {here}; feit {key} heeft {there}.",
            _USE_IT,
        ),
    ),
    "fact-two-values": FactRule(
        "error",
        Words(
            "Lezers vergelijken wat zij kregen: zij mogen geen twee waarheden vinden.",
            "Feit {key}: {one} leest {theirs}, {other} leest {here}.",
            "Geef iedereen dezelfde waarde. " + _USE_IT,
        ),
    ),
    "fact-unbacked-value": FactRule(
        "warning",
        Words(
            "Een waarde die nergens vastligt, verandert zonder dat iemand het merkt.",
            "{here} staat niet in feit {key}.",
            "Leg het vast: `roeland fact set {incident} {key} --value NAAM=…`.",
        ),
    ),
}
