"""Where people inside open the console: for links to it, made outside of it."""

from pydantic import Field

from services.runtime.settings import RoelandSettings


class ConsoleUrlSettings(RoelandSettings):
    """As the console has them too."""

    console_address: str = Field(default="127.0.0.1:8000", description="host:port to listen on.")
    console_url: str | None = Field(default=None, description="What people see, in front of any proxy.")

    @property
    def url(self) -> str:
        """What people type, without a slash at its end."""
        return (self.console_url or f"http://{self.console_address}").rstrip("/")
