"""Places in lists that are sorted by a moment and an identifier, the newest first."""

import uuid
from datetime import UTC, datetime

Position = tuple[datetime, uuid.UUID]

BEFORE_ALL: Position = datetime(9999, 1, 1, tzinfo=UTC), uuid.UUID(int=2**128 - 1)
"""Before the newest row: where a page without a cursor begins."""
