"""Whether we are a hub, and how far it may reach."""

from pydantic import Field

from services.runtime.public_url import PublicUrlSettings

PATH = "/hub"


class HubSettings(PublicUrlSettings):
    """W3C WebSub: subscribers hear of a change at once, at an address of theirs that we call."""

    websub: bool = Field(default=True, description="false: no hub, and no links to one.")
    websub_allow_private: bool = Field(
        default=False, description="true: subscribers may be at any address and port, also inside our own network."
    )

    @property
    def hub_url(self) -> str | None:
        """Where the world subscribes; None without a hub: without a public address nobody could name a feed."""
        return f"{self.public_url}{PATH}" if self.websub and self.public_url else None
