"""How a discount code is written: one spelling for all the ways in which people type the same one."""

import re
import unicodedata

from domain.errors import FaultCode, UserFault

SHORTEST_CODE, LONGEST_CODE = 3, 40
LONGEST_TYPED = 200
LETTERS = r"A-Z0-9\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3_-"
"""Latin and Arabic letters, not their look-alikes of other scripts; figures; hyphens and underscores."""
CODE = re.compile(f"[{LETTERS}]{{{SHORTEST_CODE},{LONGEST_CODE}}}")
BEGINNING = re.compile(f"[{LETTERS}]{{0,{LONGEST_CODE}}}")
DECORATION = re.compile("[\u0640\u064b-\u0652\u0670]")
"""What Arabic is written with or without: the stroke that lengthens a word, and the signs of vowels."""
UNSEEN = frozenset({"Cf", "Zs", "Zl", "Zp"})
"""Blanks, joiners and marks that turn the direction: what comes along when a code is copied."""


def code_in_one_spelling(typed: str) -> str | None:
    """Capitals, European figures, nothing unseen; None for what cannot be a code."""
    code = in_one_spelling(typed)
    return code if CODE.fullmatch(code) else None


def beginning_of_code(typed: str) -> str | None:
    """As `code_in_one_spelling`, of a code that is not written to its end; None for what no code begins with."""
    beginning = in_one_spelling(typed)
    return beginning if BEGINNING.fullmatch(beginning) else None


def in_one_spelling(typed: str) -> str:
    # Longer than any code even as it is: what is behind that need not be looked at.
    text = unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).upper()
    seen = "".join(figure(each) for each in text if unicodedata.category(each) not in UNSEEN and each not in "\t\r\n")
    return DECORATION.sub("", seen)


def figure(character: str) -> str:
    """The European figure of a decimal digit in any script; anything else as it is."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def checked_code(typed: str, *field: str) -> str:
    """The code in its one spelling. Fault: INVALID."""
    code = code_in_one_spelling(typed)
    if code is None:
        raise UserFault(
            FaultCode.INVALID,
            f"A code has {SHORTEST_CODE} to {LONGEST_CODE} Latin or Arabic letters, figures, hyphens and underscores.",
            field,
        )
    return code
