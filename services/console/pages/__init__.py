"""The pages, a file for each; `ROUTERS` is all of them."""

from typing import Final

from fastapi import APIRouter

from services.console.pages import (
    blast,
    choices,
    compose,
    compose_draft,
    feeds,
    first_start,
    live,
    me,
    message,
    message_acts,
    message_people,
    messages,
    newsletters,
    newsletters_acts,
    newsletters_define,
    newsletters_editorial,
    newsletters_readers,
    overview,
    second_step,
    sign_in,
    welcome,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    choices.router,
    compose.router,
    compose_draft.router,
    live.router,
    messages.router,
    overview.router,
    feeds.router,
    newsletters_define.router,
    newsletters.router,
    newsletters_acts.router,
    newsletters_editorial.router,
    newsletters_readers.router,
    sign_in.router,
    first_start.router,
    me.router,
    blast.router,
    second_step.router,
    welcome.router,
    message.router,
    message_acts.router,
    message_people.router,
)
