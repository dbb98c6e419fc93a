"""`python -m services.situation`: the one place that puts it together."""

import asyncio
from functools import partial

from services.runtime.repeat import every
from services.runtime.service import Service, run, until
from services.runtime.settings import data_dir
from services.situation.instance import take_instance
from services.situation.presence import Presence
from services.situation.service import Situation
from services.situation.settings import SituationSettings
from services.situation.stream import stream_app
from services.situation.streaming import keep_streaming


async def start(service: Service) -> None:
    """Watch until told to stop. Nothing is lost by stopping anywhere."""
    await until(service.stopping, _watch(service, SituationSettings()))


async def _watch(service: Service, settings: SituationSettings) -> None:
    situation = Situation(service, settings)
    handlers = {"outcomes": situation.on_outcome, "releases": situation.on_release}
    presence = Presence(service.kafka, list(handlers), service.health)
    instance, lock = take_instance(data_dir())
    make_app = partial(stream_app, service.kafka, instance, handlers, on_revoked=situation.forget)
    try:
        with lock:
            async with asyncio.TaskGroup() as group:
                group.create_task(presence.run())
                group.create_task(keep_streaming(make_app, presence, settings.situation_stuck_seconds))
                group.create_task(every(0.5, situation.write_progress, what="progress"))
                group.create_task(every(1, situation.judge_alarms, what="alarms"))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None  # one of them broke, and the others were stopped for it


if __name__ == "__main__":
    run("situation", start)
