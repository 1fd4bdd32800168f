"""What a key looks like, and who may give one what."""

from dataclasses import replace
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import Parts
from domain import api_keys
from domain.actors import KEY_SCOPES, Actor, ActorKind, Permission
from domain.api_keys import LENGTH, PREFIX, NewKey, base62, is_intact, is_key, new_key
from domain.errors import AccessDenied, FaultCode, UserFaults
from tests.support.factories import Factory, Shop

ALPHABET = digits + ascii_letters


def test_keys_are_recognised_and_never_the_same() -> None:
    keys = {new_key() for _ in range(200)}
    assert len(keys) == 200
    assert all(is_key(key) and is_intact(key) for key in keys)
    assert {len(key) for key in keys} == {LENGTH}
    assert {character for key in keys for character in key.removeprefix(PREFIX)} == set(ALPHABET)


@given(st.integers(0, 2**256 - 1))
def test_base_62_loses_nothing(number: int) -> None:
    written = base62(number, 43)
    places = digits + ascii_letters[26:] + ascii_letters[:26]
    read = 0
    for character in written:
        read = read * 62 + places.index(character)
    assert (len(written), read) == (43, number)


@given(st.integers(len(PREFIX), LENGTH - 1), st.sampled_from(ALPHABET))
def test_every_slip_of_one_character_is_known_by_the_checksum(place: int, character: str) -> None:
    key = new_key()
    slipped = key[:place] + character + key[place + 1 :]
    assert is_intact(slipped) == (slipped == key)


@pytest.mark.parametrize(
    "text",
    ["", PREFIX, PREFIX + "x" * 49, PREFIX + "ا" * 49, new_key() + "0", new_key()[:-1]],
    ids=["nothing", "only the prefix", "wrong checksum", "Arabic", "one more", "one less"],
)
def test_other_texts_are_no_keys(text: str) -> None:
    assert not is_intact(text)


async def refused(parts: Parts, actor: Actor, *scopes: Permission) -> list[tuple[FaultCode, tuple[str, ...]]]:
    async with parts.database.write(actor.scope) as session:
        with pytest.raises(UserFaults) as raised:
            await api_keys.create(session, actor=actor, given=NewKey("Till", scopes, 30))
    return [(fault.code, fault.field) for fault in raised.value.faults]


@pytest.mark.parametrize("scope", sorted(frozenset(Permission) - KEY_SCOPES, key=str), ids=str)
async def test_no_key_gets_power_over_people_keys_or_the_tenant(parts: Parts, shop: Shop, scope: Permission) -> None:
    """Mission T8. Whoever asks, and by whatever way."""
    assert await refused(parts, shop.actor, scope) == [(FaultCode.INVALID, ("scopes",))]


async def test_nobody_gives_a_key_more_than_they_may_do(parts: Parts, shop: Shop) -> None:
    """Mission T8."""
    held = frozenset({Permission.API_KEYS_MANAGE, Permission.CATALOG_READ})
    limited = replace(shop.actor, permissions=held)
    assert await refused(parts, limited, Permission.CATALOG_READ, Permission.ORDERS_READ) == [
        (FaultCode.INVALID, ("scopes",))
    ]


async def test_a_key_makes_no_keys(parts: Parts, shop: Shop) -> None:
    """Mission T8. Also if one had the permission by mistake it would lack the person."""
    program = Actor(ActorKind.API_KEY, shop.tenant.id, permissions=KEY_SCOPES)
    async with parts.database.write(program.scope) as session:
        for call in (
            api_keys.create(session, actor=program, given=NewKey("Till", KEY_SCOPES, 30)),
            api_keys.rotate(session, actor=program, key_id=shop.tenant.id, days=30, overlap_hours=1),
            api_keys.revoke(session, actor=program, key_id=shop.tenant.id),
            api_keys.count_keys(session, actor=program, status=None),
        ):
            with pytest.raises(AccessDenied):
                await call


async def test_the_role_is_read_again_before_anything_is_done_with_a_key(
    parts: Parts, factory: Factory, shop: Shop
) -> None:
    """Mission T8. Whoever lost it while they waited for the lock changes nothing, and revokes nothing either."""
    async with parts.database.write(shop.actor.scope) as session:
        issued = await api_keys.create(session, actor=shop.actor, given=NewKey("Till", KEY_SCOPES, 30))
    key_id = issued.stored.id
    stranger = replace(shop.actor, person_id=(await factory.member()).person.id)  # an owner when they were identified
    async with parts.database.write(stranger.scope) as session:
        for call in (
            api_keys.create(session, actor=stranger, given=NewKey("Till", KEY_SCOPES, 30)),
            api_keys.rotate(session, actor=stranger, key_id=key_id, days=30, overlap_hours=1),
            api_keys.revoke(session, actor=stranger, key_id=key_id),
        ):
            with pytest.raises(AccessDenied):
                await call
