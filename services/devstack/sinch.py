"""A stand-in for Sinch's SMS REST API: holds batches instead of sending them, and misbehaves when told to.

`python -m services.devstack.sinch --port 8092 --control-port 8093 --service-plan … --api-token …`; what it answers is
cited in `services/sms/sinch.py`; faults in docs/devstack.md.
"""

import argparse
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final

import uvloop
from aiohttp import web

from services.devstack.control import Door, serve
from services.devstack.faults import Faults, Rule
from services.devstack.misbehaving import Dropped, go_wrong
from services.devstack.sinch_batches import Batch, Batches
from services.devstack.sinch_reports import Reports

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FIELDS: Final = frozenset(
    {"from", "to", "body", "type", "delivery_report", "expire_at", "send_at", "callback_url", "client_reference",
     "flash_message", "max_number_of_message_parts", "feedback_enabled", "parameters"}
)  # fmt: skip
_NUMBER: Final = re.compile(r"\+?[1-9]\d{6,14}")
_SENDER: Final = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_USUAL: Final = {400: "syntax_constraint_violation", 401: "unauthorized", 403: "unknown_campaign"}


class Refusal(Exception):
    """Sinch's answer to a request that it does not carry out."""

    def __init__(self, status: int, code: str | None, text: str = "", retry_after: int | None = None) -> None:
        self.status, self.code, self.text = status, code, text
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(text)

    def response(self) -> web.Response:
        """The answer; 400 and 403 have a body."""
        if self.code is None:
            return web.Response(status=self.status, headers=self.headers)
        return web.json_response({"code": self.code, "text": self.text}, status=self.status, headers=self.headers)


def api(batches: Batches, reports: Reports, faults: Faults, plan: str, token: str) -> web.Application:
    """The API as Sinch serves it."""

    @web.middleware
    async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _let_in(request, plan, token)
            return await handler(request)
        except Refusal as refusal:
            return refusal.response()

    async def create(request: web.Request) -> web.Response:
        fields = _read(await request.read(), request.content_type)
        to = str((fields.get("to") or [""])[0])
        _reply(await go_wrong(request, faults.hit("request", to)))
        check(fields)
        batch = batches.create(fields)
        answer = web.json_response(batch.resource(), status=201)
        reports.begin(batch)
        _reply(await go_wrong(request, faults.hit("response", to)))
        return answer

    async def list_(request: web.Request) -> web.Response:
        reference = request.query.get("client_reference")
        found = [batch for batch in batches.newest_first() if _listed(batch, request.query)]
        _reply(await go_wrong(request, faults.hit("lookup", found[0].to if found and reference else "")))
        size, page = min(int(request.query.get("page_size", 30)), 100), int(request.query.get("page", 0))
        shown = [batch.resource() for batch in found[page * size : (page + 1) * size]]
        return web.json_response({"count": len(found), "page": page, "page_size": len(shown), "batches": shown})

    async def report(request: web.Request) -> web.Response:
        batch = batches.get(request.match_info["batch"])
        _reply(await go_wrong(request, faults.hit("lookup", batch.to if batch else "")))
        if batch is None or batch.to.lstrip("+") != request.match_info["recipient"].lstrip("+"):
            raise Refusal(404, None)
        return web.json_response(batch.report())

    app = web.Application(middlewares=[refusals])
    root = "/xms/v1/{plan}/batches"
    app.add_routes([web.post(root, create), web.get(root, list_)])
    app.add_routes([web.get(f"{root}/{{batch}}/delivery_report/{{recipient}}", report)])
    return app


def check(fields: Mapping[str, Any]) -> None:
    """Raise the `Refusal` that Sinch answers to this batch, or return."""
    if unknown := sorted(set(fields) - FIELDS):
        raise Refusal(400, "syntax_invalid_json", f"Unknown field '{unknown[0]}'")
    to, body, sender = fields.get("to"), fields.get("body"), str(fields.get("from", ""))
    if not isinstance(to, list) or len(to) != 1 or not _NUMBER.fullmatch(str(to[0])) or str(to[0]) == "+15005550001":
        raise Refusal(400, "syntax_invalid_parameter_format", f"The format of parameter 'to[0]' is invalid; value {to}")
    if not _SENDER.fullmatch(sender):
        raise Refusal(400, "syntax_invalid_parameter_format", "The format of parameter 'from' is invalid")
    if not isinstance(body, str) or not 0 < len(body) <= 2000:
        raise Refusal(400, "syntax_constraint_violation", "'body' must have 1 to 2000 characters")
    if len(str(fields.get("client_reference", ""))) > 128:
        raise Refusal(400, "syntax_constraint_violation", "'client_reference' is longer than 128 characters")
    if fields.get("delivery_report", "none") != "none" and not fields.get("callback_url"):
        raise Refusal(403, "missing_callback_url", "Requesting delivery report without any callback URL.")


def _let_in(request: web.Request, plan: str, token: str) -> None:
    known = compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    if not known or request.match_info.get("plan", plan) != plan:
        raise Refusal(401, None)


def _read(body: bytes, content_type: str) -> dict[str, Any]:
    if content_type != "application/json":
        raise Refusal(415, None)
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refusal(400, "syntax_invalid_json", "no JSON") from None
    return fields if isinstance(fields, dict) else {}


def _reply(rule: Rule | None) -> None:
    if rule is not None:
        status = rule.code or 500
        raise Refusal(status, _USUAL.get(status), rule.text or "", rule.retry_after)


def _listed(batch: Batch, query: Mapping[str, str]) -> bool:
    reference = query.get("client_reference")
    if reference and batch.fields.get("client_reference") != reference:
        return False
    return batch.created >= query.get("start_date", "")


def _routes(batches: Batches) -> list[web.RouteDef]:
    async def show(_: web.Request) -> web.Response:
        shown = [{**batch.resource(), "status": batch.status, "code": batch.code} for batch in batches.newest_first()]
        return web.json_response(shown)

    async def clear(request: web.Request) -> web.Response:
        batches.clear()
        return await show(request)

    return [web.get("/messages", show), web.delete("/messages", clear)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--service-plan", required=True)
    parser.add_argument("--api-token", required=True)
    parser.add_argument("--pause", type=float, default=1.5, help="seconds from one status to the next")
    parser.add_argument("--keep", type=Path, help="file of JSON lines that keeps the batches over restarts")
    return parser.parse_args()


async def _main(given: argparse.Namespace) -> None:
    faults = Faults("sinch")
    batches = Batches(given.keep)
    reports = Reports(batches, faults, given.pause)
    runner = web.AppRunner(
        api(batches, reports, faults, given.service_plan, given.api_token),
        access_log=None, handler_cancellation=True, shutdown_timeout=1,
    )  # fmt: skip
    await runner.setup()
    http = runner.server
    if http is None:
        raise RuntimeError("aiohttp made no server")
    door = Door(lambda: Dropped() if faults.hit("connect") else http(), given.port)
    await serve(faults, door, control_port=given.control_port, routes=_routes(batches))
    await reports.close()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_main(_arguments()))
