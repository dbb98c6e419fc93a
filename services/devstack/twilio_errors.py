"""When Twilio refuses a message, and with which words: a table of codes, and the checks that lead to them.

Codes and texts: https://www.twilio.com/docs/api/errors. Magic numbers: Twilio's test credentials.
"""

import re
from collections.abc import Mapping
from typing import Final

ERRORS: Final[Mapping[int, tuple[int, str]]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {0} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21211: (400, "The 'To' number {0} is not a valid phone number."),
    21212: (400, "The 'From' number {0} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21408: (403, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {0}."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The From phone number {0} is not a valid, SMS-capable inbound phone number for your account."),
    21609: (400, "The StatusCallback URL {0} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number {0} is not currently reachable via SMS."),
    21614: (400, "'To' number {0} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21701: (400, "The Messaging Service {0} does not exist."),
    90007: (400, "Invalid validity period value"),
}
"""Twilio's code to HTTP status and text; `{0}` is the value refused."""

MAGIC_TO: Final = {
    "+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614,
}  # fmt: skip
MAGIC_FROM: Final = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

_NUMBER: Final = re.compile(r"\+[1-9]\d{6,14}")
_SENDER: Final = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_SERVICE: Final = re.compile(r"MG[0-9a-fA-F]{32}")
_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/.*)?")


class Refusal(Exception):
    """Twilio's answer to a request that it does not carry out."""

    def __init__(
        self,
        code: int,
        value: str = "",
        *,
        status: int | None = None,
        text: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        usual_status, usual_text = ERRORS.get(code, (400, "Refused"))
        self.code, self.status = code, status or usual_status
        self.text = text or usual_text.format(value)
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(self.text)

    def body(self) -> dict[str, object]:
        """Twilio's error body."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.text, "more_info": more, "status": self.status}


def check(form: Mapping[str, str]) -> None:
    """Raise the `Refusal` that Twilio answers to this form, in the order in which Twilio looks; or return."""
    to, sender, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
    if not to:
        raise Refusal(21604)
    if not sender and not service:
        raise Refusal(21603)
    _check_body(form)
    if service and not _SERVICE.fullmatch(service):
        raise Refusal(21701, service)
    if sender and (sender in MAGIC_FROM or not _SENDER.fullmatch(sender)):
        raise Refusal(MAGIC_FROM.get(sender, 21212), sender)
    if to in MAGIC_TO or not _NUMBER.fullmatch(to):
        raise Refusal(MAGIC_TO.get(to, 21211), to)


def _check_body(form: Mapping[str, str]) -> None:
    if not form.get("Body") and not form.get("MediaUrl") and not form.get("ContentSid"):
        raise Refusal(21602)
    if len(form.get("Body", "")) > 1600:
        raise Refusal(21617)
    callback, validity = form.get("StatusCallback"), form.get("ValidityPeriod", "1")
    if callback and not _URL.fullmatch(callback):
        raise Refusal(21609, callback)
    if not validity.isdecimal() or not 1 <= int(validity) <= 36_000:
        raise Refusal(90007)
