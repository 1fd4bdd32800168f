"""Items have options, of which each variant picks one value each: no two variants of an item the same."""

import sqlalchemy as sa
from alembic import op

from db.security.policies import tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPTIONS, VALUES, VARIANTS = "catalog_options", "catalog_option_values", "catalog_variants"
CHOICES = ("first_value_id", "second_value_id", "third_value_id")


def upgrade() -> None:
    make_options()
    make_values()
    for table in (OPTIONS, VALUES):
        for statement in (*tenant_table(table, app="SELECT, INSERT, UPDATE, DELETE"), *triggers(table)):
            op.execute(statement)
    widen_variants()
    let_variants_choose()


def make_options() -> None:
    op.create_table(
        OPTIONS,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.CheckConstraint("slot BETWEEN 1 AND 3", name=op.f("ck_catalog_options_slot")),
        sa.CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name=op.f("ck_catalog_options_named")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["catalog_items.tenant_id", "catalog_items.id"],
            name=op.f("fk_catalog_options_tenant_id_item_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_options_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_catalog_options")),
        sa.UniqueConstraint("tenant_id", "item_id", "slot", name=op.f("uq_catalog_options_tenant_id_item_id_slot")),
        sa.UniqueConstraint("tenant_id", "item_id", "id", name=op.f("uq_catalog_options_tenant_id_item_id_id")),
    )


def make_values() -> None:
    op.create_table(
        VALUES,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("item_id", sa.UUID(), nullable=False),
        sa.Column("option_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("name_ar", sa.Text(), nullable=True),
        sa.CheckConstraint("name_en IS NOT NULL OR name_ar IS NOT NULL", name=op.f("ck_catalog_option_values_named")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id", "option_id"],
            ["catalog_options.tenant_id", "catalog_options.item_id", "catalog_options.id"],
            name=op.f("fk_catalog_option_values_tenant_id_item_id_option_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_option_values_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_catalog_option_values")),
        sa.UniqueConstraint("tenant_id", "item_id", "id", name=op.f("uq_catalog_option_values_tenant_id_item_id_id")),
    )


def triggers(table: str) -> list[str]:
    """Shoppers see both tables: as migration 0004 does for the others."""
    return [
        f"CREATE TRIGGER {table}_storefront_change AFTER INSERT OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION note_storefront_change()",
        f"CREATE TRIGGER {table}_storefront_update AFTER UPDATE ON {table} "
        "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_storefront_change()",
    ]


def widen_variants() -> None:
    op.add_column(VARIANTS, sa.Column("weight", sa.Integer(), comment="in grams"))
    op.add_column(VARIANTS, sa.Column("barcode", sa.Text()))
    op.add_column(
        VARIANTS, sa.Column("first_value_id", sa.UUID(), comment="what it picks of the item's option in slot 1")
    )
    op.add_column(VARIANTS, sa.Column("second_value_id", sa.UUID()))
    op.add_column(VARIANTS, sa.Column("third_value_id", sa.UUID()))
    op.add_column(
        VARIANTS,
        sa.Column(
            "is_named_by_options",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="its name is that of the values it picks, and changes with them",
        ),
    )


def let_variants_choose() -> None:
    # The columns are new and empty: there is nothing to check, and so nothing to wait for.
    op.create_check_constraint(op.f("ck_catalog_variants_weight"), VARIANTS, "weight BETWEEN 0 AND 1000000")
    for column in CHOICES:
        op.create_foreign_key(
            op.f(f"fk_catalog_variants_tenant_id_item_id_{column}"),
            VARIANTS,
            VALUES,
            ["tenant_id", "item_id", column],
            ["tenant_id", "item_id", "id"],
        )
    op.create_index(
        "ix_catalog_variants_combination",
        VARIANTS,
        ["tenant_id", "item_id", *CHOICES],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text(f"archived_at IS NULL AND num_nonnulls({', '.join(CHOICES)}) > 0"),
    )


def downgrade() -> None:
    """What variants pick would be lost."""
    raise NotImplementedError
