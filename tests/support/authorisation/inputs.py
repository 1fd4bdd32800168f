"""For every mutation an input that succeeds for whoever is permitted, made anew each time; and inputs that do not."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import text

from gql.ids import global_id
from tests.support.authorisation import (
    cart_inputs,
    catalog_file_inputs,
    catalog_inputs,
    checkout_inputs,
    customer_inputs,
    discount_inputs,
    identity_inputs,
    key_inputs,
    media_inputs,
    payment_inputs,
    shipping_inputs,
    team_inputs,
    visit_inputs,
)
from tests.support.authorisation.stage import PHONE, PROFILE, Stage, full_item, leave_a_slug, submission
from tests.support.factories import Product
from tests.support.orders import ADVANCE, SUBMIT

Given = dict[str, Any] | None
"""An input; None for a mutation that takes none."""
Prepare = Callable[[Stage], Awaitable[Given]]

PASSWORD, ANOTHER = "seven green camels", "eight blue falcons"
SIGN_UP = "mutation($input: AccountSignUpInput!) { accountSignUp(input: $input) { userErrors { code } } }"
CONFIRM = "mutation($input: AccountConfirmInput!) { accountConfirm(input: $input) { userErrors { code } } }"
FORGOT = (
    "mutation($input: AccountPasswordForgotInput!) { accountPasswordForgot(input: $input) { userErrors { code } } }"
)
SIGN_IN = """
mutation($input: SessionSignInInput!) { sessionSignIn(input: $input) { session { refreshToken } userErrors { code } } }
"""
STANDING = "mutation($input: TenantStandingInput!) {{ {}(input: $input) {{ userErrors {{ code }} }} }}"
NAME = {"en": "Ajwa", "ar": "عجوة"}


async def send(stage: Stage, field: str, document: str, **given: Any) -> dict[str, Any]:
    """A guest's mutation that must succeed."""
    return (await stage.tools.api.execute(document, {"input": given})).payload(field)


async def new_account(stage: Stage) -> Given:
    return {"email": f"{stage.tools.factory.word()}@people.test", "password": PASSWORD, "name": "Noura", "locale": "EN"}


async def unconfirmed(stage: Stage) -> str:
    """The address of somebody who has signed up, and was mailed some time ago."""
    account = await new_account(stage) or {}
    await send(stage, "accountSignUp", SIGN_UP, **account)
    aged = """UPDATE account_outbox SET created_at = created_at - interval '1 hour'
              WHERE person_id = (SELECT id FROM people WHERE email = :email)"""
    await stage.tools.superuser.execute(text(aged), {"email": account["email"]})
    return account["email"]


async def confirmed(stage: Stage) -> str:
    """The address of somebody who has proven it."""
    code = await code_of_unconfirmed(stage)
    await send(stage, "accountConfirm", CONFIRM, **code)
    return code["email"]


async def code_of_unconfirmed(stage: Stage) -> dict[str, Any]:
    email = await unconfirmed(stage)
    return {"email": email, "code": await stage.tools.post.code_for(email)}


async def address_to_confirm(stage: Stage) -> Given:
    return {"email": await unconfirmed(stage)}


async def address_to_reset(stage: Stage) -> Given:
    return {"email": (await stage.tools.factory.member()).person.email}


async def reset(stage: Stage) -> Given:
    email = (await stage.tools.factory.member()).person.email
    await send(stage, "accountPasswordForgot", FORGOT, email=email)
    return {"email": email, "code": await stage.tools.post.code_for(email), "newPassword": ANOTHER}


async def credentials(stage: Stage) -> Given:
    return {"email": await confirmed(stage), "password": PASSWORD}


async def refresh_token(stage: Stage) -> Given:
    session = (await send(stage, "sessionSignIn", SIGN_IN, **(await credentials(stage) or {})))["session"]
    return {"refreshToken": session["refreshToken"]}


async def nothing(_stage: Stage) -> Given:
    return None


async def new_tenant(stage: Stage) -> Given:
    slug = f"new-{stage.tools.factory.word()}"
    return {"slug": slug, "name": NAME, "contactEmail": "new@shops.test", "contactPhone": PHONE}


async def profile(stage: Stage) -> Given:
    return PROFILE | {"name": {"en": stage.tools.factory.word()}}


async def former_slug(stage: Stage) -> Given:
    former = f"former-{stage.tools.factory.word()}"
    await leave_a_slug(stage.tools.api, stage.shop, former)
    return {"slug": former}


async def another_tenant(stage: Stage) -> Given:
    shop = await stage.tools.factory.shop()
    return {"id": global_id("tenant", shop.tenant.id), "reason": "Unpaid"}


async def suspended_tenant(stage: Stage) -> Given:
    given = await another_tenant(stage)
    suspended = STANDING.format("tenantSuspend")
    (await stage.tools.api.admin(suspended, {"input": given}, token=stage.operator.token)).payload("tenantSuspend")
    return given


