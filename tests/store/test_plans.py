"""What is asked before every outbound call reads the rows it is about, however many the account has."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store import sync
from hub.store.database import Connection, Database
from tests.statements import statements

MANY = 50_000

FILL = f"""
INSERT INTO accounts (name, connector, mapping) VALUES ('web', 'generic', 'generic'), ('erp', 'generic', 'generic');
INSERT INTO returns (status, opened) SELECT 'completed', true FROM generate_series(1, {MANY});
INSERT INTO sync (return_id, account, job, wanted, done, state)
 SELECT r.id, a.name, 'return:' || r.id, 1, 1, 'in_sync' FROM returns r CROSS JOIN accounts a;
ANALYZE
"""


@pytest.fixture
def full(database: Database) -> Database:
    with database.begin() as conn:
        for statement in FILL.split(";"):
            conn.exec_driver_sql(statement)
    return database


def plan(conn: Connection, statement: str, parameters: Any) -> list[dict[str, Any]]:
    """The nodes of what PostgreSQL did."""
    ((found,),) = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
    nodes, left = [], [found[0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", ())
    return nodes


def test_what_is_due_of_a_job_is_found_by_its_job(full: Database) -> None:
    with full.begin() as conn:
        with statements() as asked:
            assert sync.due(conn, [("web", "return:1500")]) == []
        (statement,) = asked
        for node in plan(conn, statement, {"a": ["web"], "l": ["return:1500"]}):
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            assert read * node["Actual Loops"] <= 5, node
            assert node["Node Type"] != "Seq Scan" or node["Relation Name"] != "sync"
