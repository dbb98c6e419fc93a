"""Our own check of Twilio's signature says what the SDK's says, of whatever is asked."""

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # ships hints, but no py.typed

from services.sms.signature import Signature

TOKEN = "an auth token"
BASES = st.sampled_from(
    ["https://crisis.example", "https://crisis.example:8443", "http://crisis.example:80", "http://127.0.0.1:9"]
)
QUERIES = st.sampled_from(
    ["", "?d=1.2&t=k.abc", "?d=1.2&t=k.abc#rc=5&rp=5xx,ct,rt", "?a=%20b", "#x", "?", "?#x", "?a=b#"]
)
FORMS = st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=20), max_size=6)


def with_port(uri: str) -> str:
    """The other spelling of the same address."""
    return uri.replace("crisis.example/", "crisis.example:443/")


@given(BASES, QUERIES, FORMS, st.sampled_from(["same", "port", "token", "form", "uri", "cut", "none", "noise"]))
def test_it_agrees_with_the_sdk(base: str, query: str, form: dict[str, str], how: str) -> None:
    """Right ones, with the port or without, and every way of being wrong."""
    uri, theirs = f"{base}/twilio/status{query}", RequestValidator(TOKEN)
    signature = {
        "same": lambda: theirs.compute_signature(uri, form),
        "port": lambda: theirs.compute_signature(with_port(uri), form),
        "token": lambda: RequestValidator("another").compute_signature(uri, form),
        "form": lambda: theirs.compute_signature(uri, {**form, "MessageStatus": "failed"}),
        "uri": lambda: theirs.compute_signature(uri + "x", form),
        "cut": lambda: theirs.compute_signature(uri, form)[:-1],
        "none": lambda: "",
        "noise": lambda: "é\udc80",
    }[how]()
    found = Signature(TOKEN).validate(uri, form, signature)
    assert found == theirs.validate(uri, form, signature)
    assert found or how != "same" or query in ("?", "?#x", "?a=b#")  # which the SDK itself does not know again
