"""Numbers that people read, counted per tenant."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Counter
from domain.actors import Actor


async def next_number(session: AsyncSession, *, actor: Actor, name: str, first: int = 1) -> int:
    """The next number of the tenant's sequence `name`.

    Locks the tenant's counter row until the transaction ends, so call it last: a rolled-back transaction gives its
    number back (no gap means a loss), and no other tenant waits.
    """
    statement = (
        insert(Counter)
        .values(tenant_id=actor.tenant, name=name, value=first)
        .on_conflict_do_update(index_elements=["tenant_id", "name"], set_={"value": Counter.value + 1})
        .returning(Counter.value)
    )
    return (await session.execute(statement)).scalar_one()
