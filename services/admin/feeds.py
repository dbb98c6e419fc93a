"""`roeland feed …`: where each audience reads its own newsfeed."""

from services.admin.answers import Answer, Refusal, entries
from services.admin.command import command, group

app = group("feed", "The newsfeeds.")


@command(app, "urls", examples=["feed urls", "feed urls --json"])
async def urls() -> Answer:
    """The address of every audience's feed. All but the public one carry a secret: give each to its audience only."""
    from services.admin.acting import acting
    from services.runtime.configuration import configuration_in_force
    from services.runtime.public_url import PublicUrlSettings
    from services.store.feed_tokens import feed_urls

    root = PublicUrlSettings().public_url
    if not root:
        raise Refusal("ROELAND_PUBLIC_URL is not set: set it to what recipients see, as https://roeland.example")
    async with acting() as (connection, _), connection.transaction():
        found = await feed_urls(connection, configuration_in_force(), root)
    document = [{"audience": audience, "url": url} for audience, url in found]
    return Answer(document, entries([(audience, [url]) for audience, url in found], none="no audience has a feed"))
