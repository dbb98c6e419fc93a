"""The limits of a crisis message, each with where it comes from. Generous for people, closed to abuse."""

from typing import Final

# Covello's message map: in stress people take in three things, and three supports of each.
# https://www.orau.gov/hsc/ercwbt/content/ERCWBTcd/pdf/Covello.pdf
KEY_MESSAGES: Final = 3
FACTS: Final = 3
WRONG: Final = 3  # things that one correction puts right, for one reader

WORDS_PER_SENTENCE: Final = 20  # ../shared/MISSION.md, "Voice of the messages"

TITLE_CHARACTERS: Final = 200  # a subject; phones show about 40 of it, RFC 5322 §2.1.1 would allow 998 per line
TEXT_CHARACTERS: Final = 600  # a key message, a fact, an action: a paragraph, never a page
LIST_ITEMS: Final = 12  # unknowns or actions that one reader gets in one language
SMS_CHARACTERS: Final = 1550  # Twilio refuses a body over 1600 (error 21617); OEFENING needs its part
SMS_SEGMENTS: Final = 3  # what a generated SMS may take: 3 × 153 characters in GSM-7 (3GPP TS 23.040)

SELECTION_CHARACTERS: Final = 2000  # of `recipients`
SELECTION_DEPTH: Final = 8  # parentheses and `not` in each other; groups in groups as well
SELECTION_VALUES: Final = 200
SELECTION_TERMS: Final = 300  # once every group is written out
SELECTION_VALUE: Final = 200  # characters of one value: a role may have so many
CONFIRM_MINUTES: Final = 7 * 24 * 60  # a week

INCIDENT_CHARACTERS: Final = 64
INCIDENT_PATTERN: Final = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"  # goes into Kafka keys, file names and addresses

KEY_CHARACTERS: Final = 64  # of a fact, and of the name of one of its values
KEY_PATTERN: Final = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$"
VALUE_CHARACTERS: Final = 100  # of a literal value of a fact: a time, a number, a name

FILE_CHARACTERS: Final = 256 * 1024  # ten times the longest message that these limits allow, in four languages
FILE_DEPTH: Final = 12  # a message is five deep
FILE_ITEMS: Final = 200  # entries in any one list of the file, all audiences and languages together
