"""The rules of the hub that need no server: what may be asked, where we call, when we try again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.public.hub_callbacks import Refused, callback_of
from services.public.hub_limits import HOSTS, IN_ALL, PER_HOST, Limits
from services.public.hub_request import read
from services.public.hub_retries import HORIZON, WAITS, wait_after
from services.public.hub_seal import seal, unsealed
from services.public.hub_topics import topic_of
from services.runtime.open_addresses import is_open
from services.runtime.tokens import Key, Keys

ROOT = "https://crisis.example.be/roeland"
FORM = {
    "hub.mode": ["subscribe"],
    "hub.topic": [f"{ROOT}/feeds/public.atom"],
    "hub.callback": ["https://lezer.example/haak?id=1"],
}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
        "192.88.99.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001:db8::1",
        "3fff::1", "100::1", "5f00::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "ff0e::1", "localhost", "", "127.1", "0x7f.0.0.1", "2130706433", "1.1.1.1.",
    ],
)  # fmt: skip
def test_inner_addresses_are_not_called(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast, and what carries one of these: a stranger asks."""
    assert not is_open(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "193.191.245.1", "172.15.0.1", "172.32.0.1", "::ffff:1.1.1.1", "64:ff9b::101:101",
                "2606:4700:4700::1111", "2a02:578::1"],
)  # fmt: skip
def test_addresses_of_the_internet_are_called(address: str) -> None:
    """A rule that refuses all keeps nobody informed."""
    assert is_open(address)


@given(st.ip_addresses())
def test_no_address_is_open_that_python_calls_private(address: object) -> None:
    """Our list is longer than the library's, and leaves out nothing of it."""
    carried = getattr(address, "ipv4_mapped", None) or address
    assert not is_open(str(address)) or carried.is_global  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "callback",
    [
        "", "haak", "//lezer.example/", "ftp://lezer.example/", "file:///etc/passwd", "gopher://lezer.example/",
        "http://", "http:///pad", "http:lezer.example/", "https://lezer.example:x/", "https://lezer.example:99999/",
        "https://u:p@lezer.example/", "https://lezer.example@127.0.0.1/", "https://@lezer.example/",
        "https://lezer.example/#deel", "https://lezer.example/a b", "https://lezer.example/\r\nX: y",
        "https://lezer.example\\@127.0.0.1/", "https://lezer.example/é", "https://①②⑦.0.0.1/", "http://[::1/",
        "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://a%2e.example/",
        "https://a..b/", "https://lezer.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused_anywhere(callback: str) -> None:
    """Also where inner addresses are allowed: what two programs read differently is called by neither."""
    with pytest.raises(Refused):
        callback_of(callback, anywhere=True)


@pytest.mark.parametrize(
    "callback",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1%25eth0]/", "http://lezer.example:22/", "http://lezer.example:25/", "http://lezer.example:5432/",
        "http://lezer.example:0/", "https://lezer.example:9092/",
    ],
)  # fmt: skip
def test_inner_addresses_and_odd_ports_are_refused_at_once(callback: str) -> None:
    """A developer hears why, and does not wait for a verification that never comes."""
    with pytest.raises(Refused):
        callback_of(callback, anywhere=False)


@pytest.mark.parametrize(
    ("callback", "asked"),
    [
        ("https://lezer.example", "https://lezer.example?hub.mode=a+b"),
        ("https://Lezer.example.:8443/x?y=%20", "https://Lezer.example.:8443/x?y=%20&hub.mode=a+b"),
        ("http://xn--bcher-kva.example:8080/?", "http://xn--bcher-kva.example:8080/?&hub.mode=a+b"),
        ("http://1.1.1.1/", "http://1.1.1.1/?hub.mode=a+b"),
        ("https://[2606:4700::1]/", "https://[2606:4700::1]/?hub.mode=a+b"),
    ],
)
def test_a_callback_keeps_what_it_has(callback: str, asked: str) -> None:
    """Parameters are appended; nothing of what the subscriber wrote is written anew (§5.1.1)."""
    found = callback_of(callback, anywhere=False)
    assert found.asking(mode="a b") == asked
    assert "lezer.example" not in found.host or found.host == "lezer.example"
    assert callback not in repr(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"hub.mode": []}, {"hub.mode": ["publish"]}, {"hub.mode": ["denied"]}, {"hub.mode": ["subscribe"] * 2},
        {"hub.topic": []}, {"hub.topic": ["https://elders.example/feeds/public.atom"]}, {"hub.callback": []},
        {"hub.callback": ["https://a.example/", "https://b.example/"]}, {"hub.lease_seconds": ["0"]},
        {"hub.lease_seconds": ["-5"]}, {"hub.lease_seconds": ["٣"]}, {"hub.lease_seconds": ["1e9"]},
        {"hub.secret": ["x" * 200]}, {"hub.secret": ["é" * 100]}, {"hub.secret": ["a\0b"]},
    ],
)  # fmt: skip
def test_a_request_that_is_not_whole_is_refused_in_words(changes: dict[str, list[str]]) -> None:
    """Whoever develops a subscriber reads which parameter is wrong (§5.1.2)."""
    with pytest.raises(Refused, match=next(iter(changes))):
        read(FORM | changes, ROOT, anywhere=False)


