"""Visits in the API: storefronts record them, staff see how people came."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from db.models import Visit as VisitRow
from domain import visits
from domain.pages import PageRequest
from domain.visit_sightings import TOUCH_FIELDS, NewSighting, checked_sighting
from domain.visits import VisitFilter
from gql.access import STORE
from gql.connections import After, Connection, First
from gql.context import Info
from gql.cost import RECORD
from gql.ids import global_id, known_id
from gql.roots import Payload, mutation


@strawberry.type(description="How somebody came to the store. Everything is null for one who simply came.")
class VisitTouch:
    source: str | None = strawberry.field(description="`utm_source`, in lower case, such as `instagram`.")
    medium: str | None = strawberry.field(description="`utm_medium`, in lower case, such as `cpc`.")
    campaign: str | None = strawberry.field(description="`utm_campaign`, as it was written.")
    term: str | None = strawberry.field(description="`utm_term`, as it was written.")
    content: str | None = strawberry.field(description="`utm_content`, as it was written.")
    referrer: str | None = strawberry.field(description="Host of the site, or name of the app, that they came from.")
    landing_page: str | None = strawberry.field(description="Path of the page on which they arrived, without a query.")
    at: datetime = strawberry.field(description="When.")


@strawberry.type(description="One browser's way to the store. Nothing in it says who somebody is.")
class Visit:
    id: strawberry.ID = strawberry.field(description="Identifier.")
    first_touch: VisitTouch = strawberry.field(description="How they came first.")
    last_touch: VisitTouch = strawberry.field(
        description="How they came last: the latest campaign or referrer, if there was another one behind the first. "
        "In an order's visit, how they had come last when it was placed."
    )
    started_at: datetime = strawberry.field(description="When it was first recorded.")
    last_seen_at: datetime = strawberry.field(description="When it was last recorded; it ends 30 days later.")
    sightings: int = strawberry.field(description="How often it was recorded.")


@strawberry.input(description="The UTM parameters of a landing page's address, decoded; each up to 200 characters.")
class UtmInput:
    source: str | None = strawberry.field(default=None, description="`utm_source`; kept in lower case.")
    medium: str | None = strawberry.field(default=None, description="`utm_medium`; kept in lower case.")
    campaign: str | None = strawberry.field(default=None, description="`utm_campaign`.")
    term: str | None = strawberry.field(default=None, description="`utm_term`.")
    content: str | None = strawberry.field(default=None, description="`utm_content`.")


@strawberry.input(
    description="How somebody has come. Words and parts of paths that look like an email address, a telephone number "
    "with its country code, or a token are left out; no IP address and no name of a browser is kept."
)
class VisitRecordInput:
    visit_id: strawberry.ID | None = strawberry.field(
        default=None, description="What an earlier call answered, if the browser has kept it."
    )
    utm: UtmInput | None = strawberry.field(default=None, description="The campaign, if the address names one.")
    referrer: str | None = strawberry.field(
        default=None,
        description="`document.referrer`, up to 2,000 characters. Its host is kept, unless that is the landing page's.",
    )
    landing_page: str | None = strawberry.field(
        default=None,
        description="`location.href`, or a path that begins with `/`, up to 2,000 characters. Its path is kept, and "
        "nothing behind `?` or `#`.",
    )


@strawberry.type(description="The visit that was recorded.")
class VisitRecordPayload(Payload):
    visit_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="For the browser to keep, to send with the next call and with `orderSubmit`. Null when "
        "`userErrors` says why.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="When the visit ends, unless it is recorded again: 30 days from now. Null when `userErrors` says "
        "why.",
    )


@strawberry.type
class VisitMutation:
    @mutation(
        VisitRecordPayload,
        access=STORE,
        cost=RECORD,
        expects_tenant=True,
        description="Record that somebody has come to the store, signed in or not; answered when it is stored. With a "
        "`visitId` that still lives, the same visit is seen once more, and a campaign or referrer other than the last "
        "becomes its last touch; coming back without either leaves that as it is. Any other `visitId` begins a new "
        "visit. Where too many wait, nothing is stored: 503 `TEMPORARILY_UNAVAILABLE`.",
    )
    async def visit_record(self, info: Info, input: VisitRecordInput) -> VisitRecordPayload | None:
        recorded = await info.context.record_visit(checked_sighting(new_sighting(input)))
        return VisitRecordPayload(visit_id=global_id("visit", recorded.visit_id), expires_at=recorded.expires_at)


SourceFilter = Annotated[
    str | None, strawberry.argument(description="Only visits whose last touch has this `utm_source`, in any case.")
]
MediumFilter = Annotated[
    str | None, strawberry.argument(description="Only visits whose last touch has this `utm_medium`, in any case.")
]
CampaignFilter = Annotated[
    str | None, strawberry.argument(description="Only visits whose last touch has exactly this `utm_campaign`.")
]
Since = Annotated[datetime | None, strawberry.argument(description="Only visits that began then or later.")]
Until = Annotated[datetime | None, strawberry.argument(description="Only visits that began before.")]


@strawberry.type(description="Visits in the back office.")
class VisitFields:
    @strawberry.field(
        description="The tenant's visits, the latest begun first; kept for 13 months, and as long as an order that "
        "came of one. Needs `visits:read`: without it null and an error."
    )
    async def visits(
        self,
        info: Info,
        *,
        first: First = 20,
        after: After = None,
        source: SourceFilter = None,
        medium: MediumFilter = None,
        campaign: CampaignFilter = None,
        since: Since = None,
        until: Until = None,
    ) -> Connection[Visit] | None:
        wanted, page_request = VisitFilter(source, medium, campaign, since, until), PageRequest(first, after)
        async with info.context.read() as session:
            page = await visits.list_visits(session, actor=info.context.actor, page=page_request, wanted=wanted)

        async def count(info: Info) -> int:
            async with info.context.read() as session:
                return await visits.count_visits(session, actor=info.context.actor, wanted=wanted)

        return Connection[Visit].of(page, visit_of, count)


def new_sighting(given: VisitRecordInput) -> NewSighting:
    utm = given.utm or UtmInput()
    return NewSighting(
        visit_id=known_id("visit", given.visit_id) if given.visit_id else None,
        source=utm.source,
        medium=utm.medium,
        campaign=utm.campaign,
        term=utm.term,
        content=utm.content,
        referrer=given.referrer,
        landing_page=given.landing_page,
    )


def visit_of(row: VisitRow, last_touch: VisitTouch | None = None) -> Visit:
    """`last_touch` is what an order remembers of it."""
    return Visit(
        id=global_id("visit", row.id),
        first_touch=VisitTouch(
            source=row.first_source,
            medium=row.first_medium,
            campaign=row.first_campaign,
            term=row.first_term,
            content=row.first_content,
            referrer=row.first_referrer,
            landing_page=row.first_landing_page,
            at=row.started_at,
        ),
        last_touch=last_touch
        or VisitTouch(
            source=row.last_source,
            medium=row.last_medium,
            campaign=row.last_campaign,
            term=row.last_term,
            content=row.last_content,
            referrer=row.last_referrer,
            landing_page=row.last_landing_page,
            at=row.last_touch_at,
        ),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        sightings=row.sightings,
    )


def remembered_touch(kept: dict[str, Any] | None) -> VisitTouch | None:
    """The touch that an order keeps as JSON."""
    if kept is None:
        return None
    told = {name: kept.get(name) for name in TOUCH_FIELDS}
    return VisitTouch(**told, at=datetime.fromisoformat(kept["at"]))
