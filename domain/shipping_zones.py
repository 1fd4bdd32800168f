"""Shipping zones in the back office. Whoever changes any of a tenant's holds the tenant's row: they overlap nowhere."""

import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.constraints import flushed
from db.models import ShippingRate, ShippingZone, ShippingZonePlace, Tenant, new_id
from domain import audit
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.along import Along
from domain.errors import FaultCode, Faults, UserFault, named_twice, not_found
from domain.shipping_forms import HIGHEST_POSITION, CheckedZone, NewRate, NewZone, checked_zone
from domain.shipping_providers import PROVIDERS, Providers, ShippingKind, ShippingProvider

MOST_ZONES = 50
MOST_PICKUPS = 50
"""Of all zones: each is offered to everybody."""


async def list_zones(session: AsyncSession, *, actor: Actor) -> Along[list[ShippingZone]]:
    """All of the tenant's, in their order, with their rates."""
    require(actor, Permission.ORDERS_READ)
    statement = select(ShippingZone).order_by(ShippingZone.position, ShippingZone.id)
    zones = list((await session.execute(statement)).scalars())
    return Along(zones, {rates_of: await rates_of(session, [zone.id for zone in zones])})


def list_providers(*, actor: Actor, providers: Providers = PROVIDERS) -> list[ShippingProvider]:
    """Those that the platform has."""
    require(actor, Permission.ORDERS_READ)
    return [*providers.values()]


async def rates_of(session: AsyncSession, zone_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[ShippingRate]]:
    """The rates of zones in their order, for a loader."""
    statement = select(ShippingRate).where(ShippingRate.zone_id.in_(zone_ids)).order_by(ShippingRate.position)
    found: dict[uuid.UUID, list[ShippingRate]] = {zone_id: [] for zone_id in zone_ids}
    for rate in (await session.execute(statement)).scalars():
        found[rate.zone_id].append(rate)
    return found


async def save(
    session: AsyncSession,
    *,
    actor: Actor,
    given: NewZone,
    zone_id: uuid.UUID | None = None,
    version: int | None = None,
    providers: Providers = PROVIDERS,
) -> ShippingZone:
    """A new zone, or all of one anew: rates that are not named any more are gone. What changes nothing is no edit.

    Faults: everything invalid at once; NOT_FOUND zone or rates; STALE if a `version` is given that is not the current
    one; TAKEN places of other zones; LIMIT_REACHED.
    """
    require(actor, Permission.TENANT_MANAGE)
    wanted = checked_zone(given, providers)
    await hold_zones(session, actor)
    zone = await held_zone(session, actor, zone_id, version) if zone_id else await new_zone(session, actor)
    await check_pickups(session, zone.id, wanted, providers)
    await check_overlaps(session, zone.id, wanted.places)
    current = (await rates_of(session, [zone.id]))[zone.id]
    rates = wanted_rates(zone, current, given.rates)
    for row, columns in ((zone, wanted.columns), *zip(rates, wanted.rates, strict=True)):
        for name, value in columns.items():
            setattr(row, name, value)
    gone = [rate for rate in current if rate not in rates]
    if zone_id is None:
        session.add(zone)
        await session.flush()  # what refers to it comes behind it
    elif gone or any(session.is_modified(row) for row in (zone, *rates)):
        zone.version += 1
    else:
        return zone
    for rate in gone:
        await session.delete(rate)
    session.add_all(rates)
    await replace_places(session, zone, wanted.places)
    audit.record(session, actor=actor, act=Act.SHIPPING_ZONE_SAVE, zone_id=str(zone.id))
    await flushed(session, {"pk_shipping_zone_places": overlapping()})
    return zone


async def delete(session: AsyncSession, *, actor: Actor, zone_id: uuid.UUID, version: int | None = None) -> None:
    """With its rates; orders keep what they were told. Faults: NOT_FOUND, STALE."""
    require(actor, Permission.TENANT_MANAGE)
    await hold_zones(session, actor)
    zone = await held_zone(session, actor, zone_id, version)
    await session.delete(zone)
    audit.record(session, actor=actor, act=Act.SHIPPING_ZONE_DELETE, zone_id=str(zone_id))
    await session.flush()


