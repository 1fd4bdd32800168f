"""Where a request comes from, as far as that can be believed."""

import pytest

from bootstrap import Parts
from integrations.access_tokens import JwtVerifier, StaticKeys
from server.callers import Callers, client_address
from server.headers import RequestHeaders


@pytest.mark.parametrize(
    ("written", "ip", "network"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:50123", "203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:50123", "2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unknown", None, "unknown"),
        ("", None, ""),
        ("a:b:c", None, "a:b:c"),
        ("fe80::1%eth0", "fe80::1%eth0", "fe80::/64"),
    ],
)
def test_one_subscriber_is_one_network_and_the_records_have_the_address(
    written: str, ip: str | None, network: str
) -> None:
    """Mission X5."""
    assert client_address(written) == (ip, network)


@pytest.mark.parametrize(
    ("trusted_proxies", "forwarded", "address"),
    [
        (0, [], "10.0.0.1"),
        (0, ["198.51.100.1"], "10.0.0.1"),
        (1, ["198.51.100.1"], "198.51.100.1"),
        (1, ["203.0.113.1, 198.51.100.1"], "198.51.100.1"),
        (1, ["203.0.113.1", "198.51.100.1"], "198.51.100.1"),
        (2, ["203.0.113.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        (1, [], "10.0.0.1"),
    ],
)
def test_what_our_proxies_wrote_is_believed_and_nothing_else(
    parts: Parts, trusted_proxies: int, forwarded: list[str], address: str
) -> None:
    """Mission X5."""
    verifier = JwtVerifier(StaticKeys(parts.signer.public_key), "issuer", "client")
    callers = Callers(
        parts.database, verifier, base_domain="sadu.test", trusted_proxies=trusted_proxies, deadline_seconds=1
    )
    headers = RequestHeaders([(b"x-forwarded-for", each.encode()) for each in forwarded])
    assert callers.address(headers, "10.0.0.1").network == address