async def category(stage: Stage) -> str:
    return str((await stage.owner.category(f"Shelf {stage.tools.factory.word()}"))["id"])


async def product(stage: Stage, status: str = "active") -> Product:
    return await stage.tools.factory.product(stage.shop, status=status)


async def new_item(stage: Stage) -> Given:
    price = {"price": "4.750", "compareAtPrice": "6", "sku": stage.tools.factory.word(), "stock": 9}
    return {
        "kind": "PRODUCT",
        "name": NAME,
        "description": NAME,
        "categoryIds": [await category(stage)],
        "tags": ["New"],
    } | price


async def item_edit(stage: Stage) -> Given:
    return {"id": (await product(stage)).id, "version": 1, "name": NAME, "description": NAME, "price": "5"}


async def draft(stage: Stage) -> Given:
    return {"id": (await product(stage, "draft")).id}


async def active(stage: Stage) -> Given:
    return {"id": (await product(stage)).id}


async def archived(stage: Stage) -> Given:
    given = await active(stage)
    await stage.owner.change("catalogItemArchive", **(given or {}))
    return given


async def new_variant(stage: Stage) -> Given:
    return {"itemId": (await product(stage)).id, "name": NAME, "price": "4", "compareAtPrice": "5", "stock": 3}


async def variant_edit(stage: Stage) -> Given:
    return {"id": (await product(stage)).variant_id, "name": NAME, "sku": stage.tools.factory.word(), "stock": 3}


async def one_of_two_variants(stage: Stage) -> Given:
    return {"id": (await full_item(stage.owner, await category(stage)))["variants"][0]["id"]}


async def new_category(stage: Stage) -> Given:
    return {"name": NAME, "slug": stage.tools.factory.word(), "parentId": await category(stage)}


async def category_edit(stage: Stage) -> Given:
    return {"id": await category(stage), "name": NAME, "parentId": await category(stage)}


async def empty_category(stage: Stage) -> Given:
    return {"id": await category(stage)}


async def other_order(stage: Stage) -> Given:
    parent = await category(stage)
    children = [await stage.owner.category("Below", parent=parent) for _ in range(2)]
    return {"parentId": parent, "ids": [each["id"] for each in reversed(children)]}


async def metadata_edit(stage: Stage) -> Given:
    return {"id": await category(stage), "isPrivate": True, "entries": [{"key": "erp.id", "value": "17"}]}


async def noted(stage: Stage) -> Given:
    given = await metadata_edit(stage) or {}
    await stage.owner.change("metadataSet", **given)
    return {"id": given["id"], "isPrivate": True, "keys": ["erp.id"]}


async def new_order(stage: Stage) -> Given:
    item = await full_item(stage.owner, await category(stage))
    return submission(item["variants"][0]["id"])


async def pending_order(stage: Stage) -> Given:
    placed = await stage.tools.api.execute(SUBMIT, {"input": await new_order(stage)}, tenant=stage.shop.slug)
    return {"id": placed.payload("orderSubmit")["order"]["id"]}


async def confirmed_order(stage: Stage) -> Given:
    return await after("orderConfirm", stage)


async def cancelled_order(stage: Stage) -> Given:
    return await after("orderCancel", stage)


async def after(step: str, stage: Stage) -> Given:
    given = {"input": await pending_order(stage)}
    reply = await stage.tools.api.execute(ADVANCE[step], given, token=stage.shop.token, tenant=stage.shop.slug)
    reply.payload(step)
    return given["input"]


