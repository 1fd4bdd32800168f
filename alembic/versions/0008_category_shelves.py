"""A category's list walks an index: each place of an item in a category knows when the item was made, and its status.

Both are copies that the database itself keeps, whoever writes: a process of the release before knows nothing of them.
"""

import sqlalchemy as sa
from alembic import op

from db.security.roles import APP, LOOKUP

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "catalog_item_categories"

# In the order in which whoever makes an item writes them: a transaction that holds the first may still want the second.
LOCKS = [
    "LOCK TABLE catalog_items IN SHARE ROW EXCLUSIVE MODE",
    f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE",
]

# Under FORCE the owner's plain UPDATE would touch no row; so it goes tenant by tenant, in the scope of each. No shopper
# sees anything new: noted as a change, it would empty the caches of all shops at once.
COPY_ALL = f"""
DO $body$
DECLARE
    tenant uuid;
    tenants uuid[];
BEGIN
    SET LOCAL ROLE {LOOKUP};
    SELECT array_agg(id) INTO tenants FROM tenants;
    RESET ROLE;
    ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_storefront_update;
    FOREACH tenant IN ARRAY coalesce(tenants, '{{}}') LOOP
        PERFORM set_config('app.current_tenant', tenant::text, true);
        UPDATE {TABLE} AS place SET item_created_at = item.created_at, item_status = item.status
        FROM catalog_items AS item WHERE item.tenant_id = place.tenant_id AND item.id = place.item_id;
    END LOOP;
    PERFORM set_config('app.current_tenant', '', true);
    ALTER TABLE {TABLE} ENABLE TRIGGER {TABLE}_storefront_update;
END $body$
"""

# The table is locked already, and has to be: what is blocked here waits for the copying, not for these.
ONLY_WITH_COPIES = f"""
-- squawk-ignore adding-not-nullable-field
ALTER TABLE {TABLE} ALTER COLUMN item_created_at SET NOT NULL, ALTER COLUMN item_status SET NOT NULL
"""
WITHOUT_THE_ORDER = f"""
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX ix_{TABLE}_tenant_id_category_id
"""

# The lock is the one that editing takes. Without it, an item could change its status while a place for it is written
# that its own change does not see yet. An item that is not there is left to the foreign key to refuse.
COPY_ITEM = """
CREATE FUNCTION copy_item_to_place() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    SELECT created_at, status INTO NEW.item_created_at, NEW.item_status FROM catalog_items
    WHERE tenant_id = NEW.tenant_id AND id = NEW.item_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        NEW.item_created_at = '-infinity';
        NEW.item_status = '';
    END IF;
    RETURN NEW;
END $body$
"""

COPY_TO_PLACES = f"""
CREATE FUNCTION copy_item_to_its_places() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    UPDATE {TABLE} SET item_created_at = NEW.created_at, item_status = NEW.status
    WHERE tenant_id = NEW.tenant_id AND item_id = NEW.id;
    RETURN NULL;
END $body$
"""

TRIGGERS = [
    COPY_ITEM,
    COPY_TO_PLACES,
    "REVOKE ALL ON FUNCTION copy_item_to_place(), copy_item_to_its_places() FROM PUBLIC",
    f"CREATE TRIGGER {TABLE}_item BEFORE INSERT OR UPDATE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION copy_item_to_place()",
    "CREATE TRIGGER catalog_items_places AFTER UPDATE ON catalog_items "
    "FOR EACH ROW WHEN ((OLD.created_at, OLD.status) IS DISTINCT FROM (NEW.created_at, NEW.status)) "
    "EXECUTE FUNCTION copy_item_to_its_places()",
    # What it writes there is overwritten with the truth by the trigger above.
    f"GRANT UPDATE (item_created_at, item_status) ON {TABLE} TO {APP}",
]


def upgrade() -> None:
    for statement in LOCKS:
        op.execute(statement)
    op.add_column(TABLE, sa.Column("item_created_at", sa.DateTime(timezone=True), comment="the item's created_at"))
    op.add_column(TABLE, sa.Column("item_status", sa.Text(), comment="the item's status"))
    for statement in (COPY_ALL, ONLY_WITH_COPIES, *TRIGGERS):
        op.execute(statement)
    op.create_index(
        "ix_catalog_item_categories_tenant_id_category_id_created_at",
        TABLE,
        ["tenant_id", "category_id", "item_created_at", "item_id"],
    )
    op.create_index(
        "ix_catalog_item_categories_tenant_id_category_id_status",
        TABLE,
        ["tenant_id", "category_id", "item_status", "item_created_at", "item_id"],
    )
    op.execute(WITHOUT_THE_ORDER)


def downgrade() -> None:
    """The lists of categories read the copies."""
    raise NotImplementedError