@pytest.mark.parametrize(
    ("asked", "lease"),
    [([], timedelta(days=10)), (["1"], timedelta(hours=1)), (["86400"], timedelta(days=1)),
     (["9" * 5000], timedelta(days=30))],
)  # fmt: skip
def test_a_lease_is_kept_within_bounds(asked: list[str], lease: timedelta) -> None:
    """A subscriber may wish for anything; what it does not know of us is ignored."""
    found = read(FORM | {"hub.lease_seconds": asked, "hub.verify": ["sync"], "x": ["y"]}, ROOT, anywhere=False)
    assert found.lease == lease
    assert found.secret is None
    assert read(FORM | {"hub.secret": ["x" * 199]}, ROOT, anywhere=False).secret == "x" * 199


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/feeds/public.atom", "feeds/public.atom"),
        ("/feeds/%70ublic.json", "feeds/public.json"),
        ("/feeds/public/incidents/storm-1.cap", "feeds/public/incidents/storm-1.cap"),
        ("/feeds/governors/k1.A-b_c.rss", "feeds/governors/__token__.rss"),
        ("/feeds/governors/AbC/incidents/storm-1.atom", "feeds/governors/__token__/incidents/storm-1.atom"),
    ],
)
def test_a_feeds_address_is_a_topic(address: str, name: str) -> None:
    """By a name that tells no token; with it, it is the path that was asked for."""
    topic = topic_of(ROOT + address, ROOT)
    assert topic is not None
    assert topic.name == name
    assert f"/{topic.path}" == address.replace("%70", "p")
    assert topic.token is None or topic.token not in repr(topic)


@pytest.mark.parametrize(
    "address",
    [
        "/feeds/public.atom?x=1", "/feeds/public.atom#x", "/feeds/public.html", "/feeds/public/archive/1.atom",
        "/feeds/../feeds/public.atom", "/feeds/public%2F..%2Fx.atom", "/feeds/public/x.atom", "/feeds/governors.atom",
        "/feeds/governors/..%2F..%2Fx.atom", "/feeds/governors/../x.atom", "/feeds/governors/.atom", "/messages/1",
        "/feeds/GOVERNORS/x.atom", "/feeds/governors/x/incidents/../y.atom", "/feeds/public.atom%00", "", "/",
        "/feeds/governors/" + "x" * 2000 + ".atom", "/feeds/public.atom\n",
    ],
)  # fmt: skip
def test_what_is_no_feed_of_ours_is_no_topic(address: str) -> None:
    """An archive never changes; and no path leads out of the feeds."""
    assert topic_of(ROOT + address, ROOT) is None
    assert topic_of("http://elders.example/feeds/public.atom", ROOT) is None


def test_a_failing_callback_is_tried_less_and_less_and_for_a_day() -> None:
    """Each try in its turn; then once for each change. Nobody who is away for a night has to subscribe anew."""
    waits, failing, tries = [], timedelta(0), 0
    while (wait := wait_after(tries := tries + 1, failing)) is not None:
        waits.append(wait)
        failing += wait
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (WAITS[0], WAITS[-1])
    assert HORIZON <= failing < HORIZON + WAITS[-1]
    assert len(waits) < 40
    assert wait_after(1, HORIZON) is None


def test_one_host_cannot_use_up_what_the_others_may_ask() -> None:
    """Else whoever wants us to call a victim, or nobody to subscribe, asks a thousand times."""
    now = [0.0]
    limits = Limits(lambda: now[0])
    taken = [limits.let("slachtoffer.example") for _ in range(1000)]
    assert sum(taken) == PER_HOST[0]
    assert sum(limits.let(f"{n}.example") for n in range(1000)) == IN_ALL[0] - PER_HOST[0]
    now[0] = 60.0
    assert sum(limits.let("slachtoffer.example") for _ in range(1000)) == 60 * PER_HOST[1]


def test_hosts_that_are_made_up_fill_no_memory() -> None:
    """Names cost whoever makes them up nothing."""
    limits = Limits(lambda: 0.0)
    for number in range(HOSTS + 100):
        limits.let(f"{number}.example")
    assert len(limits._hosts) == HOSTS


def test_a_token_is_read_with_our_keys_alone() -> None:
    """Whoever reads the table opens no feed; a new key does not close those that are open."""
    old, new = Key("k1", b"1" * 32), Key("k2", b"2" * 32)
    sealed = seal("k1.abc", Keys((old,)))
    assert b"k1.abc" not in sealed
    assert unsealed(sealed, Keys((new, old))) == "k1.abc"
    assert unsealed(sealed, Keys((new,))) is None
