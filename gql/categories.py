"""What staff do with categories."""

import strawberry

from domain import categories
from domain.actors import Permission
from domain.categories import CategoryChanges, NewCategory
from domain.changes import Absent
from gql.access import staff
from gql.catalog import Category
from gql.context import Info
from gql.ids import row_id
from gql.maybe import NOT_NULL, given, given_text, given_value
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
    position: strawberry.Maybe[int | None] = strawberry.field(description=f"{POSITION} {NOT_NULL}")


@strawberry.input(description="Which category to delete.")
class CategoryDeleteInput:
    id: strawberry.ID = strawberry.field(description="The category.")


@strawberry.type(description="The category that was made or changed.")
class CategoryPayload(Payload):
    category: Category | None = strawberry.field(default=None, description="Null when `userErrors` says why.")


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

    @mutation(CategoryPayload, access=MANAGE, description="Rename a category, move it in the tree, or reorder it.")
    async def category_update(self, info: Info, input: CategoryUpdateInput) -> CategoryPayload | None:
        category_id, changes = row_id("category", input.id, "id"), category_changes(input)
        async with info.context.write() as session:
            changed = await categories.update(
                session, actor=info.context.actor, category_id=category_id, changes=changes
            )
        return CategoryPayload(category=Category(stored=changed))

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
    )


def category_changes(sent: CategoryUpdateInput) -> CategoryChanges:
    parent = given(sent.parent_id)
    if not isinstance(parent, Absent) and parent is not None:
        parent = row_id("category", parent, "parentId")
    return CategoryChanges(
        name=given_text(sent.name, "name"),
        slug=given_value(sent.slug, "slug"),
        parent_id=parent,
        position=given_value(sent.position, "position"),
    )
