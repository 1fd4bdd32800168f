"""What staff do with categories."""

import strawberry

from domain import categories, category_order
from domain.actors import Permission
from domain.categories import CategoryChanges, NewCategory
from domain.changes import Absent
from gql.access import staff
from gql.catalog import Category
from gql.catalog_inputs import DESCRIPTION, EXTERNAL_REFERENCE, text_or_null
from gql.context import Info
from gql.cost import usually
from gql.ids import known_id, row_id
from gql.maybe import CLEARS, NOT_NULL, given, given_text, given_value
from gql.roots import Payload, mutation
from gql.scalars import LocalizedTextInput

MANAGE = staff(Permission.CATALOG_MANAGE)
SLUG = "Name in addresses: 1 to 80 lower-case letters, digits and single hyphens; unique within the tenant."
POSITION = "Place among its siblings, 0 to 1,000,000: lower ones first, equal ones in the order of creation."


@strawberry.input(description="A new category.")
class CategoryCreateInput:
    name: LocalizedTextInput = strawberry.field(description="In at least one language, up to 200 characters.")
    slug: str | None = strawberry.field(
        default=None, description=f"{SLUG} Left out, one is proposed from the English name."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The category right above; null for the top. The tree is at most six levels deep."
    )
    position: int | None = strawberry.field(default=None, description=f"{POSITION} Left out, it stands last.")
    description: LocalizedTextInput | None = strawberry.field(default=None, description=DESCRIPTION)
    external_reference: str | None = strawberry.field(default=None, description=EXTERNAL_REFERENCE)


@strawberry.input(description="What to change in a category; fields left out stay as they are.")
class CategoryUpdateInput:
    id: strawberry.ID = strawberry.field(description="The category.")
    name: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"Replaces both languages. {NOT_NULL}"
    )
    slug: strawberry.Maybe[str | None] = strawberry.field(description=f"{SLUG} {NOT_NULL}")
    parent_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="Moves it, with everything below it, under another category; null moves it to the top."
    )
    image_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description=f"What it looks like: a `Media` that is `READY`. {CLEARS}"
    )
    position: strawberry.Maybe[int | None] = strawberry.field(description=f"{POSITION} {NOT_NULL}")
    description: strawberry.Maybe[LocalizedTextInput | None] = strawberry.field(
        description=f"{DESCRIPTION} Replaces both languages. {CLEARS}"
    )
    external_reference: strawberry.Maybe[str | None] = strawberry.field(description=f"{EXTERNAL_REFERENCE} {CLEARS}")


@strawberry.input(description="The order of the categories right below one parent.")
class CategoryReorderInput:
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose children to put in order; null or left out: those at the top."
    )
    ids: list[strawberry.ID] = strawberry.field(description="All of them, each once, in the order wanted.")


@strawberry.input(description="Which category to delete.")
class CategoryDeleteInput:
    id: strawberry.ID = strawberry.field(description="The category.")


@strawberry.type(description="The category that was made or changed.")
class CategoryPayload(Payload):
    category: Category | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


@strawberry.type(description="The categories in their new order.")
class CategoryReorderPayload(Payload):
    categories: list[Category] | None = strawberry.field(
        default=None, description="Null when `userErrors` says why.", directives=[usually(10)]
    )


@strawberry.type(description="The category that was deleted.")
class CategoryDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="Its identifier, which names nothing any more; null when `userErrors` says why."
    )


@strawberry.type
class CategoryMutation:
    @mutation(CategoryPayload, access=MANAGE, description="Make a category; a tenant has at most 1,000.")
    async def category_create(self, info: Info, input: CategoryCreateInput) -> CategoryPayload | None:
        wanted = new_category(input)
        async with info.context.write() as session:
            made = await categories.create(session, actor=info.context.actor, given=wanted)
        return CategoryPayload(category=Category(stored=made))

    @mutation(CategoryPayload, access=MANAGE, description="Rename a category, describe it, or move it in the tree.")
    async def category_update(self, info: Info, input: CategoryUpdateInput) -> CategoryPayload | None:
        category_id, changes = row_id("category", input.id, "id"), category_changes(input)
        async with info.context.write() as session:
            changed = await categories.update(
                session, actor=info.context.actor, category_id=category_id, changes=changes
            )
        return CategoryPayload(category=Category(stored=changed))

    @mutation(
        CategoryReorderPayload,
        access=MANAGE,
        description="Put all categories below one parent in order. Of two orders at once one is the last, never a "
        "mixture; `STALE` where somebody has added one meanwhile.",
    )
    async def category_reorder(self, info: Info, input: CategoryReorderInput) -> CategoryReorderPayload | None:
        parent_id = None if input.parent_id is None else row_id("category", input.parent_id, "parentId")
        ordered = [known_id("category", each) for each in input.ids]
        async with info.context.write() as session:
            rows = await category_order.reorder(session, actor=info.context.actor, parent_id=parent_id, ordered=ordered)
        return CategoryReorderPayload(categories=[Category(stored=row) for row in rows])

    @mutation(
        CategoryDeletePayload,
        access=MANAGE,
        description="Delete a category that has none below it and no items in it, archived ones included.",
    )
    async def category_delete(self, info: Info, input: CategoryDeleteInput) -> CategoryDeletePayload | None:
        category_id = row_id("category", input.id, "id")
        async with info.context.write() as session:
            await categories.delete(session, actor=info.context.actor, category_id=category_id)
        return CategoryDeletePayload(deleted_id=input.id)


def new_category(sent: CategoryCreateInput) -> NewCategory:
    return NewCategory(
        name=sent.name.value(),
        slug=sent.slug,
        parent_id=None if sent.parent_id is None else row_id("category", sent.parent_id, "parentId"),
        position=sent.position,
        description=sent.description.value() if sent.description else None,
        external_reference=sent.external_reference,
    )


def category_changes(sent: CategoryUpdateInput) -> CategoryChanges:
    parent, image = given(sent.parent_id), given(sent.image_id)
    if not isinstance(parent, Absent) and parent is not None:
        parent = row_id("category", parent, "parentId")
    return CategoryChanges(
        name=given_text(sent.name, "name"),
        slug=given_value(sent.slug, "slug"),
        parent_id=parent,
        image_id=row_id("media", image, "imageId") if isinstance(image, str) else image,
        position=given_value(sent.position, "position"),
        description=text_or_null(sent.description),
        external_reference=given(sent.external_reference),
    )
