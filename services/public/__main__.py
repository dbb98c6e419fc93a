"""`python -m services.public`: serve feeds, take providers' callbacks."""

from services.public.service import serve
from services.runtime.service import run

if __name__ == "__main__":
    run("public", serve, needs=("postgres", "address"))
