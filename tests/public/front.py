"""A real nginx with the configuration of deploy/nginx, on this machine: what a test or a benchmark starts."""

import shutil
from pathlib import Path
from typing import Final

NGINX: Final = Path(shutil.which("nginx") or "/usr/sbin/nginx")
DEPLOY: Final = Path(__file__).parents[2] / "deploy" / "nginx"


def command(into: Path, *, port: int, public: str, folder: Path) -> list[str]:
    """What starts it in the foreground, with one worker. `public`: host and port; its files are in `folder`.

    What is deployed is changed in port, upstream and folder only; fails when it has not what is to be changed.
    """
    configured = (DEPLOY / "newsfeed.conf").read_text()
    for ours, here in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("public:8080", public),
        ("/srv/newsfeed/", f"{folder}/"),
    ):
        assert ours in configured
        configured = configured.replace(ours, here)
    shutil.copy(DEPLOY / "newsfeed-headers.conf", into)
    (into / "nginx.conf").write_text(_MAIN.format(folder=into, configured=configured))
    return [str(NGINX), "-p", str(into), "-c", str(into / "nginx.conf"), "-e", str(into / "error.log")]


_MAIN: Final = """
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{configured}
}}
"""
