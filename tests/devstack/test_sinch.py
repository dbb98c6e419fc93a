"""The Sinch stand-in: lists, reports, callbacks and refusals as Sinch describes them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from services.devstack import processes, stand_ins
from tests.stack import Sinch

pytestmark = pytest.mark.stack

TO, BODY = "+32470000001", {"from": "CCVO", "to": ["+32470000001"], "body": "België", "client_reference": "0199.1"}


@pytest.fixture
async def told(unused_tcp_port: int) -> AsyncIterator[tuple[str, "asyncio.Queue[dict[str, Any]]"]]:
    """An address that takes callbacks, and what came."""
    came: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await came.put(await request.json())
        return web.Response(status=200)

    app = web.Application()
    app.add_routes([web.post("/told", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield f"http://127.0.0.1:{unused_tcp_port}/told", came
    await runner.cleanup()


async def test_each_change_of_status_is_told_for_the_one_recipient(
    sinch: Sinch, told: tuple[str, "asyncio.Queue[dict[str, Any]]"]
) -> None:
    """`per_recipient`, with our reference, the recipient without its plus, and twice if told so."""
    url, came = told
    sinch.faults({"at": "callback", "do": "duplicate"})
    status, batch = await _ask(sinch, "POST", "", {**BODY, "delivery_report": "per_recipient", "callback_url": url})
    assert status == 201
    async with asyncio.timeout(10):
        reports = [await came.get() for _ in range(4)]
    assert [report["status"] for report in reports] == ["Dispatched"] * 2 + ["Delivered"] * 2
    expected = {"type": "recipient_delivery_report_sms", "batch_id": batch["id"], "recipient": "32470000001",
                "client_reference": "0199.1", "code": 0}  # fmt: skip
    assert expected.items() <= reports[-1].items()


async def test_it_refuses_what_sinch_refuses(sinch: Sinch) -> None:
    """A wrong number, no sender, a field that there is not, a report to nowhere, another's token."""
    for wrong, status, code in (
        ({"to": ["+15005550001"]}, 400, "syntax_invalid_parameter_format"),
        ({"from": ""}, 400, "syntax_invalid_parameter_format"),
        ({"text": "x"}, 400, "syntax_invalid_json"),
        ({"body": "x" * 2001}, 400, "syntax_constraint_violation"),
        ({"delivery_report": "full"}, 403, "missing_callback_url"),
    ):
        answer = await _ask(sinch, "POST", "", {**BODY, **wrong})
        assert (answer[0], answer[1]["code"]) == (status, code)
    assert (await _ask(sinch, "GET", "", token="guessed"))[0] == 401
    assert sinch.messages() == []


async def test_batches_outlive_a_restart(tmp_path: Path) -> None:
    """After a crash of the stand-in a look-up must still find what was sent before."""
    first = await stand_ins.start_sinch(tmp_path, log=tmp_path / "log")
    await _ask(first, "POST", "", BODY)
    first.program.popen.kill()
    again = await stand_ins.start_sinch(tmp_path, log=tmp_path / "log")
    try:
        _, found = await _ask(again, "GET", "?client_reference=0199.1")
        assert [batch["body"] for batch in found["batches"]] == ["België"]
        assert (await _ask(again, "GET", "?client_reference=0199.2"))[1]["count"] == 0
    finally:
        await processes.stop(again.program)


async def _ask(
    sinch: "Sinch | stand_ins.Sinch", method: str, rest: str, body: object = None, *, token: str | None = None
) -> tuple[int, Any]:
    url = f"{sinch.url}/xms/v1/{sinch.service_plan}/batches{rest}"
    headers = {"Authorization": f"Bearer {token or sinch.api_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, json=body) as answer,
    ):
        return answer.status, (await answer.json() if answer.content_type == "application/json" else None)
