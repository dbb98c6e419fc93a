"""The HTTP under Twilio's SDK: the wire that every provider has, in the SDK's clothes.

The SDK's own async client ignores its timeout, and its RetryClient may post a message twice.
"""

from base64 import b64encode
from datetime import datetime
from logging import getLogger
from urllib.parse import urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from services.sms.provider import MayGo
from services.sms.settings import TWILIO, TwilioSettings
from services.sms.wire import Answer, Wire


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the SDK has no types
    """What the SDK calls for each request."""

    def __init__(self, wire: Wire, settings: TwilioSettings) -> None:
        super().__init__(getLogger(__name__), True, None)
        self._wire, self._base_url = wire, settings.address()
        self._authorization = "Basic " + b64encode(":".join(settings.account()).encode()).decode()

    @property
    def retry_after(self) -> float | None:
        """Seconds, of the last answer 429; None when it named none."""
        return self._wire.retry_after

    def now(self) -> datetime:
        """The time by Twilio's clock."""
        return self._wire.now()

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        **_: object,  # credentials, timeout and redirects: ours hold
    ) -> Response:
        """One request of the SDK's, once. Raises `NotHandedOver` or `NoAnswer`."""
        body = urlencode(data).encode() if data else None
        return _as_response(
            await self._wire.ask(method, self.address(url), self.headers(headers or {}), body, params=_spelled(params))
        )

    def address(self, url: str) -> str:
        """Where to ask what the SDK would ask at `url`."""
        return url.replace(TWILIO, self._base_url, 1)

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        """These headers, and who we are."""
        return {**more, "Authorization": self._authorization}

    async def post(self, address: str, headers: dict[str, str], body: bytes, may_go: MayGo) -> Response:
        """One request that was made ready before, once: what the SDK builds anew each time costs more than sending.

        Raises `NotHandedOver`, `Withheld` when `may_go` says no, or `NoAnswer`.
        """
        return _as_response(await self._wire.post(address, headers, body, may_go))


def _as_response(answer: Answer) -> Response:
    return Response(answer.status, answer.text, answer.headers)


def _spelled(params: dict[str, object] | None) -> dict[str, str] | None:
    return {name: str(value) for name, value in params.items() if value is not None} if params else None
