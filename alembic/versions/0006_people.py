"""People: second factors, invitations, API keys, customers with their addresses, and where an audited act came from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_second_factors()
    add_team()
    add_customers()


def add_second_factors() -> None:
    op.create_table(
        "mfa_challenges",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mfa_challenges_person_id")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_mfa_challenges")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id")),
        sa.PrimaryKeyConstraint("person_id", "id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("person_id", "code_hash", name=op.f("uq_recovery_codes_person_id_code_hash")),
    )
    op.create_table(
        "totp_factors",
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column(
            "sealed_secret",
            sa.LargeBinary(),
            nullable=False,
            comment="encrypted under a key derived from the secret key",
        ),
        sa.Column(
            "last_step",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="time step of the code used last: none is good twice",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_totp_factors_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_totp_factors")),
    )
    op.add_column(
        "people",
        sa.Column(
            "mfa_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="a second factor has been asked for since then",
        ),
    )
    op.add_column(
        "sessions",
        sa.Column(
            "mfa_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a second factor was given in this session",
        ),
    )


def add_team() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "hint", sa.Text(), nullable=False, comment="the last four characters, by which people tell keys apart"
        ),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the whole key"),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False, comment="names of permissions"),
        sa.Column("created_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True, comment="to the minute"),
        sa.Column("rotated_from", sa.UUID(), nullable=True, comment="the key that this one replaces"),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_api_keys_created_by")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rotated_from"],
            ["api_keys.tenant_id", "api_keys.id"],
            name=op.f("fk_api_keys_tenant_id_rotated_from"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_key_hash", "api_keys", ["key_hash"], unique=True)
    op.create_index("ix_api_keys_tenant_id_created_at", "api_keys", ["tenant_id", "created_at", "id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="normalised and case-folded; only its owner may accept"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token that was mailed last"),
        sa.Column(
            "sends",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="how often it was mailed; each has a new token",
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("invited_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member')", name=op.f("ck_invitations_role")),
        sa.ForeignKeyConstraint(["invited_by"], ["people.id"], name=op.f("fk_invitations_invited_by")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_invitations_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invitations")),
    )
    op.create_index(
        "ix_invitations_tenant_id_created_at", "invitations", ["tenant_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_invitations_token_hash", "invitations", ["token_hash"], unique=True)
    op.create_index(
        "uq_invitations_tenant_id_email",
        "invitations",
        ["tenant_id", "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
    )
    op.add_column(
        "audit_entries", sa.Column("address", sa.Text(), nullable=True, comment="where the request came from")
    )
    op.create_index("ix_audit_entries_tenant_id_act", "audit_entries", ["tenant_id", "act", "created_at", "id"])
    op.create_index("ix_audit_entries_tenant_id_actor_id", "audit_entries", ["tenant_id", "actor_id"])


def add_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="the person's proven address when they registered here"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False, comment="language of this store's mails to them"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("locale IN ('ar', 'en')", name=op.f("ck_customers_locale")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_customers_person_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_customers_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_customers")),
        sa.UniqueConstraint("tenant_id", "person_id", name=op.f("uq_customers_tenant_id_person_id")),
    )
    op.create_table(
        "customer_addresses",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True, comment="what the customer calls it, such as Home"),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False, comment="ISO 3166-1 alpha-2"),
        sa.Column("governorate", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("block", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("avenue", sa.Text(), nullable=True),
        sa.Column("building", sa.Text(), nullable=True),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("flat", sa.Text(), nullable=True),
        sa.Column("line1", sa.Text(), nullable=True),
        sa.Column("line2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True, comment="for whoever brings it"),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "form <> 'general' OR (line1 IS NOT NULL AND city IS NOT NULL)", name=op.f("ck_customer_addresses_general")
        ),
        sa.CheckConstraint(
            "form <> 'kuwait' OR (country = 'KW' AND governorate IS NOT NULL AND area IS NOT NULL AND block IS NOT NULL AND street IS NOT NULL AND building IS NOT NULL)",
            name=op.f("ck_customer_addresses_kuwait"),
        ),
        sa.CheckConstraint("form IN ('kuwait', 'general')", name=op.f("ck_customer_addresses_form")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name=op.f("fk_customer_addresses_tenant_id_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_customer_addresses_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_customer_addresses")),
    )
    op.create_index(
        "ix_customer_addresses_tenant_id_customer_id",
        "customer_addresses",
        ["tenant_id", "customer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_customer_addresses_tenant_id_customer_id",
        "customer_addresses",
        ["tenant_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.add_column(
        "orders",
        sa.Column("customer_id", sa.UUID(), nullable=True, comment="null for a guest's order that nobody has claimed"),
    )
    op.create_index(
        "ix_orders_tenant_id_customer_email",
        "orders",
        ["tenant_id", "customer_email"],
        unique=False,
        postgresql_where=sa.text("customer_id IS NULL"),
    )
    op.create_index(
        "ix_orders_tenant_id_customer_id_placed_at",
        "orders",
        ["tenant_id", "customer_id", "placed_at", "id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_orders_tenant_id_customer_id"),
        "orders",
        "customers",
        ["tenant_id", "customer_id"],
        ["tenant_id", "id"],
    )


def downgrade() -> None:
    """Who may sign in, and for whom programs act, would be lost."""
    raise NotImplementedError
