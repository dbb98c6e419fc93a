"""What is wrong with a contact, or with a list of them, in words of the page."""

from typing import Final


def _(message: str) -> str:
    """For gettext's list of texts; they are translated when they are shown."""
    return message


WORDS: Final[dict[str, str]] = {
    r"the contact list has (?P<count>\d+) problems?": _("Nothing was changed: mend what stands below."),
    r"the contacts changed since this was shown: .*": _(
        "The contacts changed since this was shown, so nothing was imported. Upload the file again to see what it"
        " would change now."
    ),
    r"there is no such upload of yours: .*": _("This upload is gone: upload the file again."),
    r"somebody has this external id already: .*": _("Somebody has this external id already: choose another one."),
    r"somebody else changed this contact meanwhile: .*": _(
        "Somebody else changed this contact meanwhile. Nothing was saved: look at it again."
    ),
    r"there is no contact (?P<which>.*?)(?:: nothing was removed\..*)?": _("There is no contact %(which)s."),
    r"is empty": _("It is empty."),
    r"there is no header row": _("There is no header row."),
    r"The first line must be: (?P<line>.*)": _("The first line must be: %(line)s"),
    r"the column is missing": _("This column is missing."),
    r"Add it to every row; most columns may be empty\.": _("Add it to every row; most columns may be empty."),
    r"there are (?P<some>\d+) fields instead of (?P<all>\d+)": _("There are %(some)s fields instead of %(all)s."),
    r"Put a field that contains the separator between quotation marks: .*": _(
        "Put a field that contains the separator between quotation marks."
    ),
    r"a quotation mark is not closed": _("A quotation mark is not closed."),
    r"this is a workbook or a zip file, not CSV": _("This is a workbook or a zip file, not CSV."),
    r"the file is UTF-16, not UTF-8": _("The file is UTF-16, not UTF-8."),
    r"byte (?P<byte>\S+) is not UTF-8; the file looks like Windows-1252": _(
        "The file is not UTF-8 (byte %(byte)s); it looks like Windows-1252."
    ),
    r"In the spreadsheet, choose Save as → CSV UTF-8\.": _("In the spreadsheet, choose Save as → CSV UTF-8."),
    r"the line has (?P<count>\d+) characters": _("This line has %(count)s characters: is it the right file?"),
    r"Look whether this is the right file, and what ends its lines\.": _("Look whether this is the right file."),
    r"there is no column (?P<which>.*)": _("There is no column %(which)s."),
    r"there is no audience (?P<which>.*)": _("There is no audience %(which)s."),
    r"(?P<which>'.*') is not a Flemish municipality": _("%(which)s is not a Flemish municipality."),
    r"(?P<which>'.*') is not a Flemish province": _("%(which)s is not a Flemish province."),
    r"(?P<town>.*) is not in (?P<province>.*)": _("%(town)s is not in %(province)s."),
    r"(?P<which>'.*') stands on line (?P<line>\d+) already": _("%(which)s stands on line %(line)s already."),
    r"(?P<number>\+\d+) is a landline: no SMS arrives there": _("%(number)s is a landline: no SMS arrives there."),
    r"Give a mobile number, or leave it empty\.": _("Give a mobile number, or leave it empty."),
    r"Did you mean (?P<which>.*)\?": _("Did you mean %(which)s?"),
    r"Choose from: (?P<which>.*)\.": _("Choose from: %(which)s."),
    r"there are more problems": _("There are more problems."),
    r"Give each contact an identifier that stays the same for ever\.": _(
        "Give each contact an identifier that stays the same for ever."
    ),
    r"Write the name of the person or desk, or the role\.": _("Write the name of the person or desk, or the function."),
    r"Name at least one audience: .*": _("Name at least one audience."),
    r"say who is in the group: .*": _("Say who is in the group."),
    r"(?P<name>'.*') is no name of a group: .*": _(
        "%(name)s is no name of a group: small letters, digits and hyphens, as nachtploeg-limburg."
    ),
    r"--recipients: (?P<why>.*)": _("The selection cannot be read: %(why)s"),
    r"the group (?P<users>.*) names (?P<name>\S+): change or remove that one first": _(
        "The group %(users)s names %(name)s: change or remove that one first."
    ),
}
