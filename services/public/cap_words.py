"""The few words of our own in an alert, in the language of its text.

They are those of `templates/words/`, and stand here because an alert has no template: it must come out the same for
every message of the past, whatever a centre's own templates have become. A language that is not here gets Dutch.
"""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = {"nl": "nl-BE", "fr": "fr-BE", "de": "de-BE"}
"""RFC 3066 names of our languages, where a region says something: the French of a Belgian government is fr-BE."""

SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "correction": {
        "nl": "Rechtzetting: ",
        "fr": "Rectification : ",
        "en": "Correction: ",
        "de": "Berichtigung: ",
    },
    "all-clear": {
        "nl": "Einde van het incident: ",
        "fr": "Fin de l’incident : ",
        "en": "End of the incident: ",
        "de": "Entwarnung: ",
    },
}
"""What stands before the title of such a message."""

EXERCISE_MARKS: Final = {
    "nl": "[OEFENING] ",
    "fr": "[OEFENING] [EXERCICE] ",
    "en": "[OEFENING] [EXERCISE] ",
    "de": "[OEFENING] [ÜBUNG] ",
}

EXERCISE: Final = {
    "nl": "OEFENING. Dit is geen echt incident. Handel alleen binnen de oefening.",
    "fr": "OEFENING – EXERCICE. Ceci n’est pas un incident réel. Agissez uniquement dans le cadre de l’exercice.",
    "en": "OEFENING – EXERCISE. This is not a real incident. Act within the exercise only.",
    "de": "OEFENING – ÜBUNG. Dies ist kein echtes Ereignis. Handeln Sie nur im Rahmen der Übung.",
}

UNKNOWN: Final = {
    "nl": "Wat we nog niet weten:",
    "fr": "Ce que nous ne savons pas encore :",
    "en": "What we do not know yet:",
    "de": "Was wir noch nicht wissen:",
}

WRONG: Final = {
    "nl": "Wat niet juist was:",
    "fr": "Ce qui était inexact :",
    "en": "What was not correct:",
    "de": "Was nicht richtig war:",
}

QUOTED: Final = {
    "nl": "Eerder schreven wij:",
    "fr": "Nous avions écrit :",
    "en": "We wrote earlier:",
    "de": "Zuvor schrieben wir:",
}

INCIDENT: Final = {"nl": "incident", "fr": "incident", "en": "incident", "de": "Vorfall"}
"""The event, where nobody said of which type it is."""

ONLY_FOR: Final = {
    "nl": "Alleen bestemd voor: {}.",
    "fr": "Uniquement destiné à : {}.",
    "en": "Only meant for: {}.",
    "de": "Nur bestimmt für: {}.",
}


def said(words: Mapping[str, str], language: str) -> str:
    """In this language, else in Dutch."""
    return words.get(language, words["nl"])
