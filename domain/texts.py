"""Texts in Arabic and English, and the checks that every typed text passes."""

import re
import unicodedata
from dataclasses import dataclass

from domain.errors import FaultCode, UserFault

LOCALES = ("ar", "en")
LINK = re.compile(
    r"://|[@\uff20]|(?i:www\.)|\w\.[a-z]{2,}"
    r"|\.(?i:com|net|org|co|info|io|biz|app|xyz|shop|store|online|site|link|click)\b"
)
"""What a mail program might make a link of: `bit.ly/x`, `Evil.Com`, `me@x.test`; but not `Dr.Ahmed` or `A.B. Smith`."""

MISLEADING = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
"""Marks that turn the direction of what follows, and line breaks of another name. The plain marks (U+200C to U+200F)
belong to Arabic and Persian and stay."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs, by their category, that show nothing."""
UNSEEN = frozenset({"Cc", "Cf", "Me", "Mc", "Mn", "Zl", "Zp", "Zs"})
"""Categories that show nothing by themselves: marks need a letter to stand on."""
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """The same text in two languages; either may be missing, where a name needs at least one."""

    en: str | None
    ar: str | None

    def in_locale(self, locale: str) -> str:
        """The text in a language, falling back to the other one; empty where there is neither."""
        preferred, other = (self.ar, self.en) if locale == "ar" else (self.en, self.ar)
        return preferred or other or ""

    def chosen(self, locale: str) -> tuple[str, bool]:
        """As `in_locale`, and whether that is the other language."""
        preferred, other = (self.ar, self.en) if locale == "ar" else (self.en, self.ar)
        return (other, True) if other and not preferred else (preferred or "", False)


def cleaned(value: str | None, *field: str, limit: int, multiline: bool = False) -> str | None:
    """Trimmed and in Unicode's composed form; None if nothing of it shows. Refuses control characters and what is too
    long.
    """
    if value is None:
        return None
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if len(text) > limit:
        raise UserFault(FaultCode.TOO_LONG, f"At most {limit} characters.", field)
    if text.isascii() and text.isprintable():
        return text or None
    if text.isprintable():  # which neither those marks nor control characters are: hardly any text is looked at further
        return text if is_visible(text) else None
    allowed = "\n\t" if multiline else ""
    if MISLEADING.search(text):
        raise UserFault(FaultCode.INVALID, "Invisible marks that turn the direction are not allowed.", field)
    if any(unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed for character in text):
        raise UserFault(FaultCode.INVALID, "Control characters are not allowed.", field)
    return text if is_visible(text) else None


def is_visible(text: str) -> bool:
    """Whether anything of it shows. Mostly the first character tells."""
    return any(unicodedata.category(each) not in UNSEEN and each not in BLANK for each in text)


def required(value: str | None, *field: str, limit: int) -> str:
    """As `cleaned`, and refuses an empty text."""
    text = cleaned(value, *field, limit=limit)
    if text is None:
        raise UserFault(FaultCode.REQUIRED, "This field is required.", field)
    return text


def person_name(value: str, *field: str, limit: int) -> str:
    """What somebody calls themselves.

    Mails to an address that nobody has proven greet with it: it must not carry a stranger's advertisement there.
    """
    name = required(value, *field, limit=limit)
    if LINK.search(name):
        raise UserFault(FaultCode.INVALID, "A name contains no address.", field)
    return name


def cleaned_name(name: LocalizedText, *field: str, limit: int = 200) -> LocalizedText:
    """A name in at least one of the two languages."""
    text = LocalizedText(en=cleaned(name.en, *field, "en", limit=limit), ar=cleaned(name.ar, *field, "ar", limit=limit))
    if text.en is None and text.ar is None:
        raise UserFault(FaultCode.REQUIRED, "A name in Arabic or in English is required.", field)
    return text


def cleaned_description(text: LocalizedText, *field: str, limit: int = 20_000) -> LocalizedText:
    """A longer text in either language, or none."""
    return LocalizedText(
        en=cleaned(text.en, *field, "en", limit=limit, multiline=True),
        ar=cleaned(text.ar, *field, "ar", limit=limit, multiline=True),
    )


def checked_slug(slug: str, *field: str, shortest: int = 1, limit: int = 80) -> str:
    """A slug as it stands in an address: lower-case Latin letters and digits in words joined by single hyphens."""
    if not shortest <= len(slug) <= limit or not SLUG.fullmatch(slug):
        raise UserFault(
            FaultCode.INVALID,
            f"A slug has {shortest} to {limit} lower-case letters, digits and single hyphens.",
            field,
        )
    return slug


def slug_from(name: LocalizedText, fallback: str) -> str:
    """A slug proposed from the English name; Arabic has no Latin letters, so `fallback` stands in."""
    plain = unicodedata.normalize("NFKD", name.en or "").encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-") or fallback
