"""How far outgoing webhooks may reach."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from services.runtime.open_addresses import is_open
from services.runtime.settings import RoelandSettings


class WebhookSettings(RoelandSettings):
    """Outside systems that are told, at addresses that an administrator registered."""

    webhook_allow_http: bool = Field(default=False, description="true: http:// as well. For tests.")
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks of our own to which may be sent, by commas: 10.1.0.0/16."
    )
    webhook_keep_days: int = Field(default=90, ge=15, le=3650, description="So long deliveries are kept.")

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())

    def may(self, address: str) -> bool:
        """Whether we connect to this address: on the open internet, or in a network that is named."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return is_open(address) or any(found in network for network in self.webhook_networks)
