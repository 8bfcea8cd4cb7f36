"""The Kuaidi100 connector keeps the contract of all connectors, against its sandbox."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import Rejected, RetryLater, Unauthorized
from tests.connectors.contract import ConnectorContract
from tests.connectors.kuaidi100_remote import ON_ITS_WAY, TO_WATCH, Remote, settings


class TestSandbox(ConnectorContract):
    system = "kuaidi100"
    reads = {"method": "POST", "path": "/poll/query.do"}
    writes = {"method": "POST", "path": "/poll"}
    refusal = {"message": "订阅方的订阅数据存在错误"}
    business_errors = (
        (200, {"result": False, "returnCode": "700", "message": "订阅方的订阅数据存在错误"}, Rejected),
        (200, {"result": False, "returnCode": "701", "message": "拒绝订阅的快递公司"}, Rejected),
        (200, {"result": False, "returnCode": "702", "message": "POLL:识别不到该单号对应的快递公司"}, Rejected),
        (200, {"result": False, "returnCode": "500", "message": "服务器错误"}, RetryLater),
        (200, {"result": False, "returnCode": "600", "message": "您不是合法的订阅者"}, Unauthorized),
        (200, {"result": False, "returnCode": "601", "message": "POLL:KEY已过期"}, Unauthorized),
    )

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        with Remote() as sandbox:
            yield sandbox

    def settings(self, remote: Any) -> dict[str, Any]:
        return settings(remote)

    def known(self, remote: Any) -> tuple[str, str]:
        return "tracking", ON_ITS_WAY.id

    def operation(self, remote: Any) -> Operation:
        told = {"company": TO_WATCH.company, "number": TO_WATCH.number, "direction": "return"}
        return Operation(
            kind="add_tracking", id="7", reference="R1001", payload=told, facts=("web/return/r/shipments/s",)
        )

    def webhook(self, remote: Any) -> WebhookRequest:
        return remote.request(ON_ITS_WAY)

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(record)
        changed["joined"]["last"]["state"] = "99"
        return changed

    def gone(self, external_id: str) -> str:
        """Kuaidi100 forgets no parcel with a word of its own; what is no name of ours names nothing."""
        return "999999999"
