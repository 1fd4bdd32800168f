"""What people type: trimmed, composed, bounded, and free of what no text holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.emails import normalized_email
from domain.errors import FaultCode, UserFault
from domain.texts import SLUG, LocalizedText, checked_slug, cleaned, cleaned_name, person_name, slug_from


def code_of(refused: pytest.ExceptionInfo[UserFault]) -> tuple[FaultCode, tuple[str, ...]]:
    return refused.value.code, refused.value.field


def test_a_text_is_trimmed_and_composed() -> None:
    assert cleaned("  cafe\u0301 ", "name", limit=10) == "café"
    assert cleaned(" \n ", "name", limit=10, multiline=True) is None
    assert cleaned("one\r\ntwo", "note", limit=10, multiline=True) == "one\ntwo"


@pytest.mark.parametrize(
    "nothing",
    ["\u200b", "\u200d\u200c", "\u00a0\u200e ", "\u0651", "\u0301\u20dd", "\u00ad", "\u3164", "\u2800 \u200b"],
)
def test_what_shows_nothing_is_empty(nothing: str) -> None:
    assert cleaned(nothing, "name", limit=10) is cleaned(nothing, "about", limit=10, multiline=True) is None
    with pytest.raises(UserFault) as refused:
        cleaned_name(LocalizedText(en=nothing, ar=None), "name")
    assert code_of(refused) == (FaultCode.REQUIRED, ("name",))


@pytest.mark.parametrize("name", ["می\u200cخواهم", "👩\u200d👩\u200d👧", "ن\u064e", "\u200fق", "-", "\ue000"])
def test_marks_beside_what_shows_stay(name: str) -> None:
    assert cleaned(name, "name", limit=10) == name


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "line\nline", "\ud800"])
def test_what_no_text_holds_is_refused(text: str) -> None:
    with pytest.raises(UserFault) as refused:
        cleaned(text, "name", limit=100)
    assert code_of(refused) == (FaultCode.INVALID, ("name",))


def test_the_limit_counts_characters() -> None:
    assert cleaned("م" * 10, "name", limit=10)
    with pytest.raises(UserFault) as refused:
        cleaned("م" * 11, "name", limit=10)
    assert code_of(refused) == (FaultCode.TOO_LONG, ("name",))


def test_a_name_needs_one_language_and_falls_back_to_the_other() -> None:
    name = cleaned_name(LocalizedText(en=None, ar=" تمر "), "name")
    assert name.in_locale("en") == name.in_locale("ar") == "تمر"
    both = LocalizedText(en="Dates", ar="تمر")
    assert (both.in_locale("en"), both.in_locale("ar")) == ("Dates", "تمر")
    with pytest.raises(UserFault) as refused:
        cleaned_name(LocalizedText(en=" ", ar=None), "name")
    assert code_of(refused) == (FaultCode.REQUIRED, ("name",))


@given(st.text(max_size=100))
def test_a_proposed_slug_is_always_a_slug(english: str) -> None:
    assert SLUG.fullmatch(slug_from(LocalizedText(en=english, ar=None), "fallback"))


@given(st.text(max_size=100).filter(lambda text: not SLUG.fullmatch(text)))
def test_anything_else_is_no_slug(text: str) -> None:
    with pytest.raises(UserFault):
        checked_slug(text, "slug")


@pytest.mark.parametrize(
    "name",
    [
        "see www.example.com",
        "me@example.com",
        "http://x",
        "Cheap.com pills",
        "bit.ly/abc win",
        "t.me",
        "EVIL.COM",
        "See Evil.Com",
        "WWW.EVIL",
        "me\uff20example",
    ],
)
def test_a_name_carries_no_address(name: str) -> None:
    with pytest.raises(UserFault):
        person_name(name, "name", limit=100)


@pytest.mark.parametrize("name", ["Dr.Ahmed Al-Sabah", "A.B. Smith", "د. نورة", "St. John", "Mary-Jane O'Neil"])
def test_a_name_with_a_title_is_a_name(name: str) -> None:
    assert person_name(name, "name", limit=100) == name


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u2028", "\ufeff"])
def test_marks_that_mislead_the_eye_are_refused(mark: str) -> None:
    with pytest.raises(UserFault):
        cleaned(f"abc{mark}def", "name", limit=100)
    assert cleaned("می\u200cخواهم", "name", limit=100), "the joiners that Arabic script needs stay"


def test_one_address_has_one_spelling() -> None:
    assert normalized_email(" Noura@Example.COM ") == normalized_email("noura@example.com")


@pytest.mark.parametrize(
    "address", ["", "noura", "noura@", "@x.test", "a b@x.test", "نورة@example.com", "a@x..test", "a@" + "x" * 300]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserFault) as refused:
        normalized_email(address, "email")
    assert code_of(refused) == (FaultCode.INVALID, ("email",))