INPUTS: Mapping[str, Prepare] = {
    "accountSignUp": new_account,
    "accountConfirm": code_of_unconfirmed,
    "accountConfirmationResend": address_to_confirm,
    "accountPasswordForgot": address_to_reset,
    "accountPasswordReset": reset,
    "accountPasswordChange": identity_inputs.password_change,
    "accountUpdate": identity_inputs.self_description,
    "sessionSignIn": identity_inputs.credentials_of_the_protected,
    "sessionVerify": identity_inputs.answer_to_challenge,
    "sessionRecover": identity_inputs.recovery,
    "sessionRefresh": refresh_token,
    "mfaBegin": nothing,
    "mfaConfirm": identity_inputs.first_code,
    "mfaRecoveryCodesRenew": identity_inputs.password_again,
    "mfaDisable": identity_inputs.both_factors,
    "tenantCreate": new_tenant,
    "tenantUpdate": profile,
    "tenantSlugRelease": former_slug,
    "membershipUpdate": team_inputs.promotion,
    "membershipRemove": team_inputs.colleague,
    "invitationCreate": team_inputs.new_invitee,
    "invitationResend": team_inputs.open_invitation,
    "invitationRevoke": team_inputs.open_invitation,
    "invitationAccept": team_inputs.mailed_token,
    "apiKeyCreate": key_inputs.new_key,
    "apiKeyRotate": key_inputs.good_key,
    "apiKeyRevoke": key_inputs.good_key,
    "tenantSuspend": another_tenant,
    "tenantDisable": another_tenant,
    "tenantReactivate": suspended_tenant,
    "catalogItemCreate": new_item,
    "catalogItemUpdate": item_edit,
    "catalogItemActivate": draft,
    "catalogItemDeactivate": active,
    "catalogItemArchive": active,
    "catalogItemRestore": archived,
    "catalogVariantCreate": new_variant,
    "catalogVariantUpdate": variant_edit,
    "catalogVariantArchive": one_of_two_variants,
    "catalogItemOptionsSet": catalog_inputs.options,
    "catalogItemDelete": catalog_inputs.unordered_item,
    "catalogItemDuplicate": catalog_inputs.unordered_item,
    "catalogItemBulkCreate": catalog_inputs.new_items,
    "catalogItemBulkUpdate": catalog_inputs.item_edits,
    "catalogVariantBulkUpdate": catalog_inputs.variant_edits,
    "categoryCreate": new_category,
    "categoryUpdate": category_edit,
    "categoryDelete": empty_category,
    "categoryReorder": other_order,
    "metadataSet": metadata_edit,
    "metadataDelete": noted,
    "mediaCreate": media_inputs.new_picture,
    "mediaComplete": media_inputs.arrived_picture,
    "mediaUpdate": media_inputs.other_words,
    "mediaDelete": media_inputs.some_picture,
    "catalogImportCreate": catalog_file_inputs.announcement,
    "catalogImportStart": catalog_file_inputs.uploaded,
    "catalogExportCreate": catalog_file_inputs.export,
    "catalogImportCancel": catalog_file_inputs.announced,
    "discountCreate": discount_inputs.new_discount,
    "discountUpdate": discount_inputs.discount_edit,
    "discountDelete": discount_inputs.unused_discount,
    "shippingZoneSave": shipping_inputs.other_zone,
    "shippingZoneDelete": shipping_inputs.some_zone,
    "orderSubmit": new_order,
    "checkoutComplete": checkout_inputs.guests_cart,
    "cartLinesAdd": cart_inputs.more_lines,
    "cartLinesUpdate": cart_inputs.other_quantities,
    "cartLinesRemove": cart_inputs.unwanted_lines,
    "cartUpdate": cart_inputs.details,
    "cartDelete": cart_inputs.some_cart,
    "cartMerge": cart_inputs.sold_out_cart,
    "visitRecord": visit_inputs.new_visit,
    "paymentStart": payment_inputs.unpaid_order,
    "paymentMarkPaid": payment_inputs.money,
    "refundCreate": payment_inputs.money_back,
    "paymentAccountSave": payment_inputs.way_of_paying,
    "paymentAccountEnable": payment_inputs.disabled_way,
    "paymentAccountDisable": payment_inputs.enabled_way,
    "paymentAccountReorder": payment_inputs.other_order,
    "paymentAccountDelete": payment_inputs.enabled_way,
    "orderConfirm": pending_order,
    "orderFulfil": confirmed_order,
    "orderCancel": pending_order,
    "orderClaim": customer_inputs.claim,
    "customerUpdate": customer_inputs.profile,
    "customerAddressCreate": customer_inputs.new_address,
    "customerAddressReplace": customer_inputs.another_address,
    "customerAddressSetDefault": customer_inputs.some_address,
    "customerAddressDelete": customer_inputs.some_address,
    # Whoever asks is a customer from then on.
    "customerRegister": customer_inputs.registration,
    # The last ones: the owner is none behind the first of them, nobody belongs here behind the second, and nobody is
    # signed in behind the others.
    "ownershipTransfer": team_inputs.heir,
    "membershipLeave": team_inputs.owner_left_behind,
    "sessionSignOutEverywhere": nothing,
    "sessionSignOut": identity_inputs.back_again,
}
"""One of every mutation, in the order in which they are played."""


async def bad_address(stage: Stage) -> Given:
    return (await new_account(stage) or {}) | {"email": "no address"}


async def too_much(stage: Stage) -> Given:
    item = await full_item(stage.owner, await category(stage))
    return submission(item["variants"][0]["id"], quantity=1_000_000)


FAULTS: Mapping[str, Mapping[str, Prepare]] = {
    "InvalidInput": {"accountSignUp": bad_address},
    "InsufficientStock": {"orderSubmit": too_much},
    "TotalChanged": {"checkoutComplete": checkout_inputs.for_less},
    "IllegalTransition": {"orderConfirm": cancelled_order, "tenantReactivate": another_tenant},
}
"""For every kind of user error the mutations, with an input, that answer it."""
