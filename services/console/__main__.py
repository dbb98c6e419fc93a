"""`python -m services.console`: the console and the API, for those inside."""

from services.console.service import serve
from services.runtime.service import run

if __name__ == "__main__":
    run("console", serve, needs=("postgres", "address"))
