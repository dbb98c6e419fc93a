"""The OpenID provider through which the centre's people sign in; none where no issuer is set."""

from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from services.domain.identity import ROLES
from services.runtime.settings import RoelandSettings

HERE: Final = "localhost"


class ProviderSettings(RoelandSettings):
    """As the provider registered us. Our address there: `<ROELAND_CONSOLE_URL>/sign-in/provider/callback`."""

    oidc_issuer: str | None = Field(default=None, description="https://…, as the provider writes it itself.")
    oidc_client_id: str | None = Field(default=None, description="Who we are there.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="And how we prove it; unset: by PKCE alone.")
    oidc_name: str | None = Field(default=None, description="What people call it, on the button.")
    oidc_scopes: str = Field(default="openid email profile", description="What we ask for, by spaces.")
    oidc_roles_claim: str = Field(default="groups", description="The claim with what roles are made of; a.b: in a.")
    oidc_roles: dict[str, list[str]] = Field(
        default={}, description='{"ccvo-crisis": ["crisis-manager"]}: value of that claim to roles.'
    )
    oidc_roles_missing: Literal["keep", "none"] = Field(
        default="keep", description="What a token without that claim means: roles stay as they are, or there are none."
    )
    oidc_trust_email: bool = Field(default=False, description="Its addresses count without email_verified too.")

    @field_validator("oidc_issuer")
    @classmethod
    def _encrypted(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://x")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname or "")):
            raise ValueError("must begin with https://, or http:// on this machine")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _known_roles(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := {role for roles in value.values() for role in roles} - set(ROLES):
            raise ValueError(f"there is no role {', '.join(sorted(unknown))}: {', '.join(ROLES)}")
        return value

    @model_validator(mode="after")
    def _whole(self) -> "ProviderSettings":
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("ROELAND_OIDC_ISSUER needs ROELAND_OIDC_CLIENT_ID")
        return self

    @property
    def name(self) -> str:
        """What is on the button."""
        return self.oidc_name or urlsplit(self.oidc_issuer or "").hostname or ""


def _is_here(host: str) -> bool:
    try:
        return host == HERE or ip_address(host).is_loopback
    except ValueError:
        return False
