"""`python -m tests.benchmarks [FIGURE …]`: measure what was promised, on this machine. See README.md."""

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from tests.benchmarks import (
    blast,
    callbacks,
    consoles,
    edition,
    feed_latency,
    feeds_rebuild,
    feeds_serving,
    large,
    last_mail,
    mail,
    memory,
    meters,
    old_ledger,
    proof,
    sms,
    two_workers,
    urgent,
)
from tests.benchmarks.deployment import Servers, say, servers
from tests.benchmarks.judgement import FailedRun, Figure, Target, failed, short, table
from tests.benchmarks.postfix import NotHere, postfix

EXAMPLES: Final = """
examples:
  python -m tests.benchmarks                                   everything, in 15 to 20 minutes
  python -m tests.benchmarks --quick                           everything, smaller, in 3 minutes
  python -m tests.benchmarks mail --contacts 20000 --runs 1    mail and its CPU beside smtp-source, in half a minute
  python -m tests.benchmarks mail --profile --contacts 20000   where the mail worker's time goes
  make bench FIGURES="urgent sms"

stdout has a line of JSON per figure, stderr the progress and a table. The exit code is 1 when a figure could not be
measured, as when the ledger and the sink disagree; a target that is missed is told in `met`.
"""


@dataclass(frozen=True)
class Benchmark:
    """What is measured together. `full`, `quick`: arguments for `measure`."""

    measure: Callable[..., list[Figure]]
    promises: tuple[tuple[str, str, Target], ...]
    full: dict[str, Any]
    quick: dict[str, Any]


BENCHMARKS: Final = {
    "mail": Benchmark(
        mail.measure,
        (mail.MAIL, mail.CPU_WORKER, mail.CPU_ALL),
        full={"contacts": 100_000, "runs": 3},
        quick={"contacts": 20_000, "runs": 1},
    ),
    "urgent": Benchmark(
        urgent.measure,
        (urgent.FIRST, urgent.LAST),
        full={"contacts": 100_000, "times": 20},
        quick={"contacts": 20_000, "times": 3},
    ),
    "sms": Benchmark(
        sms.measure, (sms.SMS,), full={"contacts": 10_000, "runs": 3}, quick={"contacts": 2_000, "runs": 1}
    ),
    "memory": Benchmark(memory.measure, (memory.MEMORY,), full={"contacts": 1_000_000}, quick={"contacts": 30_000}),
    "large": Benchmark(
        large.measure,
        (large.PROOF, large.STOP),
        full={"contacts": 1_000_000, "runs": 2},
        quick={"contacts": 50_000, "runs": 1},
    ),
    "stop-last-mail": Benchmark(
        last_mail.measure,
        (last_mail.LAST_MAIL,),
        full={"contacts": 100_000, "runs": 5},
        quick={"contacts": 50_000, "runs": 1},
    ),
    "proof": Benchmark(
        proof.measure, (proof.PAGE,), full={"contacts": 5_000, "runs": 5}, quick={"contacts": 1_000, "runs": 1}
    ),
    "edition": Benchmark(
        edition.measure,
        (edition.EDITION,),
        full={"contacts": 5_000, "items": 400, "runs": 3},
        quick={"contacts": 1_000, "items": 400, "runs": 1},
    ),
    "two-workers": Benchmark(
        two_workers.measure,
        (two_workers.TWO,),
        full={"contacts": 20_000, "runs": 2},
        quick={"contacts": 4_000, "runs": 1},
    ),
    "feeds-rebuild": Benchmark(
        feeds_rebuild.measure,
        (feeds_rebuild.REBUILD,),
        full={"entries": 10_000, "runs": 2},
        quick={"entries": 500, "runs": 1},
    ),
    "feed-latency": Benchmark(
        feed_latency.measure,
        (feed_latency.LATENCY,),
        full={"contacts": 100_000, "entries": 10_000, "times": 20},
        quick={"contacts": 20_000, "entries": 500, "times": 3},
    ),
    "feeds-serving": Benchmark(
        feeds_serving.measure,
        (feeds_serving.SERVING_304, feeds_serving.SERVING_200),
        full={"seconds": 5, "runs": 3},
        quick={"seconds": 2, "runs": 1},
    ),
    "blast": Benchmark(
        blast.measure,
        (blast.FIRST, blast.LAST),
        full={"contacts": 100_000, "times": 20},
        quick={"contacts": 20_000, "times": 3},
    ),
    "callbacks": Benchmark(
        callbacks.measure,
        (callbacks.CALLBACKS,),
        full={"contacts": 100_000, "runs": 2},
        quick={"contacts": 10_000, "runs": 1},
    ),
    "consoles": Benchmark(
        consoles.measure,
        (consoles.SEEN, consoles.FAN_OUT, consoles.PAGES),
        full={"contacts": 100_000, "consoles": 200, "runs": 3},
        quick={"contacts": 20_000, "consoles": 200, "runs": 1},
    ),
    "ledger": Benchmark(
        old_ledger.measure,
        (old_ledger.LEDGER,),
        full={"contacts": 30_000, "runs": 4, "rows": 10_000_000},
        quick={"contacts": 10_000, "runs": 1, "rows": 500_000},
    ),
}
ALSO: Final = {"cpu": "mail"}
"""Other names: what is measured in the same runs."""


def main() -> int:
    """Measure what was asked for; 0 when all of it could be."""
    given = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    found: list[Figure] = []
    try:
        with servers(keep=given.keep) as running:
            versions = {**running.versions(), "postfix": _postfix_version()}
            for name in dict.fromkeys(ALSO.get(name, name) for name in given.figures or BENCHMARKS):
                found += _measured(name, running, given, versions)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        if found:
            say("\n" + table(found))
    return 1 if any(each.value is None for each in found) else 0


def _measured(name: str, running: Servers, given: argparse.Namespace, versions: dict[str, str]) -> list[Figure]:
    benchmark, machine = BENCHMARKS[name], meters.machine(versions)
    options = dict(benchmark.quick if given.quick else benchmark.full)
    given_ = {"contacts": given.contacts, "runs": given.runs, "times": given.runs}
    options |= {key: value for key, value in given_.items() if value and key in options}
    if given.profile and name == "mail":
        options["profile"] = True
    say(f"== {name} {options}")
    try:
        figures = benchmark.measure(running, **options)
    except Exception as problem:  # the other figures are to be measured all the same
        why = str(problem) if isinstance(problem, FailedRun | NotHere) else f"{type(problem).__name__}: {problem}"
        say(f"{name} failed: {why}")
        figures = [failed(*promise, short(why)) for promise in benchmark.promises]
    for figure in figures:
        print(figure.line(machine), flush=True)
    return figures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument(
        "--contacts", type=int, metavar="N", help="recipients of a message, instead of the figure's own"
    )
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each (urgent: messages), instead of its own")
    parser.add_argument(
        "--quick", action="store_true", help="fewer and smaller runs: to see that it works, not how fast"
    )
    parser.add_argument("--keep", action="store_true", help="leave logs and data where they are")
    parser.add_argument(
        "--profile", action="store_true", help="mail: run the worker under cProfile (it is slower then)"
    )
    given = parser.parse_args()
    if unknown := [name for name in given.figures if name not in {**BENCHMARKS, **ALSO}]:
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    return given


def _postfix_version() -> str:
    try:
        return postfix().version
    except NotHere as missing:
        return f"none ({missing})"


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Once: a second Ctrl-C must not break off the cleaning up."""
    del number, frame
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    say("stopping …")
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
