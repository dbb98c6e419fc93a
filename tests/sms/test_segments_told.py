"""When a provider counts the segments of an SMS in another way than we told who approved it."""

from structlog.testing import capture_logs

from services.sms.segments import CHECKED, Segments


def test_a_difference_is_told_once_per_message_with_both_counts() -> None:
    """And never with the text, nor for each of a thousand."""
    segments = Segments()
    with capture_logs() as logs:
        for _ in range(3):
            segments.compare(7, "België", 2)
        segments.compare(8, "Peer", 1)
        segments.compare(9, "Peer", None)  # a messaging service has not chosen its sender yet
        segments.compare(10, "a" * 161, 1)
    assert [(each["event"], each["message"], each["ours"], each["theirs"]) for each in logs] == [
        ("segments_differ", 7, 1, 2), ("segments_differ", 10, 2, 1),
    ]  # fmt: skip
    assert all(set(each) == {"event", "log_level", "message", "ours", "theirs"} for each in logs)


def test_not_each_of_many_is_counted_again() -> None:
    """It costs as much as sending them."""
    segments = Segments()
    with capture_logs() as logs:
        for _ in range(CHECKED):
            segments.compare(7, "Peer", 1)
        segments.compare(7, "Peer", 2)
    assert not logs
