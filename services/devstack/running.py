"""What somebody gave to a stack, and what is known of it once it runs."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from services.runtime.settings import RoelandSettings


class Given(RoelandSettings):
    """What somebody set, and what is therefore not started here."""

    kafka_bootstrap: str | None = None
    database_url: str | None = None
    smtp_url: str | None = None
    mail_from: str | None = None
    twilio_account_sid: str | None = None
    twilio_from: str | None = None
    twilio_messaging_service_sid: str | None = None
    sinch_service_plan_id: str | None = None
    public_address: str | None = None
    public_url: str | None = None
    console_address: str | None = None
    console_url: str | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Without `stack.env`, the last source: what another stack wrote there was not given by anyone."""
        everything = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return everything[:-1]


@dataclass
class Running:
    """A stack that runs."""

    data: Path
    logs: Path
    env: dict[str, str] = field(default_factory=dict)
    """The ROELAND_* variables of what was started or chosen here; also in `stack.env`."""
    health: dict[str, str] = field(default_factory=dict)
    """Service to the URL of its health endpoint."""
    maildir: Path | None = None
    mail_control: str | None = None
    """Where the sink's `/faults` and `/mails` are; None: the relay is not ours."""
    twilio_control: str | None = None
    """Where the stand-in's `/faults` and `/messages` are; None: Twilio is not ours."""
    sinch_control: str | None = None
    """The same of the second provider's stand-in; None: there is none."""
    public_url: str | None = None
    console_url: str | None = None
    seconds: float = 0.0
    """How long it took until all was ready."""

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a program of this stack."""
        return {**os.environ, **self.env, "ROELAND_DATA_DIR": str(self.data)}

    def pid_file(self, name: str) -> Path:
        """Where the process id of a program is kept for the next start."""
        folder = self.data / "run"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.pid"
