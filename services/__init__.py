"""Roeland: the message broker of a government crisis centre. A package per service.

README.md has the way of a message through them.
"""

import os
import signal
import sys

if sys.argv[:1] == ["-m"] and "services.admin" not in sys.orig_argv:
    # `python -m services.mail` while its modules load, a second or more: nothing is in hand, so SIGTERM ends it well.
    # services/runtime/service.py takes over once the loop stands.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
