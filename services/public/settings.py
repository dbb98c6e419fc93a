"""Where `public` listens. What the world sees is `ROELAND_PUBLIC_URL` (`services.runtime.public_url`)."""

from services.runtime.public_url import PublicUrlSettings


class PublicSettings(PublicUrlSettings):
    """The address of the server itself, usually behind a proxy that speaks TLS."""

    public_address: str = "127.0.0.1:8080"
