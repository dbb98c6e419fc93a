"""The versions of a message as one sends them to oneself: each says that it is a test, above all and in its subject."""

import re
from collections.abc import Sequence
from typing import Final

from services.domain.configuration import Configuration
from services.domain.variants import Variant
from services.domain.verification import PRINTED
from services.rendering.failures import told
from services.rendering.plain_text import plain_text
from services.rendering.proof_text import Say, saying
from services.rendering.templates import Templates

_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


def on_trial(variants: Sequence[Variant], templates: Templates, configuration: Configuration) -> list[Variant]:
    """Mail as mail, SMS as SMS, and each entry of a feed as a mail.

    Of SMS that differ in their code alone one is enough: they go to one telephone.

    The segment tells the entry of a feed from the mail for the same readers.

    Raises Refused for a word or a template that a centre's own lack.
    """
    say = saying(templates)
    mails = [_mail(each, templates, configuration, say) for each in variants if each.channel != "sms"]
    sms = {PRINTED.sub("", each.text): each for each in reversed(variants) if each.channel == "sms"}
    return [*mails, *(_sms(each, say) for each in reversed(sms.values()))]


def _mail(variant: Variant, templates: Templates, configuration: Configuration, say: Say) -> Variant:
    about = say(
        "test.about",
        audience=_name(variant.audience, configuration),
        channel=say(f"channel.{variant.channel}"),
        language=say(f"language.{variant.language}") if variant.language in _NAMED else variant.language,
    )
    banner = _template("proof/test_banner.html.j2", templates, banner=say("test.banner"), about=about)
    text = variant.text if variant.channel == "mail" else f"{variant.subject}\n\n{plain_text(variant.html)}\n"
    return Variant(
        audience=variant.audience,
        language=variant.language,
        segment=variant.segment if variant.channel == "mail" else f"{variant.segment}{variant.channel}",
        channel="mail",
        subject=say("test.mark") + variant.subject,
        text=f"*** {say('test.banner')} ***\n{about}\n\n{text}\n*** {say('test.banner')} ***\n",
        html=_under(banner, variant, templates),
    )


def _sms(first: Variant, say: Say) -> Variant:
    return Variant(first.audience, first.language, first.segment, "sms", "", say("test.sms") + first.text, "")


def _under(banner: str, variant: Variant, templates: Templates) -> str:
    """The banner as the first thing that is seen, whatever frame a centre's own template makes."""
    if variant.channel == "newsfeed":
        head = _template("proof/test_entry.html.j2", templates, title=variant.subject, language=variant.language)
        return f"{head}{banner}{variant.html}</body></html>\n"
    if found := _BODY.search(variant.html):
        return variant.html[: found.end()] + banner + variant.html[found.end() :]
    return banner + variant.html


def _template(name: str, templates: Templates, **values: str) -> str:
    try:
        return templates.html.get_template(name).render(values)
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None


def _name(audience: str, configuration: Configuration) -> str:
    names = {each.id: each.names.get("nl", each.id) for each in configuration.audiences}
    return names.get(audience, audience)


_NAMED: Final = ("nl", "fr", "en", "de")
