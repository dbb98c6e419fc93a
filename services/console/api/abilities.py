"""All that the API can do. A test holds it and the command line to the same: what is not here is in `EXCEPTIONS`."""

from typing import Final

from services.console.api.ability import Ability
from services.console.api.of_incidents import FACTS, INCIDENTS, PLAYBOOKS
from services.console.api.of_messages import MESSAGES
from services.console.api.of_newsletters import EDITIONS, FEEDS, NEWSLETTERS
from services.console.api.of_outside import OUTSIDE
from services.console.api.of_people import CONTACT, DUTY, GROUPS, KEYS, USERS
from services.console.api.of_sms import SMS
from services.console.api.of_workings import WORKINGS

ABILITIES: Final[tuple[Ability, ...]] = (
    *MESSAGES, *SMS, *CONTACT, *GROUPS, *INCIDENTS, *FACTS, *PLAYBOOKS, *NEWSLETTERS, *EDITIONS, *FEEDS, *USERS, *KEYS,
    *DUTY, *WORKINGS, *OUTSIDE,
)  # fmt: skip

EXCEPTIONS: Final = {
    "up": "starts programs on the machine where it is typed",
    "demo": "starts programs on the machine where it is typed",
    "db migrate": "the console does not run before it was given",
    "topics create": "for whoever sets up Kafka, before anything runs",
    "users key": "makes a key that must not leave the machine of its user",
}
"""Commands that the API does not have, and why."""
