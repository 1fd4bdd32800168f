"""Which function does which kind of job."""

from collections.abc import Mapping

from domain.jobs import Handler

HANDLERS: Mapping[str, Handler] = {}
