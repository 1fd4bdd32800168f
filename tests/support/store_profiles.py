"""A store that tells all that there is to tell."""

from typing import Any

TEXTS = {
    "about": 5_000,
    "contactAddress": 500,
    "openingHours": 1_000,
    "paymentInstructions": 2_000,
    "returnsPolicy": 20_000,
    "privacyPolicy": 20_000,
    "shippingPolicy": 20_000,
    "terms": 20_000,
}
"""By the longest that each may be in a language."""

NUMBERS = {"commercialRegistration": "CR-4411", "taxNumber": "T-20931", "charityPermit": "2026/118"}
LINKS = [
    {"platform": "INSTAGRAM", "url": "https://www.instagram.com/dukkan.kw"},
    {"platform": "X", "url": "https://x.com/dukkan"},
    {"platform": "TIKTOK", "url": "https://www.tiktok.com/@dukkan"},
]

FULL: dict[str, Any] = {
    **{name: {"en": f"{name}\nin English", "ar": f"{name}\nبالعربية"} for name in TEXTS},
    "whatsappNumber": "+96550001234",
    **NUMBERS,
    "socialLinks": LINKS,
}
"""As it is sent, and as it is told by `FIELDS`."""

FIELDS = " ".join(
    [*(f"{name} {{ en ar }}" for name in TEXTS), "whatsappNumber", *NUMBERS, "socialLinks { platform url }"]
)
