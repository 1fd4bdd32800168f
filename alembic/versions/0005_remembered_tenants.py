"""A process may remember a tenant, if each transaction begins by making sure that it is still what it was.

`find_request` stays: processes of the release before ask it while this one is being rolled out.
"""

from alembic import op

from db.security.policies import definer_function
from db.security.roles import APP

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The edition of a row is the transaction that wrote it last. It wraps around after four billion transactions, and the
# column needs no code that counts: every writer makes a new one, whether it knows of editions or not.
EDITION = "{row}.xmin::text::bigint"

FIND_CALLER = f"""
SELECT named.id, named.slug, named.status, named.currency, named.locale, hosted.id,
       people.id,
       EXISTS (SELECT FROM sessions WHERE sessions.person_id = people.id AND sessions.id = session
               AND sessions.revoked_at IS NULL AND sessions.expires_at > now()),
       (SELECT role FROM memberships WHERE memberships.tenant_id = coalesce(named.id, hosted.id)
        AND memberships.person_id = people.id),
       EXISTS (SELECT FROM operators WHERE operators.person_id = people.id),
       hosted.slug, hosted.status, hosted.currency, hosted.locale,
       {EDITION.format(row="named")}, {EDITION.format(row="hosted")}
FROM (VALUES (1)) AS one(row)
LEFT JOIN tenants AS named ON named.slug = header_slug
LEFT JOIN tenants AS hosted ON hosted.slug = host_slug
LEFT JOIN people ON people.subject = token_subject
"""

FIND_CALLER_RETURNS = """TABLE (
    named_id uuid, named_slug text, named_status text, named_currency text, named_locale text, hosted_id uuid,
    person_id uuid, session_active boolean, role text, operator boolean,
    hosted_slug text, hosted_status text, hosted_currency text, hosted_locale text,
    named_edition bigint, hosted_edition bigint)"""

# Not a definer function: under row-level security it sees the tenant of the transaction's scope, and no other.
EXPECT_TENANT = f"""
CREATE FUNCTION expect_tenant(edition bigint) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE tenants.id = app_tenant() AND {EDITION.format(row="tenants")} = edition) THEN
        RAISE EXCEPTION 'the tenant has changed' USING ERRCODE = 'SD001';
    END IF;
END $body$
"""


def upgrade() -> None:
    for statement in (
        *definer_function(
            "find_caller(header_slug text, host_slug text, token_subject text, session uuid)",
            FIND_CALLER_RETURNS,
            FIND_CALLER,
        ),
        EXPECT_TENANT,
        "REVOKE ALL ON FUNCTION expect_tenant(bigint) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION expect_tenant(bigint) TO {APP}",
    ):
        op.execute(statement)


def downgrade() -> None:
    """The application asks for editions with every request."""
    raise NotImplementedError
