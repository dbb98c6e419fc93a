"""A real OpenID provider for the tests: Canaille, on loopback, with its data in memory.

`python -m tests.console.openid PORT REDIRECT LEFT` runs it; `running()` does so for a test.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

from services.devstack.processes import free_port

CLIENT, SECRET = "roeland", "a secret between them"
PASSWORD = "the password over there"


@contextmanager
def running(redirect: str, left: str) -> Iterator[str]:
    """The issuer, while inside."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.console.openid", str(port), redirect, left],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{issuer}/.well-known/openid-configuration", process)
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=10)


async def walk(browser: httpx.AsyncClient, address: str, login: str, stop_at: str) -> str:
    """Go through the provider's own pages as a person does; where it sends them back to, with the code."""
    answer = await browser.get(address)
    for _ in range(12):
        if answer.has_redirect_location:
            where = urljoin(str(answer.url), answer.headers["location"])
            if where.startswith(stop_at):
                return where
            answer = await browser.get(where)
            continue
        form = _Form(answer.text)
        answer = await browser.post(
            urljoin(str(answer.url), form.action), data=form.filled(login), headers={"Referer": str(answer.url)}
        )
    raise AssertionError(f"it does not end: {answer.url} {answer.text}")


class _Form(HTMLParser):
    """The first form of a page that is sent by POST, its fields, and its last button with a name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action, self.fields, self.inside = "", {}, False  # type: ignore[var-annotated]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("method") or "").lower() == "post" and not self.fields:
            self.inside, self.action = True, given.get("action") or ""
        elif self.inside and tag in {"input", "button"} and given.get("name"):
            self.fields[str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"

    def filled(self, login: str) -> dict[str, str]:
        typed = {"login": login, "password": PASSWORD, "answer": "accept"}
        return {name: typed.get(name, value) for name, value in self.fields.items()}


def _wait(address: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise AssertionError(process.stderr.read() if process.stderr else "it ended")
        try:
            if httpx.get(address, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the provider does not start")


def _serve(port: int, redirect: str, left: str) -> None:
    from canaille import create_app
    from werkzeug.serving import make_server

    settings = {
        "SECRET_KEY": "only for tests, and long enough for it",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "SESSION_COOKIE_SECURE": False,
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "LOGGING": None},
        "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["127.0.0.1"]},
    }
    app = create_app(settings, backend=None)
    with app.app_context():
        _fill(redirect, left)
    make_server("127.0.0.1", port, app, threaded=False).serve_forever()


def _fill(redirect: str, left: str) -> None:
    from datetime import UTC, datetime

    from canaille.app import models
    from canaille.backends import Backend

    backend = Backend.instance
    people = {}
    for name in ("an", "bo", "cas", "dirk"):
        people[name] = models.User(
            formatted_name=name.title(), family_name=name.title(), user_name=name, emails=[f"{name}@ccvo.example"]
        )
        people[name].password = PASSWORD
        backend.save(people[name])
    for name, members in {"ccvo-crisis": ["an"], "ccvo-write": ["an", "bo"], "kantine": ["cas"]}.items():
        backend.save(models.Group(display_name=name, members=[people[each] for each in members]))
    client = models.Client(
        client_id=CLIENT,
        client_secret=SECRET,
        client_name="Roeland",
        client_uri=f"http://{urlsplit(redirect).netloc}",
        redirect_uris=[redirect],
        post_logout_redirect_uris=[left],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "email", "profile", "groups"],
        token_endpoint_auth_method="client_secret_basic",
        client_id_issued_at=datetime.now(UTC),
    )
    backend.save(client)
    client.audience = [client]
    backend.save(client)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
