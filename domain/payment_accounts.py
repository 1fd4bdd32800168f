"""Which ways of paying a store offers, and how. Credentials go into the secret store, and are never read back."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Payment, PaymentAccount, Refund, new_id
from domain import audit
from domain.actors import Actor, Permission, require
from domain.acts import Act
from domain.changes import ABSENT, Absent
from domain.errors import FaultCode, Faults, UserFault, not_found
from domain.payment_gateways import Gateways, Transactions, has_currency, secret_name
from domain.payment_providers import Capabilities
from domain.secret_store import SecretsUnavailable
from domain.texts import LocalizedText, cleaned, cleaned_description

PROVIDERS: Mapping[str, LocalizedText] = {
    "stripe": LocalizedText(en="Card", ar="بطاقة مصرفية"),
    "paypal": LocalizedText(en="PayPal", ar="باي بال"),
    "mock": LocalizedText(en="Test payment", ar="دفع تجريبي"),
    "manual": LocalizedText(en="Pay by arrangement", ar="الدفع بالاتفاق"),
}
"""Every way of paying that there may be, in the order in which they are offered, by what shoppers call it."""

ONLINE_HOLD, MANUAL_HOLD = timedelta(minutes=15), timedelta(hours=72)
"""For how long stock waits for the money, unless the store has said otherwise."""
LONGEST_HOLD = timedelta(days=30)
LONGEST_NAME, LONGEST_INSTRUCTIONS, LONGEST_LINK, LONGEST_CREDENTIAL = 60, 2_000, 500, 5_000
# As with links to social platforms: nothing that a browser and this would read differently.
LINK = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][A-Za-z0-9@._~!$&()*+,;=:%/?#-]*)?", re.IGNORECASE)


class Unavailable(Enum):
    """Why a way of paying cannot be offered."""

    NOT_OFFERED = "not_offered"
    CURRENCY = "currency"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """A partial update. A text replaces both languages; None clears. Credentials that are not named stay."""

    name: LocalizedText | Absent | None = ABSENT
    instructions: LocalizedText | Absent | None = ABSENT
    payment_link: str | Absent | None = ABSENT
    hold_minutes: int | Absent | None = ABSENT
    credentials: Mapping[str, str | None] = field(default_factory=dict[str, str | None], repr=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """A way of paying, whether or not the store has set it up. `capabilities` are None where nobody offers it."""

    provider: str
    capabilities: Capabilities | None
    unavailable: Unavailable | None
    row: PaymentAccount | None

    @property
    def name(self) -> LocalizedText:
        return name_of(self.provider, self.row)

    @property
    def holds_for(self) -> timedelta:
        is_online = self.capabilities is not None and self.capabilities.is_online
        return hold_of(self.row.hold_minutes if self.row else None, is_online=is_online)


def hold_of(minutes: int | None, *, is_online: bool) -> timedelta:
    if minutes is None:
        return ONLINE_HOLD if is_online else MANUAL_HOLD
    return timedelta(minutes=minutes)


def name_of(provider: str, row: PaymentAccount | None) -> LocalizedText:
    """What the store calls it, else what it is usually called."""
    if row is None or not (row.name_en or row.name_ar):
        return PROVIDERS[provider]
    return LocalizedText(en=row.name_en, ar=row.name_ar)


def unavailable(capabilities: Capabilities | None, currency: str) -> Unavailable | None:
    """Why a store of this currency cannot have it; None where it can."""
    if capabilities is None:
        return Unavailable.NOT_OFFERED
    return None if has_currency(capabilities, currency) else Unavailable.CURRENCY


async def list_settings(session: AsyncSession, *, actor: Actor, gateways: Gateways, currency: str) -> Sequence[Setting]:
    """All there are, those that the store has put in order first."""
    require(actor, Permission.TENANT_MANAGE)
    rows = {row.provider: row for row in (await session.execute(select(PaymentAccount))).scalars()}
    last = max((row.position for row in rows.values()), default=0) + 1
    names = sorted(PROVIDERS, key=lambda name: rows[name].position if name in rows else last)
    return [setting(gateways, currency, name, rows.get(name)) for name in names]


def setting(gateways: Gateways, currency: str, provider: str, row: PaymentAccount | None) -> Setting:
    capabilities = gateways.capabilities(provider)
    return Setting(provider, capabilities, unavailable(capabilities, currency), row)


async def accounts_by_provider(session: AsyncSession, providers: Sequence[str]) -> dict[str, PaymentAccount]:
    """For a loader: what shoppers are told of how to pay."""
    rows = await session.execute(select(PaymentAccount).where(PaymentAccount.provider.in_(providers)))
    return {row.provider: row for row in rows.scalars()}


async def save(
    transactions: Transactions,
    *,
    actor: Actor,
    gateways: Gateways,
    currency: str,
    provider: str,
    changes: AccountChanges,
) -> Setting:
    """Set a way of paying up, or change it. Credentials are kept first: the row tells of none that is not there.

    Faults: everything wrong about the form at once, UNAVAILABLE_HERE, PROVIDER_UNAVAILABLE.
    """
    require(actor, Permission.TENANT_MANAGE)
    capabilities = usable(gateways, provider, currency)
    columns = checked(changes, capabilities)
    if changes.credentials:
        async with transactions.read() as session:
            await check_still_complete(session, provider, changes.credentials, capabilities)
        await keep(gateways, actor, provider, changes.credentials)
    async with transactions.write() as session:
        row = await held_account(session, actor, provider)
        for name, value in columns.items():
            setattr(row, name, value)
        row.credentials_set = told(row.credentials_set, changes.credentials)
        check_complete(row, capabilities)
        sent = [*sorted({name.removesuffix("_en").removesuffix("_ar") for name in columns}), *changes.credentials]
        audit.record(session, actor=actor, act=Act.PAYMENT_ACCOUNT_SAVE, provider=provider, fields=sent)
        await session.flush()
        await session.refresh(row)
    return setting(gateways, currency, provider, row)


def usable(gateways: Gateways, provider: str, currency: str) -> Capabilities:
    """Raises a fault that says why the store cannot have it."""
    capabilities = gateways.capabilities(provider)
    name = PROVIDERS[provider].en
    if capabilities is None:
        raise UserFault(FaultCode.UNAVAILABLE_HERE, f"{name} is not offered on this platform.", ("provider",))
    if not has_currency(capabilities, currency):
        known = ", ".join(sorted(capabilities.currencies or ()))
        told = f"{name} cannot take {currency}, the store's currency; it takes {known}."
        raise UserFault(FaultCode.UNAVAILABLE_HERE, told, ("provider",))
    return capabilities


def checked(changes: AccountChanges, capabilities: Capabilities) -> dict[str, object]:
    """The columns to write. Raises everything that is wrong at once."""
    faults, columns = Faults(), dict[str, object]()
    with faults.collecting():
        if not isinstance(changes.name, Absent):
            columns |= in_both("name", changes.name, LONGEST_NAME)
    with faults.collecting():
        if not isinstance(changes.instructions, Absent):
            columns |= in_both("instructions", changes.instructions, LONGEST_INSTRUCTIONS)
    with faults.collecting():
        if not isinstance(changes.payment_link, Absent):
            columns["payment_link"] = checked_link(changes.payment_link)
    with faults.collecting():
        if not isinstance(changes.hold_minutes, Absent):
            columns["hold_minutes"] = checked_hold(changes.hold_minutes)
    check_credentials(changes.credentials, capabilities, faults)
    faults.raise_any()
    return columns


def in_both(name: str, text: LocalizedText | None, longest: int) -> dict[str, object]:
    tidy = cleaned_description(text or LocalizedText(None, None), name, limit=longest)
    return {f"{name}_en": tidy.en, f"{name}_ar": tidy.ar}


def checked_link(link: str | None) -> str | None:
    tidy = cleaned(link, "paymentLink", limit=LONGEST_LINK)
    if tidy is not None and not LINK.fullmatch(tidy):
        told = "Write the address of a page, such as https://pay.example/shop."
        raise UserFault(FaultCode.INVALID, told, ("paymentLink",))
    return tidy


def checked_hold(minutes: int | None) -> int | None:
    longest = int(LONGEST_HOLD.total_seconds()) // 60
    if minutes is not None and not 5 <= minutes <= longest:
        raise UserFault(FaultCode.INVALID, f"Between 5 and {longest:,} minutes.", ("holdMinutes",))
    return minutes


def check_credentials(given: Mapping[str, str | None], capabilities: Capabilities, faults: Faults) -> None:
    known = {each.name: each for each in capabilities.credentials}
    for place, (name, value) in enumerate(given.items()):
        path = ("credentials", str(place))
        if name not in known:
            faults.add(FaultCode.INVALID, "This way of paying has no such credential.", *path, "name")
        elif value is None:
            continue
        elif len(value) > LONGEST_CREDENTIAL or not re.fullmatch(known[name].pattern, value):
            faults.add(FaultCode.INVALID, "This does not look as the provider writes it.", *path, "value")


async def keep(gateways: Gateways, actor: Actor, provider: str, given: Mapping[str, str | None]) -> None:
    """Put these beside what is kept already. Of two who save at once, the last counts."""
    try:
        before = await gateways.secrets.get(actor.tenant, secret_name(provider)) or {}
        merged = {name: value for name, value in {**before, **given}.items() if value is not None}
        await gateways.secrets.put(actor.tenant, secret_name(provider), merged)
    except SecretsUnavailable:
        raise secrets_away() from None


def secrets_away() -> UserFault:
    return UserFault(FaultCode.PROVIDER_UNAVAILABLE, "Credentials cannot be kept at the moment. Try again soon.")


def told(before: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """When each was put there. Never what."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    after = {**before, **dict.fromkeys(given, now)}
    return {name: moment for name, moment in after.items() if name not in given or given[name] is not None}


