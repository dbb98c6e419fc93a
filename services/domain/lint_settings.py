"""What a centre may set of lint: how much each rule weighs, the words that its readers know, and the limits.

The section `lint` of its configuration. It knows the rules by their words alone, so that the rules may know it.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.domain.lint_fact_words import FACT_RULES
from services.domain.lint_words import WORDS
from services.domain.problems import nearest

FIXED: Final = frozenset({"three-by-three"})
"""Rules of the message file itself: nothing that breaks them comes as far as lint."""


def _known(given: dict[str, str]) -> dict[str, str]:
    for rule in given:
        if rule not in WORDS and rule not in FACT_RULES:
            raise ValueError(f"there is no lint rule {rule!r}. {nearest(rule, [*WORDS, *FACT_RULES])}")
        if rule in FIXED:
            raise ValueError(f"{rule} is a rule of the message file itself: it always blocks")
    return given


def _words(given: dict[str, str]) -> dict[str, str]:
    if bad := [word for word in given if not word.strip() or word != word.strip()]:
        raise ValueError(f"a word of the glossary must not be empty or begin or end with a space: {bad[0]!r}")
    return given


class LintSettings(BaseModel):
    """`rules`: weight by rule id. `glossary`: words with their explanation; an empty one: every reader knows it.

    Limits are in words (of a sentence, of a key message) and in segments (of an SMS).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Annotated[dict[str, Literal["error", "warning", "off"]], AfterValidator(_known)] = Field(
        default_factory=dict
    )
    glossary: Annotated[dict[str, str], AfterValidator(_words)] = Field(default_factory=dict)
    words_per_sentence: int = Field(default=20, ge=5, le=100)
    words_per_key_message: int = Field(default=27, ge=5, le=200)
    sms_segments: int = Field(default=2, ge=1, le=10)

    def words(self) -> dict[str, str]:
        """The whole glossary: ours, with the centre's own in place of it or beside it."""
        return {**GLOSSARY, **self.glossary}


# What not every recipient knows, with a word of explanation (../shared/MISSION.md).
_EXPLAINED: Final = {
    "BCM": "bedrijfscontinuïteit",
    "CMT": "crisismanagementteam",
    "DDoS": "overbelasting van een dienst met opzet",
    "HRBP": "personeelsverantwoordelijke",
    "NCCN": "Nationaal Crisiscentrum",
    "RTO": "maximale hersteltijd",
    "SPoC": "aanspreekpunt",
    "malware": "schadelijke software",
    "phishing": "valse berichten die gegevens willen stelen",
    "ransomware": "gijzelsoftware",
    "workaround": "tijdelijke oplossing",
}
_COMMON: Final = (
    "AZ BE BTW BV CCVO CEO CO COVID DE EHBO EK EN EU FAQ FAVV FOD FR GPS GSM HR ICT ID IT KB KMI KMO KU"
    " MB MHz MIVB NAVO NL NMBS NV NVT OCMW OK PC PDF PFAS PIN PV PZ QR RIZIV RSZ RTBF RVA SMS TV UV UZ"
    " VDAB VN VRT VS VTM VUB VZW WC WHO WIFI"
    " AM PM GB UK US USA UN ONU OMS SNCB SPF ONSS TVA RGPD GDPR AVG"
    " II III IV VI VII VIII IX XI XII"
)
GLOSSARY: Final[Mapping[str, str]] = dict.fromkeys(_COMMON.split(), "") | _EXPLAINED
