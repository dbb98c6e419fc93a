"""deploy/nginx/console.conf, held to the console."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from services.console.api.install import CONTACTS_BYTES
from tests.deploy.settings_in_code import DEPLOY

CONF = (DEPLOY / "nginx/console.conf").read_text()


def test_events_are_passed_on_at_once() -> None:
    """A proxy that collects them first shows a crisis that is minutes old."""
    live = re.search(r"location ~ \^\(/api/v1\)\?/live/ \{(.*?)\}", CONF, re.DOTALL)
    assert live
    assert "proxy_buffering off;" in live[1]
    assert "proxy_read_timeout 1h;" in live[1]


def test_it_lets_through_what_the_console_takes_and_says_who_is_behind_it() -> None:
    """The console believes X-Forwarded-For of a proxy that it trusts: a client must not write it."""
    most = re.search(r"client_max_body_size (\d+)m;", CONF)
    assert most and int(most[1]) * 1024 * 1024 > CONTACTS_BYTES
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in CONF
    assert "proxy_add_x_forwarded_for" not in CONF


def test_nginx_reads_it(tmp_path: Path) -> None:
    """Where there is one; with a certificate of the moment."""
    nginx, openssl = shutil.which("nginx"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("no nginx on this machine")
    key, cert = tmp_path / "console.key", tmp_path / "console.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    whole = CONF.replace("/etc/roeland/console.", f"{tmp_path}/console.")
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {whole} }}")
    command = [nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
