"""What a word with a typing error was meant for, among words that are known."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_GUESSES = 5
PREFIX_FROM = 5
"""From so many letters on a word that is still being typed is compared with beginnings."""


class Known(NamedTuple):
    """A word and how it sounds: in one script, with one letter for those that are mistaken for each other.

    Of an Arabic word its consonants alone stand behind a space.
    """

    word: str
    sound: str


def guesses(sound: str, known: Iterable[Known], *, begun: bool) -> Sequence[str]:
    """The words that are nearest to what was typed, if any is near enough. `begun` is a word not typed to its end."""
    typed, _, consonants = sound.partition(" ")
    nearest: dict[str, int] = {}
    for each in known:
        other, _, other_consonants = each.sound.partition(" ")
        errors = distance(typed, other)
        if begun and len(typed) >= PREFIX_FROM:
            errors = min(errors, distance(typed, other[: len(typed)]))
        if consonants and consonants == other_consonants:
            errors = min(errors, 1)
        if errors <= errors_allowed(len(typed)):
            nearest[each.word] = errors
    best = min(nearest.values(), default=0)
    return [word for word, errors in nearest.items() if errors == best][:MOST_GUESSES]


def errors_allowed(length: int) -> int:
    """The longer a word, the more of its letters may be wrong."""
    if length <= 5:
        return 1
    return 2 if length <= 9 else 3


def distance(one: str, other: str) -> int:
    """How many letters are wrong, missing, too many, or swapped with their neighbour."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, wanted in enumerate(other, start=1):
            cost = min(above[column] + 1, current[-1] + 1, above[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, above = above, current
    return above[-1]
