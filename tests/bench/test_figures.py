"""A benchmark that measures error pages, or passes what it should fail, is worse than none."""

import asyncio
import json
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

from bench.load import Command, Load, Outcome, complaint_about
from bench.plans import Plan
from bench.report import Report, Row, Target
from bench.rounds import Figures

GOOD: dict[str, Any] = {"data": {"store": {"items": {"nodes": [{"id": "item_1"}]}}}}


async def outcome_of(answer: bytes, *, close: bool = False) -> Outcome:
    """What the load generator says of a server that always answers the same."""

    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readline():
                writer.write(answer)
                if close:
                    return
        except ConnectionError:
            pass
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    requests: Iterator[bytes] = repeat(b"GET\n")
    async with server:
        outcome = await asyncio.wait_for(Load(Command(port, "list", seconds=0.2), requests).run(), 10)
        await asyncio.gather(*served)
    return outcome


def http(status: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


async def test_good_answers_are_counted():
    outcome = await outcome_of(http("200 OK", GOOD))
    assert outcome.counted > 0
    assert outcome.milliseconds["p95"] > 0
    assert (outcome.wrong_statuses, outcome.wrong_bodies) == (0, 0)


async def test_another_status_is_no_answer():
    outcome = await outcome_of(http("429 Too Many Requests", GOOD))
    assert outcome.wrong_statuses == outcome.answers > 0


async def test_errors_in_answers_are_found():
    outcome = await outcome_of(http("200 OK", {"errors": [{"message": "no"}], "data": None}))
    assert outcome.wrong_bodies > 0
    assert "no" in outcome.example


async def test_a_lost_connection_ends_the_round():
    outcome = await outcome_of(http("200 OK", GOOD), close=True)
    assert outcome.wrong_statuses > 0


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"orderSubmit": {"order": None, "userErrors": [{"code": "INSUFFICIENT_STOCK"}]}}},
        {"data": {"store": {"item": None}}},
        {"data": {"store": None}},
        {"data": {"store": {"items": {"nodes": []}}}},
        {"data": {"store": {"item": {"id": "item_1"}}}, "errors": [{"message": "half"}]},
    ],
)
def test_an_answer_without_what_was_asked_for_is_told(answer: dict[str, Any]):
    assert complaint_about(json.dumps(answer).encode())


def figures(*, per_second: float, cpu: float) -> Figures:
    return Figures(per_second, p50=1, p95=1, p99=1, server_cpu=cpu, database_cpu=1, busy=1)


def test_requests_per_second_decide():
    limit = figures(per_second=1000, cpu=1.0)
    target = Target(0.5, 0.9)
    assert Row("list, cold", figures(per_second=400, cpu=1.0), limit, target).verdict == "MISSED"
    assert Row("list, cold", figures(per_second=600, cpu=2.5), limit, target).verdict == "must met"
    assert Row("list, cold", figures(per_second=950, cpu=2.5), limit, target).verdict == "aim met"


def test_an_aim_alone_fails_nothing():
    assert Target(None, 100, at_most=True).reached(101) == "aim missed"
    assert Target(1.1, 1.02, at_most=True).reached(1.2) == "MISSED"
    assert Target(1.1, 1.02, at_most=True).reached(1.05) == "must met"


def test_a_report_names_what_was_missed():
    slow = Row("item, cold", figures(per_second=1, cpu=9), figures(per_second=100, cpu=1), Target(0.5, 0.9))
    assert Report("here", rows=[slow], failures=["a plan"]).missed == ["item, cold", "a plan"]


def scan(kind: str, rows: float = 25, **more: Any) -> dict[str, Any]:
    return {"Node Type": kind, "Actual Rows": rows, "Actual Loops": 1.0, "Relation Name": "catalog_items", **more}


def test_plans_are_faulted_for_whole_tables_and_large_sorts():
    assert Plan("", scan("Index Scan"), 0.1).faults == []
    assert Plan("", scan("Limit", Plans=[scan("Seq Scan")]), 0.1).faults == ["sequential scan of catalog_items"]
    assert Plan("", scan("Sort", Plans=[scan("Index Scan", 300)]), 0.1).faults == ["sort of 300 rows"]
    assert Plan("", scan("Sort", Plans=[scan("Index Scan", 30)]), 0.1).faults == []
    assert Plan("", scan("Index Scan", **{"Shared Hit Blocks": 900}), 0.1).faults == ["900 buffers touched"]
