"""A stand-in for Twilio's Messages API: holds messages instead of sending them, and misbehaves when told to.

`python -m services.devstack.twilio --port 8090 --control-port 8091 --account-sid AC… --auth-token …`; follows
`data/twilio-messages.openapi.json`; faults in docs/devstack.md.
"""

import argparse
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from hmac import compare_digest
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import uvloop
from aiohttp import web

from services.devstack import twilio_pages
from services.devstack.control import Door, serve
from services.devstack.faults import Faults, Rule
from services.devstack.misbehaving import Dropped, go_wrong
from services.devstack.twilio_callbacks import Callbacks
from services.devstack.twilio_errors import Refusal, check
from services.devstack.twilio_messages import VERSION, Messages

Asked = tuple[str, str, dict[str, str]]
"""Method, what follows `Messages` in the address, and the parameters."""
REMEMBERED: Final = 2_000
"""Requests that can be held against Twilio's own description of them."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def api(
    messages: Messages, callbacks: Callbacks, faults: Faults, auth_token: str, asked: deque[Asked]
) -> web.Application:
    """The API as Twilio serves it; what was asked is appended to `asked`."""
    authorization = "Basic " + b64encode(f"{messages.account_sid}:{auth_token}".encode()).decode()

    @web.middleware
    async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _let_in(request, authorization, messages.account_sid)
            return await handler(request)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status, headers=refusal.headers)
        except web.HTTPNotFound:
            return web.json_response(Refusal(20404, request.path).body(), status=404)

    async def create(request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))
        asked.append(("post", ".json", form))
        await _go_wrong(request, faults.hit("request", form.get("To", "")))
        check(form)
        message = messages.create(form)
        answer = web.json_response(messages.resource(message), status=201)
        callbacks.begin(message)
        await _go_wrong(request, faults.hit("response", message.to))
        return answer

    async def fetch(request: web.Request) -> web.Response:
        asked.append(("get", "/{Sid}.json", dict(request.query)))
        message = messages.get(request.match_info["sid"])
        await _go_wrong(request, faults.hit("lookup", message.to if message else ""))
        if message is None:
            raise Refusal(20404, request.path)
        return web.json_response(messages.resource(message))

    async def list_(request: web.Request) -> web.Response:
        asked.append(("get", ".json", dict(request.query)))
        await _go_wrong(request, faults.hit("lookup", request.query.get("To", "")))
        return web.json_response(twilio_pages.page(messages, request.path, request.query))

    app = web.Application(middlewares=[refusals])
    root = f"/{VERSION}/Accounts/{{account}}/Messages"
    app.add_routes([web.post(f"{root}.json", create), web.get(f"{root}.json", list_)])
    app.add_routes([web.get(f"{root}/{{sid}}.json", fetch)])
    return app


def _let_in(request: web.Request, authorization: str, account_sid: str) -> None:
    if not compare_digest(request.headers.get("Authorization", "").encode(), authorization.encode()):
        raise Refusal(20003)
    if request.match_info.get("account", account_sid) != account_sid:
        raise Refusal(20404, request.path)


async def _go_wrong(request: web.Request, rule: Rule | None) -> None:
    """Do what a rule says; returns when all is to go on as usual."""
    reply = await go_wrong(request, rule)
    if reply is not None:
        usual = {429: 20429, 503: 20503}.get(reply.code or 0, 20500)
        raise Refusal(reply.error or usual, status=reply.code, text=reply.text, retry_after=reply.retry_after)


def _routes(messages: Messages, asked: deque[Asked]) -> list[web.RouteDef]:
    async def show(_: web.Request) -> web.Response:
        return web.json_response([messages.resource(message) for message in messages.newest_first()])

    async def moments(_: web.Request) -> web.Response:
        return web.json_response([[message.body, message.created.isoformat()] for message in messages.newest_first()])

    async def clear(request: web.Request) -> web.Response:
        messages.clear()
        asked.clear()
        return await show(request)

    async def requests(_: web.Request) -> web.Response:
        return web.json_response(list(asked))

    return [
        web.get("/messages", show),
        web.delete("/messages", clear),
        web.get("/requests", requests),
        web.get("/moments", moments),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--account-sid", required=True)
    parser.add_argument("--auth-token", required=True)
    parser.add_argument(
        "--pause", type=float, default=1.5, help="seconds from one status to the next; phones take a few"
    )
    parser.add_argument("--keep", type=Path, help="file of JSON lines that keeps the messages over restarts")
    return parser.parse_args()


async def _main(given: argparse.Namespace) -> None:
    faults = Faults("twilio")
    asked: deque[Asked] = deque(maxlen=REMEMBERED)
    messages = Messages(given.account_sid, given.keep)
    callbacks = Callbacks(messages, faults, given.auth_token, given.pause)
    runner = web.AppRunner(
        api(messages, callbacks, faults, given.auth_token, asked),
        access_log=None, handler_cancellation=True, shutdown_timeout=1,
    )  # fmt: skip
    await runner.setup()
    http = runner.server
    if http is None:
        raise RuntimeError("aiohttp made no server")
    door = Door(lambda: Dropped() if faults.hit("connect") else http(), given.port)
    await serve(faults, door, control_port=given.control_port, routes=_routes(messages, asked))
    await callbacks.close()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_main(_arguments()))