async def held_account(session: AsyncSession, actor: Actor, provider: str) -> PaymentAccount:
    """The row, locked; a new one comes last."""
    last = select(func.coalesce(func.max(PaymentAccount.position) + 1, 0)).scalar_subquery()
    new = insert(PaymentAccount).values(tenant_id=actor.tenant, id=new_id(), provider=provider, position=last)
    await session.execute(new.on_conflict_do_nothing())
    found = select(PaymentAccount).where(PaymentAccount.provider == provider).with_for_update()
    return (await session.execute(found)).scalar_one()


async def saved_account(session: AsyncSession, provider: str) -> PaymentAccount:
    found = select(PaymentAccount).where(PaymentAccount.provider == provider).with_for_update()
    row = (await session.execute(found)).scalar_one_or_none()
    if row is None:
        raise not_found("payment account", "provider")
    return row


async def check_still_complete(
    session: AsyncSession, provider: str, given: Mapping[str, str | None], capabilities: Capabilities
) -> None:
    """Asked before the secret store is changed, which no fault would undo."""
    found = select(PaymentAccount).where(PaymentAccount.provider == provider, PaymentAccount.is_enabled)
    row = (await session.execute(found)).scalar_one_or_none()
    if row is not None:
        check_named(told(row.credentials_set, given), capabilities)


