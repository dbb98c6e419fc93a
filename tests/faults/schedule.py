"""What `make faults` will do, and when: drawn from the seed before anything runs. Pure."""

import random
from dataclasses import dataclass
from typing import Any

SERVICES = ("editorial", "dispatch", "mail", "mail-2", "sms", "newsfeed", "public", "situation")

RELAY_FAULTS: dict[str, list[dict[str, Any]]] = {
    "away": [{"at": "connect", "do": "refuse"}, {"at": "mail", "do": "drop"}],
    "forgets answers": [{"at": "after-body", "do": "forget", "probability": 0.005}],
    "drops after the body": [{"at": "after-body", "do": "drop", "probability": 0.02}],
    "drops in mid-body": [{"at": "body", "do": "drop", "probability": 0.02}],
    "greylists": [{"at": "rcpt", "do": "reply", "code": 450, "probability": 0.1}],
    "says 421": [{"at": "mail", "do": "reply", "code": 421, "probability": 0.05}],
    "is slow": [{"at": "data", "do": "delay", "delay_seconds": 2, "probability": 0.1}],
    "knows not everyone": [{"at": "rcpt", "do": "reply", "code": 550, "probability": 0.01}],
}
TWILIO_FAULTS: dict[str, list[dict[str, Any]]] = {
    "away": [{"at": "connect", "do": "refuse"}, {"at": "request", "do": "drop"}],
    "is busy": [{"at": "request", "do": "reply", "code": 429, "probability": 0.3}],
    "fails": [{"at": "request", "do": "reply", "code": 503, "probability": 0.2}],
    "takes it and fails": [{"at": "response", "do": "reply", "code": 500, "probability": 0.1}],
    "takes it and drops": [{"at": "response", "do": "drop", "probability": 0.1}],
    "cannot be asked": [
        {"at": "response", "do": "drop", "probability": 0.05},
        {"at": "lookup", "do": "reply", "code": 500, "probability": 0.5},
    ],
}
WEIGHTS = {
    "kill": 8, "freeze": 3, "stop": 3, "relay": 5, "twilio": 4, "cut": 2, "kill postgres": 1, "kill kafka": 1,
    "message": 4, "correct": 2, "halt": 1, "pause": 1,
}  # fmt: skip
"""How often each comes, in proportion."""


@dataclass(frozen=True)
class Act:
    """One thing that happens, so many seconds after the start of the mix."""

    at: float
    what: str
    which: str = ""
    """A service, a fault's name, or nothing."""
    seconds: float = 0
    draw: float = 0
    """From 0 to 1: which of the messages under way, where one is meant."""


def kills(seed: int, count: int) -> list[tuple[float, str]]:
    """So many kills: the share of the message that is out by then, and whom; each service in its turn, in no order."""
    chance = random.Random(f"{seed} kills")
    victims = [SERVICES[n % len(SERVICES)] for n in range(count)]
    chance.shuffle(victims)
    return list(zip(sorted(chance.uniform(0.02, 0.9) for _ in victims), victims, strict=True))


def mix(seed: int, seconds: float) -> list[Act]:
    """Everything at random, for so long: something every two to eight seconds, a new message first."""
    chance = random.Random(f"{seed} mix")
    acts, now = [Act(0, "message")], 2.0
    while now < seconds:
        acts.append(_act(chance, now))
        now += chance.uniform(2, 8)
    return acts


def _act(chance: random.Random, now: float) -> Act:
    (what,) = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
    which = {
        "kill": lambda: chance.choice(SERVICES),
        "freeze": lambda: chance.choice(SERVICES),
        "stop": lambda: chance.choice(SERVICES),
        "relay": lambda: chance.choice(list(RELAY_FAULTS)),
        "twilio": lambda: chance.choice(list(TWILIO_FAULTS)),
    }.get(what, str)()
    seconds = {"freeze": chance.choice([3, 8, 20]), "pause": 4, "kill kafka": 5, "kill postgres": 3}
    return Act(now, what, which, seconds.get(what, chance.uniform(4, 12)), chance.random())
