"""Which shipping rates a destination is offered, found by one statement."""

from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, Uuid, and_, any_, false, func, literal_column, or_, select

from db.models import ShippingRate, ShippingZone, ShippingZonePlace
from db.rows import Statement, compile_statement, parameter

COLUMNS = (
    ShippingRate.id,
    ShippingRate.provider,
    ShippingRate.name_en,
    ShippingRate.name_ar,
    ShippingRate.price,
    ShippingRate.free_above,
    ShippingRate.estimate_min_days,
    ShippingRate.estimate_max_days,
    ShippingRate.instructions_en,
    ShippingRate.instructions_ar,
)


@cache
def offered_rates() -> Statement:
    """The rates offered to a destination: deliveries first, then in the order of zones and rates."""
    statement, is_offered = with_offer()
    pickups = parameter("pickups", ARRAY(Text()))
    return compile_statement(
        statement.where(is_offered).order_by(
            ShippingRate.provider == any_(pickups), ShippingZone.position, ShippingZone.id, ShippingRate.position
        )
    )


@cache
def rate_with_offer() -> Statement:
    """One rate, and whether it is offered to a destination."""
    statement, is_offered = with_offer()
    return compile_statement(
        statement.add_columns(is_offered.label("is_offered")).where(ShippingRate.id == parameter("rate_id", Uuid()))
    )


def with_offer() -> tuple[Select[*tuple[Any, ...]], ColumnElement[bool]]:
    """Rates, and the condition that they are offered by: `keys` are those of the destination, the narrowest first.

    The zone of the narrowest place decides, also where it has no rate at all. Who comes for things lives anywhere.
    """
    tenant_id, keys = parameter("tenant_id", Uuid()), parameter("keys", ARRAY(Text()))
    zone_id = (
        select(ShippingZonePlace.zone_id)
        .where(ShippingZonePlace.tenant_id == tenant_id, ShippingZonePlace.key == any_(keys))
        .order_by(func.array_position(keys, ShippingZonePlace.key))
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    delivered = and_(
        ShippingRate.provider == any_(parameter("deliveries", ARRAY(Text()))), ShippingRate.zone_id == zone_id
    )
    collected = ShippingRate.provider == any_(parameter("pickups", ARRAY(Text())))
    of_zone = and_(ShippingZone.tenant_id == ShippingRate.tenant_id, ShippingZone.id == ShippingRate.zone_id)
    statement = select(*COLUMNS).join(ShippingZone, of_zone).where(ShippingRate.tenant_id == tenant_id)
    # A zone that is found by no key is null, which `coalesce` makes a plain no.
    is_offered = func.coalesce(and_(ShippingRate.is_enabled, or_(delivered, collected)), false())
    return statement, is_offered
