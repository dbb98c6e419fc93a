"""`python -m services.sms`: hand SMS over to Twilio."""

from services.runtime.service import run
from services.sms.service import serve

if __name__ == "__main__":
    run("sms", serve, needs=("postgres", "kafka", "twilio"), by_key=True)
