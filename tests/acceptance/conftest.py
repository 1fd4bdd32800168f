"""What the tests of authorisation need beside the API."""

from collections.abc import AsyncGenerator

import pytest

from db.security.roles import connected
from tests.support.api import Api
from tests.support.databases import Databases
from tests.support.factories import Factory
from tests.support.mail import Post
from tests.support.tools import Tools


@pytest.fixture
async def tools(
    api: Api, factory: Factory, post: Post, databases: Databases, database_name: str
) -> AsyncGenerator[Tools]:
    async with connected(databases.url(database_name)) as superuser:
        yield Tools(api, factory, post, superuser)
