"""The Kuaidi100 connector keeps the contract of all connectors, against its sandbox."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.api import Operation, WebhookRequest
from connectors.kit.errors import OutcomeUnknown, Rejected, Unauthorized
from tests.connectors.contract import ConnectorContract
from tests.connectors.kuaidi100_remote import ON_ITS_WAY, TO_WATCH, Remote, settings
from tests.connectors.through_hub import HubContract


class TestSandbox(ConnectorContract, HubContract):
    system = "kuaidi100"
    shop_return = {
        **{
            "id": "ret1",
            "version": 1,
            "order": "12",
            "lines": [{"id": "L1", "sku": "SHIRT-M", "quantity": 2, "price": "1"}],
        },
        "shipments": [{"id": "S1", "carrier": "yto", "number": TO_WATCH.number}],
    }
    reads = {"method": "POST", "path": "/poll/query.do"}
    writes = {"method": "POST", "path": "/poll"}
    refusal = {"message": "订阅方的订阅数据存在错误"}
    business_errors = (
        (200, {"result": False, "returnCode": "700", "message": "订阅方的订阅数据存在错误"}, Rejected),
        (200, {"result": False, "returnCode": "701", "message": "拒绝订阅的快递公司"}, Rejected),
        (200, {"result": False, "returnCode": "702", "message": "POLL:识别不到该单号对应的快递公司"}, Rejected),
        (200, {"result": False, "returnCode": "500", "message": "服务器错误"}, OutcomeUnknown),
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
        payload = {"company": TO_WATCH.company, "number": TO_WATCH.number, "direction": "return"}
        return Operation(
            kind="add_tracking", id="7", reference="R1001", payload=payload, facts=("web/return/r/shipments/s",)
        )

    def webhook(self, remote: Any) -> WebhookRequest:
        return remote.request(ON_ITS_WAY)

    def event(self, remote: Any, topic: str) -> WebhookRequest:
        remote.state["subscriptions"][ON_ITS_WAY.company, ON_ITS_WAY.number]["status"] = topic
        return remote.request(ON_ITS_WAY)

    def pushes(self, remote: Any) -> list[WebhookRequest]:
        """Each with the whole history so far, of the parcel that the shop tells of."""
        remote.watch(TO_WATCH)
        requests = []
        for day, state in enumerate(("1002", "5", "301"), 2):
            remote.go(TO_WATCH, state, "…", f"2026-03-0{day} 11:30:00")
            requests.append(remote.request(TO_WATCH))
        return requests

    def unknown_word(self, record: dict[str, Any]) -> dict[str, Any]:
        changed = copy.deepcopy(record)
        changed["joined"]["last"]["state"] = "99"
        return changed

    def gone(self, external_id: str) -> str:
        """Kuaidi100 forgets no parcel with a word of its own; what is no name of ours names nothing."""
        return "999999999"
