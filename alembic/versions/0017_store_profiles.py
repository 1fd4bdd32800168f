"""What a store tells about itself, and where it went when it changed its slug."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.security.policies import closed_tenant_table, definer_function, lookup_reads, lookup_writes
from db.security.roles import APP, OWNER

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# One unique index decides who has a slug that is in use, this trigger who has one that was: it refuses under the name of
# that index, so that processes of the release before say that the slug is taken. Its statements see what was committed
# before them, and whoever takes or leaves the same slug at the same time waits at the index.
KEEP_FORMER_SLUG = """
BEGIN
    DELETE FROM former_slugs WHERE slug = NEW.slug AND (tenant_id = NEW.id OR expires_at <= now());
    IF EXISTS (SELECT FROM former_slugs WHERE slug = NEW.slug) THEN
        RAISE EXCEPTION 'this slug still leads to another tenant'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'uq_tenants_slug';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM former_slugs WHERE tenant_id = NEW.id AND expires_at <= now();
        INSERT INTO former_slugs (tenant_id, slug, expires_at) VALUES (OLD.id, OLD.slug, now() + interval '1 year');
    END IF;
    RETURN NULL;
END
"""

# Of a tenant that is not open nothing is told: not even that it has another name now.
FIND_MOVED_SLUG = """
SELECT tenants.slug FROM former_slugs JOIN tenants ON tenants.id = former_slugs.tenant_id
WHERE former_slugs.slug = named AND former_slugs.expires_at > now() AND tenants.status = 'active'
"""

NOTED = [
    "CREATE TRIGGER store_profiles_storefront_change AFTER INSERT OR DELETE ON store_profiles "
    "FOR EACH ROW EXECUTE FUNCTION note_storefront_change()",
    "CREATE TRIGGER store_profiles_storefront_update AFTER UPDATE ON store_profiles "
    "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_storefront_change()",
]
KEPT = [
    "CREATE TRIGGER tenants_new_slug AFTER INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION keep_former_slug()",
    "CREATE TRIGGER tenants_other_slug AFTER UPDATE ON tenants "
    "FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug()",
]


def both_languages(name: str) -> list[sa.Column[str]]:
    return [sa.Column(f"{name}_{locale}", sa.Text(), nullable=True) for locale in ("en", "ar")]


def upgrade() -> None:
    op.add_column(
        "tenants",
        sa.Column(
            "version",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="raised by each edit of the profile",
        ),
    )
    op.create_table(
        "store_profiles",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        *both_languages("about"),
        *both_languages("contact_address"),
        *both_languages("opening_hours"),
        *both_languages("payment_instructions"),
        *both_languages("returns_policy"),
        *both_languages("privacy_policy"),
        *both_languages("shipping_policy"),
        *both_languages("terms"),
        sa.Column("whatsapp_number", sa.Text(), nullable=True),
        sa.Column("commercial_registration", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("charity_permit", sa.Text(), nullable=True),
        sa.Column(
            "social_links",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="platform and url of each, in the order to show",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_store_profiles_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_store_profiles")),
    )
    op.create_table(
        "former_slugs",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_former_slugs_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "slug", name=op.f("pk_former_slugs")),
        sa.UniqueConstraint("slug", name=op.f("uq_former_slugs_slug")),
    )
    for statement in (
        f"GRANT UPDATE (version) ON tenants TO {APP}",
        *closed_tenant_table("store_profiles", app="SELECT, INSERT, UPDATE"),
        *NOTED,
        *closed_tenant_table("former_slugs", app="SELECT, INSERT, DELETE"),
        *lookup_reads("former_slugs"),
        *lookup_writes("former_slugs", "INSERT"),
        *lookup_writes("former_slugs", "DELETE"),
        *definer_function("keep_former_slug()", "trigger", KEEP_FORMER_SLUG, caller=OWNER, language="plpgsql"),
        *KEPT,
        *definer_function("find_moved_slug(named text)", "TABLE (slug text)", FIND_MOVED_SLUG),
    ):
        op.execute(statement)


def downgrade() -> None:
    """A slug that others were promised to be led from would be anybody's."""
    raise NotImplementedError
