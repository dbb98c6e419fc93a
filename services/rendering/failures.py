"""Where in a template something went wrong, said so that its author can mend it."""

from types import TracebackType

import jinja2

from services.domain.problems import Problem, Refused
from services.rendering.templates import Templates


def told(error: Exception, templates: Templates) -> Exception:
    """What a template raised, as a refusal that names its file and line; a mistake of our own stays what it is."""
    if isinstance(error, jinja2.TemplateNotFound):
        what = "This template is missing."
        return Refused([Problem(f"templates/{error.name}", what, "Copy one of its neighbours; see docs/templates.md.")])
    if isinstance(error, jinja2.TemplateSyntaxError):
        line = f"{templates.places.get(error.name or '', error.name)}:{error.lineno}"
        return Refused([Problem(line, f"{error.message}.", "Mend the template's syntax.")])
    place = _place(error.__traceback__, set(templates.places.values()))
    if place is None:
        return error
    return Refused(
        [Problem(place, f"{str(error).rstrip('.')}.", "Look at what docs/templates.md says a template may use.")]
    )


def _place(traceback: TracebackType | None, files: set[str]) -> str | None:
    found = None
    while traceback:
        if (name := traceback.tb_frame.f_code.co_filename) in files:
            found = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
