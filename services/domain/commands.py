"""What people ask of the broker: commands, in the imperative, and the one answer that each of them gets."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.domain.identity import sign, signed_by


class Tolerant(BaseModel):
    """Base of what travels between services: unknown fields are ignored, so that versions may stand side by side."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)


class SubmitMessage(Tolerant):
    """Proof this message and plan it. `content` is a `MessageContent`; the id becomes the message's own."""

    type: Literal["roeland.message.submit.v1"] = "roeland.message.submit.v1"
    message_id: UUID = Field(description="UUIDv7, chosen by the door; the message's id for ever after.")
    content: dict[str, Any] = Field(description="The message, normalised (MessageContent).")
    again: bool = Field(default=False, description="Send although the same content was submitted before.")


class ApproveMessage(Tolerant):
    """Release this message, exactly as proofed."""

    type: Literal["roeland.message.approve.v1"] = "roeland.message.approve.v1"
    message_id: UUID


class RejectMessage(Tolerant):
    """Do not release this message."""

    type: Literal["roeland.message.reject.v1"] = "roeland.message.reject.v1"
    message_id: UUID
    reason: str = Field(default="", max_length=1000)


Body = SubmitMessage | ApproveMessage | RejectMessage


class Command(Tolerant):
    """A command with who gives it. `user` is a number, never an address; `signature` is None when only asserted."""

    id: UUID
    user: int
    given_at: AwareDatetime
    body: Body = Field(discriminator="type")
    signature: str | None = Field(default=None, description="Hexadecimal Ed25519 over the canonical rest.")

    def signed(self, key: Any) -> "Command":
        """The same command with the signature of this Ed25519 private key."""
        return self.model_copy(update={"signature": sign(self.unsigned(), key)})

    def signed_by(self, public_key: bytes) -> bool:
        """Whether the holder of this public key signed it."""
        return self.signature is not None and signed_by(self.unsigned(), self.signature, public_key)

    def unsigned(self) -> dict[str, Any]:
        """Everything that a signature covers, as JSON."""
        return self.model_dump(mode="json", exclude={"signature"})


class Answer(Tolerant):
    """What became of a command: given once, and the same for whoever asks again."""

    done: bool
    error: str | None = Field(default=None, description="Why it was refused, in words that say what to do next.")
    problems: list[dict[str, Any]] = Field(default_factory=list)
    result: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def refused(cls, error: str, problems: list[dict[str, Any]] | None = None) -> "Answer":
        """A refusal with its reason."""
        return cls(done=False, error=error, problems=problems or [])
