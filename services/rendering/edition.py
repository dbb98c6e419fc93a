"""An edition as a mail: one for each audience, language and province, and whole for the page in a browser.

MJML is compiled to HTML here, per variant, at the proof; sending only fills slots. docs/newsletter-looks.md.
"""

import re
from typing import Any, Final

from services.domain.edition_view import EditionView
from services.domain.problems import Problem, Refused
from services.domain.variants import SLOT_OPEN, Variant
from services.rendering.context import EXERCISE
from services.rendering.edition_context import edition_context, shown
from services.rendering.edition_fit import Fit, everything, fitting
from services.rendering.failures import told
from services.rendering.mime import LOGO_ID
from services.rendering.mjml import to_html
from services.rendering.templates import Templates

_HTML: Final = "newsletter/edition.mjml.j2"
_TEXT: Final = "newsletter/edition.txt.j2"
_LINKS: Final = ("/unsubscribe", "/preferences")


def render_edition(
    view: EditionView,
    *,
    message_id: str,
    templates: Templates,
    segment: str | None = None,
    whole: bool = False,
) -> Variant:
    """The mail, under 100 kB of HTML; or all of it when `whole`, for a page that nobody cuts.

    `segment`: of the variant, when it is not the view's province. Raises Refused, naming the template's file and line.
    """
    logo = _logo(templates, whole=whole)
    context = edition_context(view, message_id=message_id, templates=templates, whole=whole, logo=logo)
    try:
        html, fit = _html(view, context, templates, whole=whole)
        text = _text({**context, **shown(view, fit, templates)}, templates)
    except Refused:
        raise
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None
    place = view.province if segment is None else segment
    variant = Variant(view.audience, view.language, place, "mail", context["subject"], text, html)
    _refuse_unmarked(view, variant)
    return variant


def _html(view: EditionView, context: dict[str, Any], templates: Templates, *, whole: bool) -> tuple[str, Fit]:
    template, place = templates.mjml.get_template(_HTML), templates.places[_HTML]
    fits: list[Fit] = []

    def made(fit: Fit) -> str:
        fits.append(fit)
        source = template.render(context, **shown(view, fit, templates))
        return to_html(source, place=place)

    html = _as_page(made(everything(view))) if whole else fitting(view, made)
    return html, fits[-1]


def _as_page(html: str) -> str:
    """A mail is an article among a mail client's others; a page is what its reader came for (WAI-ARIA, `main`)."""
    return html.replace(' aria-roledescription="email"', "").replace(' role="article"', ' role="main"')


def _text(context: dict[str, Any], templates: Templates) -> str:
    rendered = templates.text.get_template(_TEXT).render(context)
    lines = (line.rstrip() for line in rendered.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _logo(templates: Templates, *, whole: bool) -> str:
    """Where the picture is: in the mail or, if the centre wants that, at `public`; of a page in the page itself."""
    if templates.logo is None:
        return ""
    if not whole:
        return templates.logo_link or f"cid:{LOGO_ID}"
    return templates.logo.data


def _refuse_unmarked(view: EditionView, variant: Variant) -> None:
    """What a template of the centre's own must not lose, or do."""
    place = f"templates/newsletter ({view.audience}, {view.language})"
    for part, said in (("text", variant.text), ("html", variant.html)):
        if view.exercise and EXERCISE not in said:
            what = f"The {part} of an exercise does not say {EXERCISE}."
            raise Refused([Problem(place, what, 'Show word("exercise.banner") in it.')])
        if lost := [link for link in _LINKS if link not in said]:
            what = f"The {part} has no link to {' and '.join(lost)}."
            raise Refused([Problem(place, what, "Write {{ slot.reader }} before it, as ours does.")])
    if SLOT_OPEN in variant.subject:
        raise Refused([Problem(place, "A slot stands in the subject, where nobody fills it.", "Take it out.")])
