"""Row-level security on the tables of 0006, who is calling with them, and the few functions that look across.

`find_caller` stays: processes of the release before ask it while this one is being rolled out.
"""

from alembic import op

from db.security.policies import closed_tenant_table, definer_function, lookup_reads, lookup_writes, person_table
from db.security.roles import APP

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TENANT_TABLES = {
    "invitations": "SELECT, INSERT, UPDATE",
    "api_keys": "SELECT, INSERT, UPDATE",
    "customers": "SELECT, INSERT, UPDATE",
    "customer_addresses": "SELECT, INSERT, UPDATE, DELETE",
}

PERSON_TABLES = {
    "totp_factors": "SELECT, INSERT, UPDATE, DELETE",
    "recovery_codes": "SELECT, INSERT, UPDATE, DELETE",
    "mfa_challenges": "SELECT, INSERT, UPDATE",
}

# A key that is revoked or expired finds nothing at all. Header and host win over the tenant of the key, so that the
# caller can be told that they differ.
IDENTIFY_CALLER = """
SELECT named.id, hosted.id, key.tenant_id,
       acting.id, acting.slug, acting.status, acting.currency, acting.locale, acting.xmin::text::bigint,
       people.id, coalesce(live.active, false), coalesce(live.mfa, false),
       (SELECT role FROM memberships WHERE memberships.tenant_id = acting.id
        AND memberships.person_id = people.id),
       (SELECT id FROM customers WHERE customers.tenant_id = acting.id AND customers.person_id = people.id),
       EXISTS (SELECT FROM operators WHERE operators.person_id = people.id),
       key.id, key.scopes, key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute',
       caller_edition(acting.id, people.id, session, key.id)
FROM (VALUES (1)) AS one(row)
LEFT JOIN tenants AS named ON named.slug = header_slug
LEFT JOIN tenants AS hosted ON hosted.slug = host_slug
LEFT JOIN api_keys AS key ON key.key_hash = api_key AND key.revoked_at IS NULL
          AND (key.expires_at IS NULL OR key.expires_at > now())
LEFT JOIN tenants AS acting ON acting.id = coalesce(named.id, hosted.id, key.tenant_id)
LEFT JOIN people ON people.subject = token_subject
LEFT JOIN LATERAL (SELECT true AS active, sessions.mfa_at IS NOT NULL AS mfa FROM sessions
          WHERE sessions.person_id = people.id AND sessions.id = session
          AND sessions.revoked_at IS NULL AND sessions.expires_at > now()) AS live ON true
"""

IDENTIFY_CALLER_RETURNS = """TABLE (
    named_id uuid, hosted_id uuid, keyed_id uuid,
    tenant_id uuid, slug text, status text, currency text, locale text, edition bigint,
    person_id uuid, session_active boolean, session_mfa boolean,
    role text, customer_id uuid, operator boolean,
    key_id uuid, key_scopes text[], key_unseen boolean, caller_edition bigint)"""

# Of everything that was said of a caller: another one as soon as any of these rows is written, or gone; null for a
# session or a key that is not good. In PL/pgSQL, which keeps the plan, because every request of a known caller asks.
CALLER_EDITION = """
BEGIN
    RETURN (SELECT hashtextextended(ROW(
            (SELECT xmin FROM tenants WHERE id = of_tenant),
            (SELECT xmin FROM memberships WHERE tenant_id = of_tenant AND person_id = of_person),
            (SELECT xmin FROM customers WHERE tenant_id = of_tenant AND person_id = of_person),
            (SELECT xmin FROM operators WHERE person_id = of_person),
            live.xmin, good.xmin)::text, 0)
        FROM (VALUES (1)) AS one(row)
        LEFT JOIN sessions AS live ON live.person_id = of_person AND live.id = of_session
                  AND live.revoked_at IS NULL AND live.expires_at > now()
        LEFT JOIN api_keys AS good ON good.tenant_id = of_tenant AND good.id = of_key
                  AND good.revoked_at IS NULL AND (good.expires_at IS NULL OR good.expires_at > now())
        WHERE (of_session IS NULL OR live.id IS NOT NULL) AND (of_key IS NULL OR good.id IS NOT NULL));
END
"""

