"""What was made under an idempotency key before."""

from functools import cache

from sqlalchemy import ColumnElement, Text, Uuid, and_, select

from db.models import IdempotencyRecord
from db.rows import Statement, compile_statement, parameter


@cache
def claimed_key() -> Statement:
    columns = (IdempotencyRecord.fingerprint, IdempotencyRecord.entity_id)
    return compile_statement(select(*columns).where(same_key()))


def same_key() -> ColumnElement[bool]:
    return and_(
        IdempotencyRecord.tenant_id == parameter("tenant_id", Uuid()),
        IdempotencyRecord.operation == parameter("operation", Text()),
        IdempotencyRecord.actor_key == parameter("actor_key", Text()),
        IdempotencyRecord.key == parameter("key", Text()),
    )
