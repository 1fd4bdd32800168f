"""The way of paying that a shopper has chosen, compiled once: orders are placed by it."""

from functools import cache

from sqlalchemy import Text, select

from db.models import PaymentAccount
from db.rows import Statement, compile_statement, parameter


@cache
def enabled_account() -> Statement:
    columns = (PaymentAccount.provider, PaymentAccount.hold_minutes)
    return compile_statement(
        select(*columns).where(PaymentAccount.provider == parameter("provider", Text()), PaymentAccount.is_enabled)
    )
