"""`roeland demo`: a crisis message to everybody on this machine, on real parts; ends with who got what."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.admin.answers import Answer, Refusal, lines
from services.admin.command import command
from services.admin.invocation import current

if TYPE_CHECKING:
    from services.admin.demo_place import Place
    from services.admin.demo_report import Report
    from services.admin.demo_screen import Screen


def declare(app: typer.Typer) -> None:
    """`demo` is a command of its own, in no group."""

    @command(app, "demo", examples=["demo", "demo --keep", "demo --json 2>progress.txt >demo.json"])
    async def demo(
        keep: Annotated[
            bool, typer.Option("--keep", help="Keep everything running at the end, until Ctrl-C: the feeds open.")
        ] = False,
    ) -> Answer:
        """A crisis message to everybody, end to end, on this machine alone.

        Starts Kafka, PostgreSQL, a mail sink, a Twilio stand-in and all services; imports the example contacts; has
        one user submit an urgent message and a second one approve it; shows what became of everybody.

        Whatever relay, account or server your settings name is not used: nothing leaves this machine. Each run has a
        new folder, in `demo` in the data folder; its mails and logs stay there.

        Exit code 0 only when every recipient ended well: accepted or delivered, and nothing possibly sent twice.
        """
        from services.admin.demo_place import settle
        from services.admin.demo_screen import Screen
        from services.admin.demo_stopping import stoppable

        place = settle()
        screen = Screen(place, as_json=current.get().json)
        report = await stoppable(_perform(place, screen, keep=keep), screen)
        screen.ended(well=not report.problems)
        if report.problems:
            error = f"not everybody was told as they should be; the logs are in {place.short(place.logs)}"
            raise Refusal(error, problems=report.problems, more=report.document(screen.seconds))
        return Answer(report.document(screen.seconds), lines())


async def _perform(place: "Place", screen: "Screen", *, keep: bool) -> "Report":
    """Start everything, play the story, look at what became of it; everything is stopped on leaving."""
    from services.admin import demo_place, demo_story
    from services.admin.demo_report import gather, show
    from services.admin.demo_stopping import until_interrupted
    from services.devstack.processes import DevstackError
    from services.devstack.up import stack

    screen.open()
    try:
        async with stack(data=place.folder, report=screen.say) as running:
            screen.say(f"ready in {running.seconds:.1f} s")
            demo_place.must_be_own(running.env)
            played = await demo_story.play(place, screen)
            report = await gather(place, running, played)
            show(report, screen, place, keep=keep)
            if keep:
                screen.step("Everything keeps running until Ctrl-C. In another terminal:")
                screen.typed(f"ROELAND_DATA_DIR={place.short(place.folder)} roeland message list")
                screen.leave_out(await until_interrupted())
            screen.step("Stopping everything")
    except DevstackError as problem:
        raise Refusal(f"{problem}\nThe logs are in {place.short(place.logs)}") from None
    except Exception:
        screen.told(f"It failed. Everything is stopped; the logs are in {place.short(place.logs)}", style="bold red")
        raise
    if not report.problems:  # what failed may still be looked into
        demo_place.forget_servers(place)
    return report
