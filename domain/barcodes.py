"""Barcodes: any short text, but one that can only be a GTIN must be one."""

import re

from domain.errors import FaultCode, UserFault
from domain.texts import cleaned

GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
"""GTIN-8, UPC-A, EAN-13 and GTIN-14, by their lengths."""
LONGEST = 64


def checked_barcode(barcode: str | None, *field: str) -> str | None:
    """The barcode as it is stored, its digits as scanners send them. Refuses a GTIN whose check digit is wrong."""
    text = cleaned(barcode, *field, limit=LONGEST)
    if text is None:
        return None
    text = "".join(str(int(each)) if each.isdecimal() else each for each in text)
    if GTIN.fullmatch(text) and not has_right_check_digit(text):
        message = "The last digit does not fit: a barcode of 8, 12, 13 or 14 digits ends with its check digit."
        raise UserFault(FaultCode.INVALID, message, field)
    return text


def has_right_check_digit(digits: str) -> bool:
    """GS1's rule: from the right, digits count once and three times in turn; the sum ends with a zero."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10 == 0
