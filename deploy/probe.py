#!/usr/bin/env python3
"""Ask the service in this container how it is: `probe healthz` or `probe readyz`. Exit code 0: well; 1: not.

In Python, because the image has no curl. What is missing is printed: `docker inspect` keeps it.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 3.0


def main(page: str) -> int:
    """Ask at `ROELAND_HEALTH_ADDRESS`, which may name every address of the container."""
    host, _, port = os.environ.get("ROELAND_HEALTH_ADDRESS", "").rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104  (asks, does not listen)
    try:
        connection = HTTPConnection(host, int(port), timeout=SECONDS)
        connection.request("GET", f"/{page}")
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode(errors="replace") + "\n")
    except (OSError, HTTPException, ValueError) as problem:
        sys.stdout.write(f"{type(problem).__name__}\n")
        return 1
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
