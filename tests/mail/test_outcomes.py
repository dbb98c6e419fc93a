"""What an answer makes of a delivery: by the answer, and by whether an earlier copy may have arrived."""

import pytest

from services.domain.states import State
from services.mail.outcomes import answered
from services.mail.replies import Reply, Stage
from services.store.ledger import Delivery


@pytest.mark.parametrize(
    ("reply", "late", "doubts", "state"),
    [
        (Reply(Stage.RCPT, 450), False, 0, State.DEFERRED),
        (Reply(Stage.RCPT, 450), False, 1, State.DEFERRED),
        (Reply(Stage.RCPT, 450), True, 0, State.FAILED),
        (Reply(Stage.RCPT, 450), True, 1, State.UNKNOWN),
        (Reply(Stage.BODY, 554), False, 0, State.FAILED),
        (Reply(Stage.BODY, 554), False, 1, State.UNKNOWN),
        (Reply(Stage.RCPT, 550), False, 0, State.BOUNCED),
        (Reply(Stage.RCPT, 550), False, 1, State.BOUNCED),
    ],
)
def test_nobody_is_failed_who_may_have_an_earlier_copy(reply: Reply, late: bool, doubts: int, state: State) -> None:
    """Somebody must call them, or not: `failed` says that they surely have nothing."""
    delivery = Delivery(1, 2, 1, doubts, 1, "p1@x.example", "", "", "", "", tries=2)
    assert answered(delivery, reply, late=late).state is state
