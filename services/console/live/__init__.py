"""What open pages show now: one reader per process looks, and everybody who watches gets what changed (0031)."""

from services.console.desk import Desk
from services.console.live.reader import Reader
from services.console.live.strip import Strip
from services.console.live.watchers import Watchers


def strip_of(desk: Desk) -> Strip:
    """What every page says above its content; looked at now and then while the desk runs."""
    strip = Strip(desk.pool)
    desk.work.append(strip.run)
    return strip


def attend(desk: Desk) -> Watchers:
    """Have the desk look while it runs, for those who watch: the list of whom this returns."""
    watchers = Watchers()
    desk.work.append(Reader(desk.pool, desk.database, watchers, desk.doors).run)
    return watchers
