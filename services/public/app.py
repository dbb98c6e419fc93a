"""The web application: which addresses there are, and what holds for every answer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from aiohttp import web

from services.public.calls import CallsDoor
from services.public.failing import for_people
from services.public.reader import ReaderDoor
from services.public.serving import Documents
from services.public.sinch_status import SinchCallbacks
from services.public.status import Callbacks
from services.public.verify import PATH as VERIFY
from services.public.verify import Verify
from services.rendering.pages import SECURITY_POLICY
from services.rendering.templates import Templates
from services.runtime.postgres import AWAY
from services.sms.callbacks import PATH, SINCH_PATH
from services.store.feeds import PUBLIC

BODY_BYTES: Final = 16 * 1024
"""A callback has some 500."""

HEADERS: Final = {
    "Content-Security-Policy": SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",  # a feed's address is a secret
    "Server": "roeland",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


def routes(
    documents: Documents,
    callbacks: Callbacks,
    sinch: SinchCallbacks,
    *,
    reader: ReaderDoor,
    verify: Verify,
    calls: CallsDoor,
) -> list[web.RouteDef]:
    """Every address, the particular before the general: what is none of the others may be a document."""
    return [
        web.post(PATH, callbacks.take),
        web.post(SINCH_PATH, sinch.take),
        *reader.routes(),
        *calls.routes(),
        web.get(VERIFY, verify.ask),
        web.get(f"/feeds/{{audience:(?!{PUBLIC}/)[a-z0-9-]{{1,64}}}}/{{rest:.+}}", documents.closed),
        web.get("/{path:(?!twilio/|sinch/|reader/|c/|calls/).*}", documents.open),
        web.options("/{path:(?!twilio/|sinch/|reader/|c/|calls/).*}", documents.preflight),
    ]


def make_app(addresses: Sequence[web.RouteDef], templates: Templates) -> web.Application:
    """These addresses, and nothing that tells which audiences there are."""
    app = web.Application(middlewares=[for_people(templates), _in_few_words], client_max_size=BODY_BYTES)
    app.on_response_prepare.append(_harden)
    app.add_routes(addresses)
    return app


@web.middleware
async def _in_few_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer failures with a status and its name. What was not foreseen is logged here and told to nobody outside."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        allow = {name: value for name, value in answer.headers.items() if name == "Allow"}
        if answer.status == 503:
            allow["Retry-After"] = "2"
        return web.Response(status=answer.status, text=f"{answer.reason}\n", headers=allow)
    except (*AWAY, TimeoutError):
        return web.Response(status=503, text="Service Unavailable\n", headers={"Retry-After": "5"})
    except Exception:
        log.exception("unforeseen", method=request.method)
        return web.Response(status=500, text="Internal Server Error\n")


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = HEADERS["Server"]
    response.headers.setdefault("Cache-Control", "no-store")
