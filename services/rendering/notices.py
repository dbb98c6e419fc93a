"""What users are told about a message: a mail and an SMS in Dutch, the language of the centre.

A phone lies on a table: the SMS names the incident, the kind, the urgency, how many get it, and what to do; never what
the message says. That an exercise is one is put there here, and not in a template.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from services.domain.texts import gsm_typography, measure, one_line
from services.domain.variants import Variant
from services.rendering.context import EXERCISE
from services.rendering.dates import in_full
from services.rendering.failures import told
from services.rendering.sms import made
from services.rendering.templates import Templates

LANGUAGE: Final = "nl"
NAMES: Final = (
    "waits",
    "last-call",
    "glass-broken",
    "glass-disputed",
    "edition-missed",
    "calls",
    "outside",
    "rejected",
    "held-back",
)
"""The notices that there are: `templates/notices/NAME.j2`, each with macros subject, lead, ask and sms."""
SHORT: Final = 12
"""Characters of an incident's id that stay when it must give way to fit one segment."""


@dataclass(frozen=True, slots=True)
class About:
    """What a notice may say. `title`: as its readers see it in the subject. `by`: the address of who did it.

    Of a newsletter there is no `message_id`: `incident` is its name, and `dates` are those of its editions, in full.
    `link`: where to do what is asked; '': the message in the console.
    """

    message_id: str
    incident: str
    incident_title: str
    title: str
    kind: str
    urgency: str
    exercise: bool
    recipients: int
    channels: list[str]
    expires_at: datetime | None = None
    console_url: str | None = None
    by: str = ""
    reason: str = ""
    dates: list[str] = field(default_factory=list)
    link: str = ""


def notice(name: str, about: About, templates: Templates) -> list[Variant]:
    """The mail and the SMS. Raises Refused for what is wrong in a template."""
    try:
        context = _context(name, about, templates)
        subject = _mark(about, "[{}] ") + one_line(_made("subject.txt.j2", context, templates.text))
        text = _made("mail.txt.j2", context, templates.text)
        html = _made("mail.html.j2", {**context, "subject": subject}, templates.html)
        return [
            Variant("", LANGUAGE, "", "mail", subject, text, html),
            Variant("", LANGUAGE, "", "sms", "", _sms(context, about, templates), ""),
        ]
    except Exception as problem:  # a template is a program: whatever it raises is its author's to mend
        raise told(problem, templates) from None


def _context(name: str, about: About, templates: Templates) -> dict[str, Any]:
    word = templates.words.of(LANGUAGE)
    expires = about.expires_at
    return {
        **{field: one_line(value) if isinstance(value, str) else value for field, value in asdict(about).items()},
        "notice": f"notices/{name}.j2",
        "kind_name": word(f"kind.{about.kind}.label"),
        "urgency_name": "dringend" if about.urgency == "urgent" else "niet dringend",
        "expires": in_full(expires, language=LANGUAGE, timezone=templates.timezone, word=word) if expires else "",
        "link": about.link or _in_console(about),
        "centre": templates.centre,
        "banner": word("exercise.banner"),
    }


def _in_console(about: About) -> str:
    return f"{about.console_url}/messages/{about.message_id}" if about.console_url and about.message_id else ""


def _sms(context: dict[str, Any], about: About, templates: Templates) -> str:
    """In one segment if a shorter name of the incident makes it so; what to do is never cut."""
    prefix = _mark(about, "{}: ")
    whole = made(_made("sms.txt.j2", context, templates.text), prefix=prefix)
    if measure(whole).segments == 1 or len(about.incident) <= SHORT:
        return whole
    room = max(SHORT, len(about.incident) - len(gsm_typography(whole)) + 160 - 2)
    shorter = {**context, "incident": f"{about.incident[:room].rstrip('-')}.."}
    cut = made(_made("sms.txt.j2", shorter, templates.text), prefix=prefix)
    return cut if measure(cut).segments == 1 else whole


def _mark(about: About, form: str) -> str:
    return form.format(EXERCISE) if about.exercise else ""


def _made(name: str, context: dict[str, Any], environment: Any) -> str:
    return str(environment.get_template(f"notices/{name}").render(context)).strip() + "\n" * (name != "sms.txt.j2")
