"""Pages for people, from `templates/pages/`: one frame, one style sheet, no scripts and nothing from elsewhere.

Pure: the same values make the same bytes. Every address in a page is relative, so that it also holds behind a proxy
with a path of its own and below an audience's tokened address, which must stand in no page.
"""

from datetime import datetime
from functools import partial
from typing import Any, Final

from services.domain.configuration import Configuration
from services.domain.problems import Refused
from services.rendering.dates import in_full
from services.rendering.failures import told
from services.rendering.templates import Templates
from services.rendering.words import Word

STYLE_PATH: Final = "style.css"
STYLE_TYPE: Final = "text/css"
PAGE_TYPE: Final = "text/html"

SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
"""The Content-Security-Policy that every page is served with (W3C CSP 3)."""


def page(
    name: str,
    templates: Templates,
    *,
    language: str,
    site: str = "",
    home: str | None = None,
    closed: bool = False,
    here: str = "",
    **values: Any,
) -> str:
    """`templates/pages/NAME.html.j2` in a language. Raises Refused, with file and line, for what is wrong in it.

    `site` leads from the page to the root of `public` (`../` for `/messages/ID`), `home` to the list of messages that
    its reader has; None: the public one. `closed`: not for search engines. `here`: the entry of the menu that it is.
    """
    context = {
        "language": language, "site": site, "home": site if home is None else home, "closed": closed, "here": here,
        "style": templates.version[:10], "centre": templates.centre, "word": templates.words.of(language),
        "say": page_words(templates, language), **values,
    }  # fmt: skip
    try:
        return templates.html.get_template(f"pages/{name}.html.j2").render(context)
    except Refused:
        raise
    except Exception as error:  # a template is a program: whatever it raises is its author's to mend
        raise told(error, templates) from None


def page_words(templates: Templates, language: str) -> Word:
    """The words of `templates/words/pages.LANGUAGE.yaml`."""
    return partial(templates.words.say, f"words/pages.{language}.yaml", (), centre=templates.centre)


def feed_words(templates: Templates, language: str) -> tuple[str, str]:
    """What a person is told who opens a feed in a browser: before the link to its page, and in it. Raises Refused."""
    say = page_words(templates, language)
    return say("feed.before"), say("feed.page")


def moment_said(moment: datetime | None, templates: Templates, language: str) -> str:
    """Day and hour in full, the hour on one line; '' for None."""
    if moment is None:
        return ""
    said = in_full(moment, language=language, timezone=templates.timezone, word=templates.words.of(language))
    start, _, end = said.rpartition(" ")
    return f"{start}\N{NO-BREAK SPACE}{end}"


def page_language(templates: Templates, language: str, configuration: Configuration) -> str:
    """The language itself, if there are words in it; else the centre's first: what was said once stays readable."""
    known = {f"words/{language}.yaml", f"words/pages.{language}.yaml"} <= set(templates.words.files)
    return language if known else configuration.languages[0]


def page_languages(templates: Templates) -> list[str]:
    """Those in which there are words for pages, Dutch first, as the centre's readers are."""
    found = [
        name[len("words/pages.") : -len(".yaml")] for name in templates.words.files if name.startswith("words/pages.")
    ]
    return sorted(found, key=lambda each: (each != "nl", each != "fr", each))


def style_sheet(templates: Templates) -> str:
    """What `/style.css` is; its address in a page carries the version of the templates, so it may be kept for long."""
    try:
        return templates.text.get_template("pages/style.css.j2").render()
    except Exception as error:
        raise told(error, templates) from None