def check_complete(row: PaymentAccount, capabilities: Capabilities) -> None:
    """What shoppers are offered must work."""
    if row.is_enabled:
        check_named(row.credentials_set, capabilities)


def check_named(names: Collection[str], capabilities: Capabilities) -> None:
    missing = [each.name for each in capabilities.credentials if each.is_required and each.name not in names]
    if missing:
        raise UserFault(FaultCode.NOT_READY, f"Give these first: {', '.join(missing)}.", ("credentials",))


async def enable(session: AsyncSession, *, actor: Actor, gateways: Gateways, currency: str, provider: str) -> Setting:
    """Offer it to shoppers. Faults: UNAVAILABLE_HERE, NOT_FOUND, NOT_READY where credentials are missing."""
    require(actor, Permission.TENANT_MANAGE)
    capabilities = usable(gateways, provider, currency)
    needs_setting_up = any(each.is_required for each in capabilities.credentials)
    row = await (saved_account(session, provider) if needs_setting_up else held_account(session, actor, provider))
    row.is_enabled = True
    check_complete(row, capabilities)
    audit.record(session, actor=actor, act=Act.PAYMENT_ACCOUNT_ENABLE, provider=provider)
    await session.flush()
    await session.refresh(row)
    return setting(gateways, currency, provider, row)


