"""What happens to a batch after Sinch took it, and the callbacks that tell of it.

With `delivery_report: per_recipient` there is one for each change of status; 5xx and no answer are tried again, 4xx is
not (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/). Sinch does not sign them.
"""

import asyncio
from collections.abc import Iterator

import aiohttp

from services.devstack.faults import Faults, Rule
from services.devstack.sinch_batches import Batch, Batches

RETRY_AFTER = (0.2, 1.0, 5.0)
"""Seconds before each further try; Sinch's own are 5, 10, 20 …"""

Step = tuple[str, int]


class Reports:
    """Moves batches on, `pause` seconds from one status to the next, and posts a callback for each."""

    def __init__(self, batches: Batches, faults: Faults, pause: float) -> None:
        self._batches, self._faults, self._pause = batches, faults, pause
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, batch: Batch) -> None:
        """Let it go its way."""
        rule = self._faults.hit("callback", batch.to)
        task = asyncio.create_task(self._go(batch, _course(rule), rule))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what is still to come."""
        for task in list(self._tasks):
            task.cancel()
        if self._session:
            await self._session.close()

    async def _go(self, batch: Batch, course: Iterator[Step], rule: Rule | None) -> None:
        for status, code in course:
            await asyncio.sleep(self._pause)
            self._batches.move_on(batch, status, code)
            url = batch.fields.get("callback_url")
            if not url or batch.fields.get("delivery_report") != "per_recipient" or (rule and rule.do == "never"):
                continue
            await asyncio.sleep(rule.delay_seconds if rule else 0)
            for _ in range(2 if rule and rule.do == "duplicate" else 1):
                await self._post(url, batch)

    async def _post(self, url: str, batch: Batch) -> None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_read=15)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20), timeout=timeout)
        for pause in (*RETRY_AFTER, None):
            try:
                async with self._session.post(url, json=batch.report(), allow_redirects=False) as answer:
                    if answer.status < 500:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if pause is not None:
                await asyncio.sleep(pause)


def _course(rule: Rule | None) -> Iterator[Step]:
    """The statuses still to come."""
    if rule and rule.do == "fail":
        code = rule.code or 402
        yield from [("Aborted", code)] if code >= 400 else [("Dispatched", 401), ("Failed", code)]
    else:
        yield from [("Dispatched", 401), ("Delivered", 0)]