async def hold_zones(session: AsyncSession, actor: Actor) -> None:
    """Whatever changes zones waits here for the others, until the transaction ends; orders do not."""
    held = select(Tenant.id).where(Tenant.id == actor.tenant).with_for_update(key_share=True)
    (await session.execute(held)).scalar_one()


async def held_zone(session: AsyncSession, actor: Actor, zone_id: uuid.UUID, version: int | None) -> ShippingZone:
    zone = await session.get(ShippingZone, (actor.tenant, zone_id))
    if zone is None:
        raise not_found("shipping zone", "id")
    if version is not None and version != zone.version:
        raise UserFault(FaultCode.STALE, "The zone was changed meanwhile: read it again.", ("version",))
    return zone


async def new_zone(session: AsyncSession, actor: Actor) -> ShippingZone:
    """One behind the others. Fault: LIMIT_REACHED."""
    counting = select(func.count(), func.coalesce(func.max(ShippingZone.position), -1))
    count, last = (await session.execute(counting.select_from(ShippingZone))).one()
    if count >= MOST_ZONES:
        raise UserFault(FaultCode.LIMIT_REACHED, f"There are at most {MOST_ZONES} shipping zones.")
    return ShippingZone(tenant_id=actor.tenant, id=new_id(), position=min(last + 1, HIGHEST_POSITION))


async def check_pickups(session: AsyncSession, zone_id: uuid.UUID, wanted: CheckedZone, providers: Providers) -> None:
    pickups = [name for name, each in providers.items() if each.kind is ShippingKind.PICKUP]
    mine = sum(rate["provider"] in pickups for rate in wanted.rates)
    others = select(func.count()).where(ShippingRate.provider.in_(pickups), ShippingRate.zone_id != zone_id)
    if mine and mine + (await session.execute(others)).scalar_one() > MOST_PICKUPS:
        message = f"There are at most {MOST_PICKUPS} rates for pick-up in all zones together."
        raise UserFault(FaultCode.LIMIT_REACHED, message, ("rates",))


async def check_overlaps(session: AsyncSession, zone_id: uuid.UUID, places: Mapping[str, tuple[str, ...]]) -> None:
    """Raises every place that another zone has: which rates count there would be left to chance."""
    of_others = ShippingZonePlace.key.in_(places), ShippingZonePlace.zone_id != zone_id
    taken = (await session.execute(select(ShippingZonePlace.key).where(*of_others))).scalars()
    paths = {places[key] for key in taken}
    faults = Faults()
    faults.found += [overlapping(path) for path in dict.fromkeys(places.values()) if path in paths]
    faults.raise_any()


def overlapping(path: tuple[str, ...] = ()) -> UserFault:
    return UserFault(FaultCode.TAKEN, "Another zone has this place: take it out there first.", path)


def wanted_rates(zone: ShippingZone, current: Sequence[ShippingRate], given: Sequence[NewRate]) -> list[ShippingRate]:
    """The zone's rates that are named, and new ones for the others. Faults: NOT_FOUND; INVALID for one named twice."""
    faults, left, rates = Faults(), {rate.id: rate for rate in current}, list[ShippingRate]()
    known = set(left)
    for place, each in enumerate(given):
        if each.id is None:
            rates.append(ShippingRate(tenant_id=zone.tenant_id, id=new_id(), zone_id=zone.id))
        elif each.id in left:
            rates.append(left.pop(each.id))
        else:
            field = "rates", str(place), "id"
            faults.found.append(named_twice(*field) if each.id in known else not_found("shipping rate", *field))
    faults.raise_any()
    return rates


async def replace_places(session: AsyncSession, zone: ShippingZone, places: Collection[str]) -> None:
    """Whoever else wants one of them waits for the tenant's row."""
    mine = select(ShippingZonePlace).where(ShippingZonePlace.zone_id == zone.id)
    current = {place.key: place for place in (await session.execute(mine)).scalars()}
    for key in current.keys() - set(places):
        await session.delete(current[key])
    new = [ShippingZonePlace(tenant_id=zone.tenant_id, key=key, zone_id=zone.id) for key in places]
    session.add_all(place for place in new if place.key not in current)
