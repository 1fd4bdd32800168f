"""A link leads to the platform that it says, however it is written."""

import pytest

from domain.errors import UserFaults
from domain.social_links import HOSTS, SocialLink, checked_links, leads_to
from gql.store_profiles import SocialPlatform

PAGES = {
    "facebook": "https://m.facebook.com/dukkan.kw?locale=ar_AR",
    "instagram": "https://www.instagram.com/dukkan.kw/",
    "linkedin": "https://www.linkedin.com/company/dukkan",
    "pinterest": "https://pinterest.com/dukkan",
    "snapchat": "https://www.snapchat.com/add/dukkan",
    "telegram": "https://t.me/dukkan",
    "threads": "https://www.threads.net/@dukkan",
    "tiktok": "https://www.tiktok.com/@dukkan",
    "x": "https://twitter.com/dukkan",
    "youtube": "https://youtube.com/channel/UC-x_9#about",
}


def test_each_platform_has_hosts_and_pages_on_them() -> None:
    assert {str(each.value) for each in SocialPlatform} == set(HOSTS) == set(PAGES)
    for platform, url in PAGES.items():
        assert [other for other in HOSTS if leads_to(other, url)] == [platform]


@pytest.mark.parametrize(
    "url",
    [
        "https://instagram.com.evil.example/dukkan",
        "https://evil.example/instagram.com/dukkan",
        "https://evil-instagram.com/dukkan",
        "https://instagram.com@evil.example/dukkan",
        "https://instagram.com:x@evil.example/dukkan",
        "https://user@instagram.com/dukkan",
        "https://instagram.com:8443/dukkan",
        "https://instagram.com\\@evil.example/dukkan",
        "https://evil.example\\.instagram.com/dukkan",
        "https://evil.example#.instagram.com/dukkan",
        "https://evil.example?.instagram.com/dukkan",
        "https://evil.example/.instagram.com/dukkan",
        "https://www.evil.instagram.com/dukkan",
        "https://instagram.com./dukkan",
        "https://ınstagram.com/dukkan",
        "https://instagrаm.com/dukkan",
        "https://xn--instagrm-cdh.com/dukkan",
        "https://instagram.com",
        "https://instagram.com/",
        "http://instagram.com/dukkan",
        "//instagram.com/dukkan",
        "javascript://instagram.com/%0aalert(1)",
        "https:/instagram.com/dukkan",
        "https:///instagram.com/dukkan",
        "HTTPS://instagram.com/dukkan\n",
        "https://instagram.com/duk kan",
        "https://instagram.com/duk\tkan",
        "https://instagram.com/\u202edukkan",
        'https://instagram.com/"onclick=x',
        "https://instagram.com/x'/onclick=alert(1)//",
        "https://instagram.com/<script>",
        "https://www.instagram.com\u2044dukkan",
        "",
    ],
)
def test_what_leads_elsewhere_or_may_be_read_otherwise_is_refused(url: str) -> None:
    assert not any(leads_to(platform, url) for platform in HOSTS)


def test_a_host_has_no_case_and_a_page_has() -> None:
    (link,) = checked_links([SocialLink("instagram", " HTTPS://WWW.Instagram.COM/Dukkan ")])
    assert link.url == "https://www.instagram.com/Dukkan"


@pytest.mark.parametrize(("platform", "host"), [("x", "x.com"), ("threads", "threads.com"), ("youtube", "youtube.com")])
def test_who_links_elsewhere_is_told_the_host_of_today(platform: str, host: str) -> None:
    with pytest.raises(UserFaults, match=f" https://{host}/"):
        checked_links([SocialLink(platform, "https://evil.example/dukkan")])
