"""What keeps a blast from going out, in words of its page."""

from typing import Final


def _(message: str) -> str:
    """For gettext's list of texts; they are translated when they are shown."""
    return message


WORDS: Final[dict[str, str]] = {
    r"refused: .*": _("It cannot go out so:"),
    r"nobody is selected: .*": _("Nobody is selected: choose more people."),
    r"none of the (?P<count>\d+) selected has a number: .*": _(
        "None of the %(count)s people has a mobile number: write a message by mail instead."
    ),
    r"no SMS provider is set up: .*": _("No SMS provider is set up: nothing can be sent. Tell the support cell."),
    r"this text would be refused: mend it": _("This text would be refused: mend what stands below."),
    r"breaking the glass needs a reason: .*": _("Sending alone needs a reason."),
    r"only a crisis manager may send alone: .*": _("Only a crisis manager may send alone."),
    r"this user has no role that may submit a message: .*": _("You may not submit messages."),
    r"the contacts changed meanwhile: (?P<now>\d+) recipients now, (?P<seen>\d+) were shown\. .*": _(
        "The contacts changed meanwhile: it would now go to %(now)s people instead of %(seen)s. Nothing was sent."
    ),
    r"the contacts changed meanwhile: (?P<now>\d+) recipients in its proof, (?P<seen>\d+) were confirmed\. .*": _(
        "The contacts changed meanwhile: it would now go to %(now)s people instead of %(seen)s. Nothing was sent."
    ),
    r"message \S+ said the same a moment ago \(.*\): .*": _("The same text was sent a moment ago."),
    r"(?P<who>\S+) sent the same this very moment: .*": _("%(who)s sent the same text this very moment."),
    r"the incident (?P<slug>\S+) is closed: .*": _("The incident %(slug)s is closed: choose another one."),
    r"(?P<count>\d+) (?:incidents|exercises) are open: add --incident, of (?P<names>.*)": _(
        "%(count)s incidents are open: choose one of them (%(names)s)."
    ),
    r"name the incident: --incident SLUG(?:, of (?P<names>.*))?": _("Choose the incident."),
    r"(?P<what>\S+ \S+) is not approved beforehand: .*": _("%(what)s is not approved beforehand any more."),
    r"--within says how long there is to confirm: add --confirm": _("Minutes to confirm in: ask to confirm as well."),
    r"nothing is left of the text without the characters that GSM-7 lacks: .*": _(
        "Nothing is left of the text without these characters: write it in letters."
    ),
    r"--recipients: (?P<why>.*)": _("The selection cannot be read: %(why)s"),
    r"--role: (?P<why>.*)": _("The function cannot be used: %(why)s"),
    r"--audience: There is no audience (?P<which>\S+)\. .*": _("There is no audience %(which)s: choose another one."),
    r"There are two texts in (?P<language>\w+)\.": _("There are two texts in one language (%(language)s)."),
    r"nobody answered within .*|the command was not answered.*": _(
        "Roeland did not answer in time: look at the messages before you send it again."
    ),
}