async def disable(session: AsyncSession, *, actor: Actor, gateways: Gateways, currency: str, provider: str) -> Setting:
    """Offer it no longer. Payments that were begun go on. Fault: NOT_FOUND."""
    require(actor, Permission.TENANT_MANAGE)
    row = await saved_account(session, provider)
    row.is_enabled = False
    audit.record(session, actor=actor, act=Act.PAYMENT_ACCOUNT_DISABLE, provider=provider)
    await session.flush()
    await session.refresh(row)
    return setting(gateways, currency, provider, row)


async def reorder(session: AsyncSession, *, actor: Actor, providers: Sequence[str]) -> None:
    """Offer them in this order; those that are not named come behind, as they were. Faults: INVALID, NOT_FOUND."""
    require(actor, Permission.TENANT_MANAGE)
    if len(set(providers)) != len(providers):
        raise UserFault(FaultCode.INVALID, "Name each once.", ("providers",))
    every = select(PaymentAccount).order_by(PaymentAccount.position, PaymentAccount.id).with_for_update()
    rows = {row.provider: row for row in (await session.execute(every)).scalars()}
    for place, provider in enumerate(providers):
        if provider not in rows:
            raise not_found("payment account", "providers", str(place))
    others = [provider for provider in rows if provider not in providers]
    for position, provider in enumerate([*providers, *others]):
        rows[provider].position = position
    audit.record(session, actor=actor, act=Act.PAYMENT_ACCOUNT_REORDER, providers=list(providers))


async def delete(transactions: Transactions, *, actor: Actor, gateways: Gateways, provider: str) -> None:
    """Forget the account with its credentials.

    Faults: NOT_FOUND; IN_USE while a payment there may yet be paid, or money is on its way back.
    """
    require(actor, Permission.TENANT_MANAGE)
    async with transactions.write() as session:
        row = await saved_account(session, provider)
        # Behind the row's lock, which whoever begins a payment shares.
        await check_unused(session, provider)
        row.is_enabled = False
    try:
        await gateways.secrets.delete(actor.tenant, secret_name(provider))
    except SecretsUnavailable:
        raise secrets_away() from None
    async with transactions.write() as session:
        await session.delete(await saved_account(session, provider))
        audit.record(session, actor=actor, act=Act.PAYMENT_ACCOUNT_DELETE, provider=provider)


async def check_unused(session: AsyncSession, provider: str) -> None:
    may_be_paid = or_(
        Payment.status.in_(("pending", "authorised")), and_(Payment.status == "failed", Payment.reference.is_not(None))
    )
    of_refunds = and_(Refund.tenant_id == Payment.tenant_id, Refund.payment_id == Payment.id)
    goes_back = exists().where(of_refunds, Refund.status == "pending")
    found = select(Payment.id).where(Payment.provider == provider, or_(may_be_paid, goes_back)).limit(1)
    if (await session.execute(found)).first() is not None:
        told = "Payments or refunds were begun there that have not ended: disable it, and delete it when they have."
        raise UserFault(FaultCode.IN_USE, told, ("provider",))
