"""Somebody signed in and a program with a key, for every shop that is measured."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from bench.catalogue import Catalogue
from db.models import new_id
from db.security.roles import connected
from domain.api_keys import key_hash, new_key
from integrations.access_tokens import AccessTokenSigner

LIFETIME = timedelta(hours=6)
SUBJECT = "bench-owner"
SCOPES = ["catalog:read", "orders:read"]

PERSON_ROWS = """
INSERT INTO people (id, subject, email, name, confirmed_at)
VALUES (:person, :subject, 'owner@people.test', 'Noura', now())
"""
SESSION_ROW = "INSERT INTO sessions (person_id, id, expires_at) VALUES (:person, :session, now() + interval '1 day')"
MEMBERSHIP_ROW = """
INSERT INTO memberships (tenant_id, id, person_id, role) VALUES (:tenant, gen_random_uuid(), :person, 'owner')
"""
KEY_ROW = """
INSERT INTO api_keys (tenant_id, id, name, hint, key_hash, scopes, created_by, last_used_at)
VALUES (:tenant, gen_random_uuid(), 'Bench', :hint, :hash, :scopes, :person, now())
"""


async def introduce(
    catalogue: Catalogue, admin_url: str, database: str, *, key_file: Path, issuer: str, client_id: str
) -> None:
    """Write an owner of all shops with a session, and a key for each shop; the catalogue learns what they send."""
    person, session = new_id(), new_id()
    token = access_token(session, key_file, issuer, client_id)
    async with connected(admin_url, database) as connection:
        await connection.execute(text(PERSON_ROWS), {"person": person, "subject": SUBJECT})
        await connection.execute(text(SESSION_ROW), {"person": person, "session": session})
        for shop in catalogue.shops:
            tenant = {"tenant": uuid.UUID(shop.id), "person": person}
            key = new_key()
            given = tenant | {"hint": key[-4:], "hash": key_hash(key), "scopes": SCOPES}
            await connection.execute(text(MEMBERSHIP_ROW), tenant)
            await connection.execute(text(KEY_ROW), given)
            shop.tokens.update(person=token, key=key)


def access_token(session_id: uuid.UUID, key_file: Path, issuer: str, client_id: str) -> str:
    signer = AccessTokenSigner(key_file.read_bytes(), issuer, client_id, LIFETIME)
    return signer.sign(subject=SUBJECT, session_id=session_id, signed_in_at=datetime.now(UTC))