EXPECT_CALLER = """
CREATE FUNCTION expect_caller(session uuid, key uuid, edition bigint) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    IF caller_edition(app_tenant(), app_person(), session, key) IS DISTINCT FROM edition THEN
        RAISE EXCEPTION 'the caller has changed' USING ERRCODE = 'SD001';
    END IF;
END $body$
"""

FIND_TEAM = """
SELECT memberships.id, memberships.person_id, memberships.role, memberships.created_at,
       people.name, people.email, people.mfa_since IS NOT NULL
FROM memberships JOIN people ON people.id = memberships.person_id
WHERE memberships.tenant_id = app_tenant() ORDER BY memberships.created_at, memberships.id
"""

# Operators act on tenants, too: their names are not the tenant's to know.
FIND_AUDITED_PEOPLE = """
SELECT people.id, people.name, people.email FROM people WHERE people.id = ANY(ids)
AND EXISTS (SELECT FROM audit_entries WHERE audit_entries.tenant_id = app_tenant()
            AND audit_entries.actor_kind = 'person' AND audit_entries.actor_id = people.id)
"""

FIND_INVITATION = """
SELECT invitations.tenant_id, invitations.id, invitations.email, invitations.role, invitations.expires_at,
       tenants.slug, tenants.name_en, tenants.name_ar, tenants.locale
FROM invitations JOIN tenants ON tenants.id = invitations.tenant_id
WHERE invitations.token_hash = hash AND invitations.accepted_at IS NULL AND invitations.revoked_at IS NULL
AND invitations.expires_at > now() AND tenants.status = 'active'
"""

RECORD_ACCOUNT_ACT = """
INSERT INTO audit_entries (tenant_id, id, act, actor_kind, actor_id, details, request_id, address)
SELECT memberships.tenant_id, gen_random_uuid(), act, 'person', app_person(), '{}', request_id, address
FROM memberships WHERE memberships.person_id = app_person()
"""


def statements() -> list[str]:
    return [
        *[statement for table, app in TENANT_TABLES.items() for statement in closed_tenant_table(table, app=app)],
        *[statement for table, app in PERSON_TABLES.items() for statement in person_table(table, app=app)],
        *lookup_reads("api_keys", "invitations", "customers", "audit_entries"),
        *lookup_writes("audit_entries", "INSERT"),
        *definer_function(
            "caller_edition(of_tenant uuid, of_person uuid, of_session uuid, of_key uuid)",
            "bigint",
            CALLER_EDITION,
            language="plpgsql",
        ),
        EXPECT_CALLER,
        "REVOKE ALL ON FUNCTION expect_caller(uuid, uuid, bigint) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION expect_caller(uuid, uuid, bigint) TO {APP}",
        *definer_function(
            "identify_caller(header_slug text, host_slug text, token_subject text, session uuid, api_key bytea)",
            IDENTIFY_CALLER_RETURNS,
            IDENTIFY_CALLER,
        ),
        *definer_function(
            "find_team()",
            "TABLE (membership_id uuid, person_id uuid, role text, joined_at timestamptz, name text, email text, "
            "mfa boolean)",
            FIND_TEAM,
        ),
        *definer_function(
            "find_audited_people(ids uuid[])", "TABLE (person_id uuid, name text, email text)", FIND_AUDITED_PEOPLE
        ),
        *definer_function(
            "find_invitation(hash bytea)",
            "TABLE (tenant_id uuid, invitation_id uuid, email text, role text, expires_at timestamptz, "
            "slug text, name_en text, name_ar text, locale text)",
            FIND_INVITATION,
        ),
        *definer_function("record_account_act(act text, request_id text, address text)", "void", RECORD_ACCOUNT_ACT),
    ]


def upgrade() -> None:
    for statement in statements():
        op.execute(statement)


def downgrade() -> None:
    """Row-level security is never taken away."""
    raise NotImplementedError
