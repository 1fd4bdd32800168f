"""Mission S7: what is kept of a visit says nothing of who somebody is, however that is spelt."""

from urllib.parse import quote

import pytest

from domain.visit_sightings import NewSighting, Touch, checked_sighting

ORDER_TOKEN = "AZ8ZcYp0cKqA1bQ3x7wTgQAAZ3kq0F9v2mZs-1Yx_8cVbNnMqWeRtYuIoPaSdFgHjKlZxCvB"
TELLING = [
    "noura@people.test",
    "noura%40people.test",
    "noura\uff20people.test",
    "mailto:noura@people.test",
    "+96550001234",
    "0096550001234",
    "+965-5000-1234",
    "+٩٦٥٥٠٠٠١٢٣٤",
    "tel:+96550001234",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub3VyYSJ9.c2lnbmF0dXJl",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "CjwKCAiA3ZC6BhBaEiwAeqfvyhQ9xkHd7w",
    ORDER_TOKEN,
]
HARMLESS = [
    "ramadan-2026",
    "C++",
    "@dukkan",
    "120210987654321098",
    "item_01h2xcejqtf2nbrexx3vqjhp41",
    "a-very-long-name-of-an-item-with-dates-and-2-kinds-of-nuts",
    "SaudiNationalDaySpecialOfferForEverybody",
    "100%",
    "50%-off",
    "sale+20",
    "تمر-العجوة-الفاخر-من-المدينة-المنورة",
    "2026-00-12",
]


def kept(**given: str) -> Touch:
    return checked_sighting(NewSighting(**given)).touch  # pyright: ignore[reportArgumentType] - texts alone


@pytest.mark.parametrize("times", [0, 1, 2, 3])
@pytest.mark.parametrize("telling", TELLING)
def test_what_says_who_somebody_is_is_left_out(telling: str, times: int) -> None:
    for _ in range(times):
        telling = quote(telling, safe="")
    assert kept(landing_page=f"/thanks/{telling}/x").landing_page == "/thanks/-/x"
    assert kept(landing_page=f"https://dukkan.example/thanks/{telling}/x").landing_page == "/thanks/-/x"
    for name in ("source", "medium", "campaign", "term", "content"):
        assert kept(**{name: telling}) == Touch()
        assert getattr(kept(**{name: f"for {telling} only"}), name) == "for only"


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_does_not_stays(harmless: str) -> None:
    assert kept(campaign=harmless).campaign == harmless
    assert kept(landing_page=f"/items/{quote(harmless, safe='+@')}").landing_page == f"/items/{harmless}"


def test_a_telephone_number_may_be_several_words() -> None:
    assert kept(term="call +965 5000 1234 now").term == "call now"


def test_what_was_encoded_without_end_is_left_out() -> None:
    endless = "noura@people.test"
    for _ in range(9):
        endless = quote(endless, safe="")
    assert kept(landing_page=f"/x/{endless}").landing_page == "/x/-"
    assert kept(term=endless).term is None


@pytest.mark.parametrize("behind", ["%3Ftoken=secret", "%3ftoken=secret", "%23secret", "?a=secret%23", "#secret"])
def test_nothing_behind_a_path_is_kept(behind: str) -> None:
    assert kept(landing_page=f"/reset{behind}").landing_page == "/reset"
    assert kept(landing_page=f"https://dukkan.example/reset{behind}").landing_page == "/reset"
