"""What people ask of the broker: commands, in the imperative, and the one answer that each of them gets."""

from datetime import date
from typing import Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from services.domain.identity import sign, signed_by


class Tolerant(BaseModel):
    """Base of what travels between services: unknown fields are ignored, so that versions may stand side by side."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)


class _Growing(Tolerant):
    """A body that got fields after its first version: `later` are left out while they say nothing.

    A signature covers a body as it is dumped, so what was signed by who does not know them yet stays valid.
    """

    later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_silent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        return {k: v for k, v in dumped.items() if k not in self.later or getattr(self, k) != fields[k].default}


class SubmitMessage(_Growing):
    """Proof this message and plan it. `content` is a `MessageContent`; the id becomes the message's own."""

    later = frozenset({"revises", "break_glass", "confirmed"})

    type: Literal["roeland.message.submit.v1"] = "roeland.message.submit.v1"
    message_id: UUID = Field(description="UUIDv7, chosen by the door; the message's id for ever after.")
    content: dict[str, Any] = Field(description="The message, normalised (MessageContent).")
    again: bool = Field(default=False, description="Send although the same content was submitted before.")
    revises: bool = Field(
        default=False, description="The id is that of a message that was not released: this is its next revision."
    )
    break_glass: str | None = Field(
        default=None,
        max_length=1000,
        description="Why a crisis manager releases it alone, as soon as it is proofed (as in ApproveMessage).",
    )
    confirmed: int | None = Field(
        default=None, ge=1, description="With break_glass: the recipients that were confirmed; for others it waits."
    )


class ApproveMessage(_Growing):
    """Release this message, exactly as proofed."""

    later = frozenset({"proof", "break_glass"})

    type: Literal["roeland.message.approve.v1"] = "roeland.message.approve.v1"
    message_id: UUID
    proof: str | None = Field(
        default=None, max_length=64, description="The hash of the proof that was seen; another one is refused."
    )
    break_glass: str | None = Field(
        default=None, max_length=1000, description="Why a crisis manager releases this urgent message alone."
    )


class RejectMessage(Tolerant):
    """Do not release this message."""

    type: Literal["roeland.message.reject.v1"] = "roeland.message.reject.v1"
    message_id: UUID
    reason: str = Field(default="", max_length=1000)


class TakeBackMessage(Tolerant):
    """Take back an approval while nothing was released on it: the message waits for approval again."""

    type: Literal["roeland.message.take-back.v1"] = "roeland.message.take-back.v1"
    message_id: UUID
    reason: str = Field(default="", max_length=1000)


class JudgeMessage(Tolerant):
    """Say, as a second person, whether a message that was released by breaking the glass was right."""

    type: Literal["roeland.message.judge.v1"] = "roeland.message.judge.v1"
    message_id: UUID
    verdict: Literal["confirm", "dispute"]
    reason: str = Field(default="", max_length=1000)


class WithdrawMessage(Tolerant):
    """Take a released message back: nothing more is sent, its feed entries are marked, who got it may be told."""

    type: Literal["roeland.message.withdraw.v1"] = "roeland.message.withdraw.v1"
    message_id: UUID
    reason: str = Field(default="", max_length=1000)
    notify: bool = Field(default=False, description="Tell those whom it reached, or may have reached.")


class IncludeNewcomers(Tolerant):
    """Send a released message to those too who came into its audiences after its proof."""

    type: Literal["roeland.message.include.v1"] = "roeland.message.include.v1"
    message_id: UUID
    contacts: list[int] = Field(min_length=1, max_length=100_000, description="The newcomers that were seen.")


class TestMessage(Tolerant):
    """Send every variant of a proofed message to whoever gives this command, and to nobody else."""

    __test__: ClassVar[bool] = False

    type: Literal["roeland.message.test.v1"] = "roeland.message.test.v1"
    message_id: UUID


class ApproveHolding(Tolerant):
    """Approve a playbook's entry beforehand, bound to its hash: a crisis manager may then release it alone."""

    type: Literal["roeland.holding.approve.v1"] = "roeland.holding.approve.v1"
    playbook: str = Field(max_length=64)
    entry: str = Field(max_length=64)
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    content: dict[str, Any] = Field(description="The entry, with its holes and their limits; the hash is over this.")


class RevokeHolding(Tolerant):
    """From now on nobody may release this playbook's entry alone."""

    type: Literal["roeland.holding.revoke.v1"] = "roeland.holding.revoke.v1"
    playbook: str = Field(max_length=64)
    entry: str = Field(max_length=64)


class ReleaseHolding(Tolerant):
    """Fill the holes of an entry that was approved beforehand, and release it."""

    type: Literal["roeland.holding.release.v1"] = "roeland.holding.release.v1"
    message_id: UUID = Field(description="UUIDv7, chosen by the door; the message's id for ever after.")
    incident: str = Field(max_length=64)
    playbook: str = Field(max_length=64)
    entry: str = Field(max_length=64)
    hash: str = Field(pattern="^[0-9a-f]{64}$", description="Of the entry that was seen; another one is refused.")
    holes: dict[str, str] = Field(default_factory=dict)


class ApproveNewsletter(Tolerant):
    """Approve the automatic part of a newsletter, bound to its definition: its editions then go out by themselves."""

    type: Literal["roeland.newsletter.approve.v1"] = "roeland.newsletter.approve.v1"
    newsletter: int = Field(ge=1, le=2**63 - 1, description="Its number, which it keeps when it is renamed.")
    hash: str = Field(pattern="^[0-9a-f]{64}$", description="Of the definition that was seen; another one is refused.")


class RevokeNewsletter(Tolerant):
    """From now on a person approves every edition of this newsletter."""

    type: Literal["roeland.newsletter.revoke.v1"] = "roeland.newsletter.revoke.v1"
    newsletter: int = Field(ge=1, le=2**63 - 1)
    reason: str = Field(default="", max_length=1000)


class WriteEditorial(Tolerant):
    """What stands above the edition of a date; a person approves an edition that has one."""

    type: Literal["roeland.newsletter.editorial.v1"] = "roeland.newsletter.editorial.v1"
    newsletter: int = Field(ge=1, le=2**63 - 1)
    date: date
    content: dict[str, Any] | None = Field(default=None, description="An Editorial; left out: take it out.")
    replaces: int = Field(default=0, ge=0, description="The version that was seen; 0: there was none.")


Body = (
    SubmitMessage
    | ApproveMessage
    | RejectMessage
    | TakeBackMessage
    | JudgeMessage
    | WithdrawMessage
    | IncludeNewcomers
    | TestMessage
    | ApproveHolding
    | RevokeHolding
    | ReleaseHolding
    | ApproveNewsletter
    | RevokeNewsletter
    | WriteEditorial
)
BODIES: Final[tuple[type[Tolerant], ...]] = (
    SubmitMessage, ApproveMessage, RejectMessage, TakeBackMessage, JudgeMessage, WithdrawMessage, IncludeNewcomers,
    TestMessage, ApproveHolding, RevokeHolding, ReleaseHolding,
    ApproveNewsletter, RevokeNewsletter, WriteEditorial,
)  # fmt: skip


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
