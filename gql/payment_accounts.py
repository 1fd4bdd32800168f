"""Settings of the ways of paying, for owners and admins; what shoppers are offered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import strawberry

from domain import payment_accounts, payment_methods
from domain.actors import Permission
from domain.changes import Absent
from domain.errors import FaultCode, UserFault
from domain.money import checked_amount
from domain.payment_accounts import AccountChanges, Setting
from domain.payment_methods import PaymentMethod as MethodValue
from domain.payment_providers import CredentialField
from domain.texts import LocalizedText as LocalizedTextValue
from gql.access import staff
from gql.context import Info
from gql.cost import usually
from gql.ids import global_id
from gql.maybe import CLEARS, given
from gql.payment_providers import PaymentKind, PaymentProvider, PaymentUnavailability, kind_of
from gql.roots import Payload, mutation
from gql.scalars import LocalizedText, LocalizedTextInput, localized

MANAGE = staff(Permission.TENANT_MANAGE)
MOST_CREDENTIALS = 20


@strawberry.type(description="Something that a provider is used with. Its value is kept, and never told.")
class PaymentCredential:
    name: str = strawberry.field(description="As `paymentAccountSave` takes it, such as `secretKey`.")
    is_required: bool = strawberry.field(description="Without it the way of paying cannot be enabled.")
    is_set: bool = strawberry.field(description="A value is kept.")
    set_at: datetime | None = strawberry.field(description="When it was given; null if it is not.")


@strawberry.type(description="A way of paying that the platform knows, as the store has set it up, or could.")
class PaymentAccount:
    setting: strawberry.Private[Setting]

    @strawberry.field(description="Which.")
    def provider(self) -> PaymentProvider:
        return PaymentProvider(self.setting.provider)

    @strawberry.field(description="How it goes; null where the platform does not offer it.")
    def kind(self) -> PaymentKind | None:
        capabilities = self.setting.capabilities
        return kind_of(is_online=capabilities.is_online) if capabilities else None

    @strawberry.field(description="The store can have it.")
    def is_available(self) -> bool:
        return self.setting.unavailable is None

    @strawberry.field(description="Why the store cannot have it; null where it can.")
    def unavailability(self) -> PaymentUnavailability | None:
        reason = self.setting.unavailable
        return PaymentUnavailability(reason.value) if reason else None

    @strawberry.field(description="Shoppers are offered it.")
    def is_enabled(self) -> bool:
        return bool(self.setting.row and self.setting.row.is_enabled)

    @strawberry.field(description="Something was saved of it.")
    def is_saved(self) -> bool:
        return self.setting.row is not None

    @strawberry.field(description="What shoppers call it: what the store has written, else what is usual.")
    def name(self) -> LocalizedText:
        return localized(self.setting.name.en, self.setting.name.ar)

    @strawberry.field(description="How to pay, for shoppers; null if nothing was written.")
    def instructions(self) -> LocalizedText | None:
        row = self.setting.row
        has_any = row is not None and bool(row.instructions_en or row.instructions_ar)
        return localized(row.instructions_en, row.instructions_ar) if row and has_any else None

    @strawberry.field(description="`https` address of a page to pay at, for shoppers; null if none was given.")
    def payment_link(self) -> str | None:
        return self.setting.row.payment_link if self.setting.row else None

    @strawberry.field(
        description="For how many minutes an order keeps its stock and waits for the money; then it is cancelled."
    )
    def hold_minutes(self) -> int:
        return int(self.setting.holds_for / timedelta(minutes=1))

    @strawberry.field(description="Money can be given back there.")
    def has_refunds(self) -> bool:
        return bool(self.setting.capabilities and self.setting.capabilities.has_refunds)

    @strawberry.field(description="Parts of it, too.")
    def has_partial_refunds(self) -> bool:
        return bool(self.setting.capabilities and self.setting.capabilities.has_partial_refunds)

    @strawberry.field(description="What it is used with, whether or not it was given.", directives=[usually(3)])
    def credentials(self) -> list[PaymentCredential]:
        capabilities, row = self.setting.capabilities, self.setting.row
        known = row.credentials_set if row else {}
        return [credential_of(each, known) for each in (capabilities.credentials if capabilities else ())]

    @strawberry.field(
        description="Where the provider is to send its messages; null where it sends none. It stays the same."
    )
    def webhook_url(self, info: Info) -> str | None:
        capabilities = self.setting.capabilities
        if capabilities is None or not capabilities.has_webhooks:
            return None
        tenant = global_id("tenant", info.context.tenant.id)
        return f"{info.context.services.gateways.public_url}/webhooks/{self.setting.provider}/{tenant}"


def credential_of(known: CredentialField, told: Mapping[str, str]) -> PaymentCredential:
    moment = told.get(known.name)
    return PaymentCredential(
        name=known.name,
        is_required=known.is_required,
        is_set=moment is not None,
        set_at=datetime.fromisoformat(moment) if moment else None,
    )


@strawberry.type(description="Settings of the ways of paying.")
class PaymentAccountFields:
    @strawberry.field(
        description="Every way of paying that the platform knows, those that were set up first, in the store's order. "
        "Needs `tenant:manage`: without it null and an error.",
        directives=[usually(4)],
    )
    async def payment_accounts(self, info: Info) -> list[PaymentAccount] | None:
        return await every_account(info)


@strawberry.type(description="A way of paying that the store offers.")
class PaymentMethod:
    provider: PaymentProvider = strawberry.field(description="What to choose it by.")
    name: LocalizedText = strawberry.field(description="What to call it.")
    kind: PaymentKind = strawberry.field(description="How it goes.")
    instructions: LocalizedText | None = strawberry.field(description="How to pay; null if nothing was written.")
    is_available: bool = strawberry.field(description="It can be chosen, for the `total` if one was given.")
    unavailability: PaymentUnavailability | None = strawberry.field(description="Why not; null where it can.")


@strawberry.type(description="How a store is paid.")
class PaymentMethodFields:
    @strawberry.field(
        description="The ways of paying that the store offers, in its order. None of them may be cached.",
        directives=[usually(4)],
    )
    async def payment_methods(
        self,
        info: Info,
        total: Annotated[
            Decimal | None, strawberry.argument(description="What would be paid: some amounts cannot be paid each way.")
        ] = None,
    ) -> list[PaymentMethod]:
        currency, gateways = info.context.tenant.currency, info.context.services.gateways
        amount = None if total is None else checked_amount(total, "total")
        async with info.context.read() as session:
            found = await payment_methods.list_methods(session, gateways=gateways, currency=currency, total=amount)
        return [method_of(each) for each in found]


def method_of(method: MethodValue) -> PaymentMethod:
    told = method.instructions
    return PaymentMethod(
        provider=PaymentProvider(method.provider),
        name=localized(method.name.en, method.name.ar),
        kind=kind_of(is_online=method.is_online),
        instructions=localized(told.en, told.ar) if told.en or told.ar else None,
        is_available=method.unavailable is None,
        unavailability=PaymentUnavailability(method.unavailable.value) if method.unavailable else None,
    )


@strawberry.input(description="A value that a provider is used with.")
class PaymentCredentialInput:
    name: str = strawberry.field(description="One of the account's `credentials`.")
    value: str | None = strawberry.field(
        default=None, description="As the provider gave it. It is kept, and never told again. Null forgets it."
    )


@strawberry.input(description="What to change of a way of paying; what is left out stays.")
class PaymentAccountSaveInput:
    provider: PaymentProvider = strawberry.field(description="Which. It is made where there is none yet.")
    name: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"What shoppers call it, up to 60 characters in each language. Replaces both. {CLEARS}"
    )
    instructions: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"How to pay, up to 2,000 characters in each language. Replaces both. {CLEARS}"
    )
    payment_link: strawberry.Maybe[str | None] = strawberry.field(
        description=f"`https` address of a page to pay at, up to 500 characters. {CLEARS}"
    )
    hold_minutes: strawberry.Maybe[int | None] = strawberry.field(
        description="For how many minutes an order waits for the money, 5 to 43,200. Null: 15 online, 4,320 otherwise."
    )
    credentials: list[PaymentCredentialInput] | None = strawberry.field(
        default=None, description="Those to change; the others stay as they are."
    )


@strawberry.input(description="Which way of paying to offer.")
class PaymentAccountEnableInput:
    provider: PaymentProvider = strawberry.field(description="One that the store can have.")


@strawberry.input(description="Which way of paying to offer no longer.")
class PaymentAccountDisableInput:
    provider: PaymentProvider = strawberry.field(description="One that was set up.")


@strawberry.input(description="In which order ways of paying are offered.")
class PaymentAccountReorderInput:
    providers: list[PaymentProvider] = strawberry.field(
        description="Those that come first, in their order; others that were set up follow as they were."
    )


@strawberry.input(description="Which way of paying to forget.")
class PaymentAccountDeleteInput:
    provider: PaymentProvider = strawberry.field(description="One that was set up.")


@strawberry.type(description="The way of paying that was changed.")
class PaymentAccountPayload(Payload):
    payment_account: PaymentAccount | None = strawberry.field(
        default=None, description="Null when `userErrors` says why."
    )


@strawberry.type(description="The ways of paying in their new order.")
class PaymentAccountReorderPayload(Payload):
    payment_accounts: list[PaymentAccount] | None = strawberry.field(
        default=None, description="All of them; null when `userErrors` says why.", directives=[usually(4)]
    )


@strawberry.type(description="The way of paying that was forgotten.")
class PaymentAccountDeletePayload(Payload):
    deleted_provider: PaymentProvider | None = strawberry.field(
        default=None, description="Null when `userErrors` says why."
    )


@strawberry.type
class PaymentAccountMutation:
    @mutation(
        PaymentAccountPayload,
        access=MANAGE,
        description="Set a way of paying up, or change it. `UNAVAILABLE_HERE` says why the store cannot have it.",
    )
    async def payment_account_save(self, info: Info, input: PaymentAccountSaveInput) -> PaymentAccountPayload | None:
        saved = await payment_accounts.save(
            info.context,
            actor=info.context.actor,
            gateways=info.context.services.gateways,
            currency=info.context.tenant.currency,
            provider=str(input.provider.value),
            changes=account_changes(input),
        )
        return PaymentAccountPayload(payment_account=PaymentAccount(setting=saved))

    @mutation(
        PaymentAccountPayload,
        access=MANAGE,
        description="Offer a way of paying to shoppers. `NOT_READY` where credentials are missing.",
    )
    async def payment_account_enable(
        self, info: Info, input: PaymentAccountEnableInput
    ) -> PaymentAccountPayload | None:
        currency, gateways = info.context.tenant.currency, info.context.services.gateways
        async with info.context.write() as session:
            enabled = await payment_accounts.enable(
                session,
                actor=info.context.actor,
                gateways=gateways,
                currency=currency,
                provider=str(input.provider.value),
            )
        return PaymentAccountPayload(payment_account=PaymentAccount(setting=enabled))

    @mutation(
        PaymentAccountPayload,
        access=MANAGE,
        description="Offer a way of paying no longer. Payments that were begun there go on.",
    )
    async def payment_account_disable(
        self, info: Info, input: PaymentAccountDisableInput
    ) -> PaymentAccountPayload | None:
        currency, gateways = info.context.tenant.currency, info.context.services.gateways
        async with info.context.write() as session:
            disabled = await payment_accounts.disable(
                session,
                actor=info.context.actor,
                gateways=gateways,
                currency=currency,
                provider=str(input.provider.value),
            )
        return PaymentAccountPayload(payment_account=PaymentAccount(setting=disabled))

    @mutation(PaymentAccountReorderPayload, access=MANAGE, description="Offer ways of paying in another order.")
    async def payment_account_reorder(
        self, info: Info, input: PaymentAccountReorderInput
    ) -> PaymentAccountReorderPayload | None:
        providers = [str(each.value) for each in input.providers]
        async with info.context.write() as session:
            await payment_accounts.reorder(session, actor=info.context.actor, providers=providers)
        return PaymentAccountReorderPayload(payment_accounts=await every_account(info))

    @mutation(
        PaymentAccountDeletePayload,
        access=MANAGE,
        description="Forget a way of paying with its credentials. `IN_USE` while a payment there may yet be paid, or a "
        "refund is on its way.",
    )
    async def payment_account_delete(
        self, info: Info, input: PaymentAccountDeleteInput
    ) -> PaymentAccountDeletePayload | None:
        actor, gateways = info.context.actor, info.context.services.gateways
        await payment_accounts.delete(info.context, actor=actor, gateways=gateways, provider=str(input.provider.value))
        return PaymentAccountDeletePayload(deleted_provider=input.provider)


async def every_account(info: Info) -> list[PaymentAccount]:
    actor, gateways, currency = info.context.actor, info.context.services.gateways, info.context.tenant.currency
    async with info.context.read() as session:
        found = await payment_accounts.list_settings(session, actor=actor, gateways=gateways, currency=currency)
    return [PaymentAccount(setting=each) for each in found]


def account_changes(sent: PaymentAccountSaveInput) -> AccountChanges:
    return AccountChanges(
        name=text_or_cleared(sent.name),
        instructions=text_or_cleared(sent.instructions),
        payment_link=given(sent.payment_link),
        hold_minutes=given(sent.hold_minutes),
        credentials=credential_values(sent.credentials or []),
    )


def credential_values(sent: list[PaymentCredentialInput]) -> dict[str, str | None]:
    if len(sent) > MOST_CREDENTIALS:
        raise UserFault(FaultCode.TOO_LONG, f"At most {MOST_CREDENTIALS} at once.", ("credentials",))
    values: dict[str, str | None] = {}
    for place, each in enumerate(sent):
        if each.name in values:
            raise UserFault(FaultCode.INVALID, "It is named twice.", ("credentials", str(place), "name"))
        values[each.name] = each.value
    return values


def text_or_cleared(maybe: strawberry.Maybe[LocalizedTextInput | None]) -> LocalizedTextValue | Absent | None:
    sent = given(maybe)
    return sent.value() if isinstance(sent, LocalizedTextInput) else sent
