"""Where something is to be brought, in the API."""

import strawberry

from domain.destinations import Destination as DestinationValue
from gql.address_inputs import Governorate
from gql.scalars import written


@strawberry.type(description="Where something is to be brought, as far as shipping depends on it.")
class Destination:
    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as `KW`.")
    governorate: Governorate | None = strawberry.field(description="Within Kuwait, if known.")
    area: str | None = strawberry.field(description="Such as Salmiya, if known.")


@strawberry.input(description="Where something is to be brought, as far as shipping depends on it.")
class DestinationInput:
    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as `KW`.")
    governorate: Governorate | None = strawberry.field(default=None, description="Within Kuwait alone.")
    area: str | None = strawberry.field(
        default=None, description="An area of that governorate, such as Salmiya; up to 100 characters."
    )


def destination_value(given: DestinationInput) -> DestinationValue:
    return DestinationValue(given.country, written(given.governorate), given.area)


def destination_of(value: DestinationValue) -> Destination:
    governorate = Governorate(value.governorate) if value.governorate else None
    return Destination(country=value.country, governorate=governorate, area=value.area)
