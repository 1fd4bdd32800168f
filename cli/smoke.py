"""Asking a running deployment whether the essentials work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import typer


@dataclass(frozen=True, slots=True)
class Probe:
    """One question with the answer it wants."""

    name: str
    ask: Callable[[httpx.AsyncClient], Awaitable[bool]]


async def smoke_test(url: str, tenant: str | None) -> bool:
    """Ask everything, print each answer, and say whether all were right."""
    probes = [*PROBES, storefront(tenant)] if tenant else PROBES
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        answers = [await told(probe, client) for probe in probes]
    typer.echo(f"{sum(answers)} of {len(answers)} right")
    return all(answers)


async def told(probe: Probe, client: httpx.AsyncClient) -> bool:
    try:
        right = await probe.ask(client)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        typer.echo(f"FAIL  {probe.name}: {type(error).__name__}")
        return False
    typer.echo(f"{'ok  ' if right else 'FAIL'}  {probe.name}")
    return right


def status(path: str, wanted: int) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    async def ask(client: httpx.AsyncClient) -> bool:
        return (await client.get(path)).status_code == wanted

    return ask


def query(
    document: str, *, wanted: int, path: str = "/graphql", headers: dict[str, str] | None = None
) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    async def ask(client: httpx.AsyncClient) -> bool:
        response = await client.post(path, json={"query": document}, headers=headers)
        return response.status_code == wanted and response.headers.get("x-request-id") is not None

    return ask


async def keys_published(client: httpx.AsyncClient) -> bool:
    """The signing keys are there, and nothing private among them; unless another provider publishes its own."""
    response = await client.get("/.well-known/jwks.json")
    if response.status_code == 404:
        return True
    keys = response.json()["keys"]
    return bool(keys) and all("d" not in key for key in keys)


def storefront(tenant: str) -> Probe:
    async def ask(client: httpx.AsyncClient) -> bool:
        document = {"query": "{ store { status name { value } } }"}
        response = await client.post("/graphql", json=document, headers={"sadu-tenant": tenant})
        return response.status_code == 200 and bool(response.json()["data"]["store"]["name"]["value"])

    return Probe(f"the store of {tenant} answers", ask)


FORGED = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}

PROBES = [
    Probe("the process answers", status("/health/live", 200)),
    Probe("the database answers", status("/health/ready", 200)),
    Probe("signing keys are published", keys_published),
    Probe("GraphQL answers", query("{ __typename }", wanted=200)),
    Probe("a guest is no member", query("{ tenant { slug } }", wanted=401)),
    Probe("a forged token is refused", query("{ __typename }", wanted=401, headers=FORGED)),
    Probe("the privileged schema is closed", query("{ __typename }", wanted=401, path="/admin/graphql")),
    Probe("only POST executes", status("/graphql?query=%7B__typename%7D", 405)),
]
