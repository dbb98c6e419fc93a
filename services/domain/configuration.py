"""Who may be told, which phases a crisis has, and which types of incident there are: a versioned configuration.

Another centre has other audiences. So nothing in a schema or a table enumerates them: a message names ids, and
this says which ids there are, in which order, and what they are called in each language.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.domain.approval_policy import ApprovalRule, impossible
from services.domain.escalation import Escalation
from services.domain.lint_settings import LintSettings
from services.domain.problems import Problem, Refused
from services.domain.shapes import in_our_words
from services.domain.yaml_text import read_yaml

CHANNELS: Final = ("mail", "sms", "newsfeed")
KINDS: Final = ("alert", "update", "correction", "all-clear")
APPROVED_KINDS: Final = (*KINDS, "edition")
"""What a rule of approval may be about: an edition of a newsletter too."""
URGENCIES: Final = ("urgent", "routine")

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Audience(_Frozen):
    """A group that gets its own version. `names` by language; `channels` are those that it may get at all."""

    id: Slug
    names: dict[str, str]
    channels: tuple[str, ...] = CHANNELS


class Phase(_Frozen):
    """A phase of a crisis; decides the shape of a message. `names` by language."""

    id: Slug
    names: dict[str, str]


class IncidentType(_Frozen):
    """A kind of incident, such as a data breach: which playbook it has. `names` by language."""

    id: Slug
    names: dict[str, str]


class Level(_Frozen):
    """Who coordinates (KB 22 mei 2019); not the phase of communication. `names` by language."""

    id: Slug
    names: dict[str, str]


def _types() -> tuple[IncidentType, ...]:
    return TYPES


def _levels() -> tuple[Level, ...]:
    return LEVELS


class Configuration(_Frozen):
    """The lists of one centre. The order of audiences decides which version someone in several of them gets."""

    version: int = Field(ge=1)
    languages: tuple[str, ...] = Field(default=("nl", "fr", "en", "de"), min_length=1)
    audiences: tuple[Audience, ...] = Field(min_length=1)
    phases: tuple[Phase, ...] = Field(min_length=1)
    types: tuple[IncidentType, ...] = Field(default_factory=_types, min_length=1)
    levels: tuple[Level, ...] = Field(default_factory=_levels, min_length=1)
    approval: tuple[ApprovalRule, ...] = ()
    lint: LintSettings = LintSettings()
    escalation: Escalation = Escalation()

    @property
    def audience_ids(self) -> tuple[str, ...]:
        """In the configured order."""
        return tuple(audience.id for audience in self.audiences)

    @property
    def phase_ids(self) -> tuple[str, ...]:
        """In the order in which a crisis goes through them."""
        return tuple(phase.id for phase in self.phases)

    @property
    def type_ids(self) -> tuple[str, ...]:
        """In the configured order."""
        return tuple(each.id for each in self.types)

    @property
    def level_ids(self) -> tuple[str, ...]:
        """From the nearest to the widest."""
        return tuple(each.id for each in self.levels)

    def audience(self, audience_id: str) -> Audience:
        """Raises KeyError for one that is not configured."""
        return {audience.id: audience for audience in self.audiences}[audience_id]

    def phase(self, phase_id: str) -> Phase:
        """Raises KeyError for one that is not configured."""
        return {phase.id: phase for phase in self.phases}[phase_id]

    def in_order(self, audience_ids: Iterable[str]) -> tuple[str, ...]:
        """The same audiences, each once, in the configured order; unknown ones last, by name."""
        order = {audience_id: place for place, audience_id in enumerate(self.audience_ids)}
        return tuple(sorted(set(audience_ids), key=lambda each: (order.get(each, len(order)), each)))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for what, items in self._named():
            ids = [item.id for item in items]
            if len(set(ids)) < len(ids):
                raise ValueError(f"an {what} id stands twice")
            for item in items:
                if missing := [language for language in self.languages if not item.names.get(language, "").strip()]:
                    raise ValueError(f"{what} {item.id} has no name in {', '.join(missing)}")
        for rule in self.approval:
            if problem := impossible(rule) or self._unknown_in(rule):
                raise ValueError(f"an approval rule can never be met: {problem}")
        for audience in self.audiences:
            if unknown := set(audience.channels) - set(CHANNELS):
                raise ValueError(f"audience {audience.id} has unknown channels: {', '.join(sorted(unknown))}")
        return self

    def _named(self) -> Iterator[tuple[str, tuple[Audience | Phase | IncidentType | Level, ...]]]:
        """What needs a name in every language; the types and levels that we gave ourselves have ours."""
        yield from (("audience", self.audiences), ("phase", self.phases))
        if "types" in self.model_fields_set:
            yield "type", self.types
        if "levels" in self.model_fields_set:
            yield "level", self.levels

    def _unknown_in(self, rule: ApprovalRule) -> str | None:
        named = {"kinds": (rule.kinds, APPROVED_KINDS), "urgencies": (rule.urgencies, URGENCIES)}
        for field, (given, known) in (named | {"audiences": (rule.audiences, self.audience_ids)}).items():
            if unknown := set(given or ()) - set(known):
                return f"{field} has {', '.join(sorted(unknown))}, which there is not"
        return None


def load_configuration(text: str, *, name: str = "configuration") -> Configuration:
    """A centre's own configuration, from YAML or JSON in the shape of `Configuration`. Raises Refused."""
    located = read_yaml(text, name=name)
    try:
        return Configuration.model_validate(located.data)
    except ValidationError as error:
        raise Refused(
            [
                Problem(
                    located.place(each["loc"]),
                    *in_our_words(each, see="See docs/templates.md for an example.", model=Configuration),
                )
                for each in error.errors(include_url=False)
            ]
        ) from None


