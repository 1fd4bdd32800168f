"""Numbers that people read, counted per tenant."""

from db.models import Counter
from domain.actors import Actor


def counter(*, actor: Actor, name: str, first: int = 1) -> Counter:
    """The tenant's sequence `name`, for `insert_rows` to count while it inserts what gets the number.

    The counter's row is locked until the transaction ends, so insert that last: a rolled-back transaction gives its
    number back (no gap means a loss), and no other tenant waits.
    """
    return Counter(tenant_id=actor.tenant, name=name, value=first)
