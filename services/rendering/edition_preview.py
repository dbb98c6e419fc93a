"""An edition as a page to look at before anyone gets it: samples in its slots, its logo in the page itself."""

from services.domain.variants import Variant
from services.rendering.mime import LOGO_ID
from services.rendering.proof_page import EXAMPLE
from services.rendering.proof_versions import fill_html
from services.rendering.templates import Templates


def preview(variant: Variant, templates: Templates) -> str:
    """The very HTML that is sent, as a browser can show it. Its readers' links lead nowhere."""
    html = fill_html(variant.html, EXAMPLE)
    return html if templates.logo is None else html.replace(f"cid:{LOGO_ID}", templates.logo.data)
