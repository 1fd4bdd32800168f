"""Counting what the product says to the database."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from asyncpg import Connection, Record
from asyncpg.connection import LoggedQuery
from sqlalchemy import event
from sqlalchemy.engine import AdaptedConnection

from db.session import Database

ENVELOPE = re.compile(r"BEGIN|COMMIT|ROLLBACK|SELECT set_config\('app\.current_tenant'|SELECT expect_")
"""How the statements begin that open a transaction in its scope and end it."""
DRIVER = re.compile(r"'jit'|pg_catalog\.pg_type")
"""How a new connection learns of types that it has not seen before."""


@contextmanager
def counted_statements(*databases: Database, with_envelopes: bool = False) -> Generator[list[str]]:
    """Collects what sessions and rows ask of databases, as a rule without what opens and ends transactions."""
    statements: list[str] = []
    watched: set[Connection[Record]] = set()

    def note(statement: str) -> None:
        if with_envelopes or not ENVELOPE.match(statement):
            statements.append(statement)

    def from_session(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    def from_rows(query: LoggedQuery) -> None:
        if not DRIVER.search(query.query):
            note(query.query)

    def watch(adapted: AdaptedConnection, *_rest: Any) -> None:
        connection: Connection[Record] = adapted.driver_connection
        connection.add_query_logger(from_rows)
        watched.add(connection)

    engines = [database.engine.sync_engine for database in databases]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", from_session)
        event.listen(engine.pool, "checkout", watch)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", from_session)
            event.remove(engine.pool, "checkout", watch)
        for connection in watched:
            connection.remove_query_logger(from_rows)
