"""What a password must be, whichever provider keeps it."""

import re
import unicodedata

from domain.errors import FaultCode, UserFault

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256

COMMON_WORDS = frozenset(
    [
        "abc",
        "abcd",
        "abcdef",
        "access",
        "account",
        "admin",
        "administrator",
        "alhamdulillah",
        "allah",
        "baseball",
        "bismillah",
        "changeme",
        "charity",
        "default",
        "donation",
        "dragon",
        "football",
        "guest",
        "hello",
        "iloveyou",
        "kuwait",
        "letmein",
        "login",
        "love",
        "loveyou",
        "master",
        "mohammed",
        "monkey",
        "muhammad",
        "mypassword",
        "nopassword",
        "p",
        "pass",
        "passphrase",
        "passw",
        "password",
        "passwordpassword",
        "princess",
        "qazwsx",
        "qwer",
        "qwerty",
        "qwertyuiop",
        "ramadan",
        "root",
        "sadu",
        "secret",
        "shop",
        "store",
        "sunshine",
        "superman",
        "system",
        "temp",
        "temppassword",
        "test",
        "testing",
        "user",
        "welcome",
        "whatever",
        "zxcvbnm",
    ]
)
"""What is left of the commonest passwords without the digits and signs around them."""

LOOKS_LIKE = str.maketrans("013457@$!", "oleastasi")
RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")


def normalized_password(password: str) -> str:
    """One spelling for what different keyboards send for the same characters."""
    return unicodedata.normalize("NFKC", password)


def checked_password(password: str, *field: str, email: str) -> str:
    """The password, normalised: 10 to 256 characters, hard enough to guess, without the name in the address."""
    if not password:
        raise UserFault(FaultCode.REQUIRED, "This field is required.", field)
    secret = normalized_password(password)
    if len(secret) > LONGEST_PASSWORD:
        raise UserFault(FaultCode.TOO_LONG, f"A password has at most {LONGEST_PASSWORD} characters.", field)
    if len(secret) < SHORTEST_PASSWORD:
        raise UserFault(FaultCode.INVALID, f"A password has at least {SHORTEST_PASSWORD} characters.", field)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in secret):
        raise UserFault(FaultCode.INVALID, "Control characters are not allowed.", field)
    if names_its_owner(secret, email):
        raise UserFault(FaultCode.INVALID, "A password must not contain your email address.", field)
    if is_commonplace(secret):
        raise UserFault(FaultCode.INVALID, "This password is too easy to guess.", field)
    return secret


def names_its_owner(password: str, email: str) -> bool:
    """Whether the password contains the part before the `@`; one of three letters is in too many words to matter."""
    mailbox = email.partition("@")[0].partition("+")[0]
    return len(mailbox) > 3 and mailbox in password.casefold()


def is_commonplace(password: str) -> bool:
    """Whether the password is among the first that anybody would try."""
    plain = password.casefold()
    if len(set(plain)) < 5 or plain in (plain + plain)[1:-1]:
        return True
    if any(plain in run or plain[::-1] in run for run in RUNS):
        return True
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    return core in COMMON_WORDS or core.translate(LOOKS_LIKE) in COMMON_WORDS or not core