def _names(nl: str, fr: str, en: str, de: str) -> dict[str, str]:
    return {"nl": nl, "fr": fr, "en": en, "de": de}


TYPES: Final[tuple[IncidentType, ...]] = (
    IncidentType(id="cyber", names=_names("cyberincident", "cyberincident", "cyber incident", "Cybervorfall")),
    IncidentType(
        id="service-failure",
        names=_names("uitval van een dienst", "panne d'un service", "service failure", "Ausfall eines Dienstes"),
    ),
    IncidentType(
        id="data-breach",
        names=_names("gegevenslek", "fuite de données", "personal data breach", "Datenschutzverletzung"),
    ),
    IncidentType(id="pandemic", names=_names("pandemie", "pandémie", "pandemic", "Pandemie")),
    IncidentType(
        id="industrial-accident",
        names=_names("industrieel ongeval", "accident industriel", "industrial accident", "Industrieunfall"),
    ),
    IncidentType(
        id="extreme-weather",
        names=_names("extreem weer", "conditions météorologiques extrêmes", "extreme weather", "Extremwetter"),
    ),
    IncidentType(id="other", names=_names("ander incident", "autre incident", "other incident", "anderer Vorfall")),
)

LEVELS: Final[tuple[Level, ...]] = (
    Level(id="municipal", names=_names("gemeentelijke fase", "phase communale", "municipal", "kommunal")),
    Level(id="provincial", names=_names("provinciale fase", "phase provinciale", "provincial", "provinzial")),
    Level(id="federal", names=_names("federale fase", "phase fédérale", "federal", "föderal")),
)

DEFAULT: Final = Configuration(
    version=1,
    languages=("nl", "fr", "en", "de"),
    audiences=(
        Audience(id="governors", names=_names("gouverneurs", "gouverneurs", "governors", "Gouverneure")),
        Audience(
            id="local-governments",
            names=_names("lokale besturen", "pouvoirs locaux", "local governments", "lokale Behörden"),
        ),
        Audience(
            id="senior-officials",
            names=_names("leidend ambtenaren", "fonctionnaires dirigeants", "senior officials", "leitende Beamte"),
        ),
        Audience(
            id="crisis-communication-contacts",
            names=_names(
                "aanspreekpunten crisiscommunicatie",
                "points de contact communication de crise",
                "crisis communication contacts",
                "Ansprechpartner für Krisenkommunikation",
            ),
        ),
        Audience(
            id="bcm-leads",
            names=_names(
                "BCM-verantwoordelijken",
                "responsables de la continuité",
                "business continuity leads",
                "Verantwortliche für Betriebskontinuität",
            ),
        ),
        Audience(
            id="hr-business-partners",
            names=_names("HRBP's", "partenaires RH", "HR business partners", "Personalverantwortliche"),
        ),
        Audience(id="partners", names=_names("partners", "partenaires", "partners", "Partner")),
        Audience(id="public", names=_names("publiek", "public", "public", "Öffentlichkeit"), channels=("newsfeed",)),
    ),
    phases=(
        Phase(id="preparation", names=_names("voorbereiding", "préparation", "preparation", "Vorbereitung")),
        Phase(id="acute", names=_names("acute fase", "phase aiguë", "acute phase", "akute Phase")),
        Phase(id="containment", names=_names("beheersing", "maîtrise", "containment", "Eindämmung")),
        Phase(id="recovery", names=_names("herstel", "rétablissement", "recovery", "Wiederherstellung")),
        Phase(id="evaluation", names=_names("evaluatie", "évaluation", "evaluation", "Auswertung")),
    ),
)
