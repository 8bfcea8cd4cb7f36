"""What Kuaidi100 asks beyond the contract: one subscription per parcel, leases, people's numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from connectors.kit.api import Changed, Message, Operation
from connectors.kit.errors import NotYet, Rejected, RetryLater, Unauthorized
from connectors.kuaidi100 import connector as subject
from connectors.kuaidi100.parcel import Lease, Parcel, salt
from connectors.kuaidi100.reading import record
from mappings.engine import Mapping, UnknownWord, read_json
from tests.connectors.kuaidi100_remote import (
    ARRIVED,
    ON_ITS_WAY,
    SECRET,
    SF,
    TO_WATCH,
    UNSCANNED,
    Remote,
    connect,
)
from tests.connectors.test_recordings import MAPPINGS

PUBLISHED = (
    *("0", "1001", "1002", "1003", "1", "101", "102", "103", "2", "201", "202", "203", "204", "205", "206", "207"),
    *("208", "209", "210", "3", "301", "302", "303", "304", "4", "401", "5", "501", "6", "7", "8", "10", "11", "12"),
    *("13", "14"),
)
"""The states of the query documentation, basic and in detail."""


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Remote() as running:
        yield running


def watch(parcel: Parcel, **more: str) -> Operation:
    payload = {"company": parcel.company, "number": parcel.number, "direction": parcel.direction, **more}
    return Operation(
        kind="add_tracking", id="7", reference="R1001", payload=payload, facts=("web/return/r/shipments/s",)
    )


def subscriptions(remote: Remote) -> list[str]:
    return [effect["nu"] for effect in remote.effects]


def queries(remote: Remote) -> int:
    return sum(call["path"] == "/poll/query.do" for call in remote.calls)


# -- watching a parcel


def test_a_parcel_that_has_arrived_is_not_subscribed(remote: Remote) -> None:
    reply = connect(remote).perform(watch(ARRIVED))
    assert (subscriptions(remote), queries(remote)) == ([], 1)
    assert reply.objects == {"tracking": ARRIVED.id}
    assert reply.read_back == (Changed("tracking", ARRIVED.id),)


def test_a_number_is_subscribed_once_while_it_is_watched(remote: Remote) -> None:
    for attempt in (1, 2, 3):
        reply = connect(remote).perform(replace(watch(TO_WATCH), id=str(attempt)))
        assert reply.made[0].fact == "web/return/r/shipments/s"
    assert subscriptions(remote) == [TO_WATCH.number]


def test_the_twin_that_the_reply_names_is_in_the_record(remote: Remote) -> None:
    """Before and after the first scan, and whether or not anything is known of the number."""
    dictionary = Mapping.load(MAPPINGS / "kuaidi100.yaml")
    for parcel in (TO_WATCH, UNSCANNED, ARRIVED):
        reply = connect(remote).perform(watch(parcel))
        body = connect(remote).fetch("tracking", parcel.id).body
        fields = dictionary.read("tracking", read_json(body), {}, account="here")
        assert reply.made[0].id in [shipment["id"] for shipment in fields["shipments"]]
        assert {shipment["number"] for shipment in fields["shipments"]} == {parcel.number}


def test_a_carrier_nobody_knows_is_left_for_them_to_find_out(remote: Remote) -> None:
    parcel = replace(TO_WATCH, company="auto")
    connect(remote, phone=None).perform(watch(parcel))
    assert (subscriptions(remote), queries(remote)) == ([TO_WATCH.number], 0)
    remote.go(TO_WATCH, "5", "派件中", "2026-03-02 08:00:00")
    (message,) = connect(remote).accept(remote.request(TO_WATCH))
    assert isinstance(message, Message)
    assert message.external_id == parcel.id
    assert read_json(message.body)["joined"]["company"] == "yuantong"
    assert not connect(remote).fetch("tracking", parcel.id).deleted


@pytest.mark.parametrize("number", ["", None, "12345", "X" * 33, "SF 1234567", "SF123456:7", "顺丰123456"])
def test_what_is_no_number_is_refused_before_anything_is_asked(remote: Remote, number: Any) -> None:
    with pytest.raises(Rejected, match="6 to 32 letters and digits"):
        connect(remote).perform(Operation(kind="add_tracking", id="7", reference="R1", payload={"number": number}))
    assert remote.calls == []


# -- the phone's last four digits


def test_sf_needs_the_end_of_a_phone_number_and_nobody_else_gets_it(remote: Remote) -> None:
    with pytest.raises(Rejected, match="set `phone`"):
        connect(remote, phone=None).perform(watch(SF))
    assert remote.calls == []
    with pytest.raises(Rejected, match="setting `phone`"):
        connect(remote, phone="1111").perform(watch(SF))
    connect(remote, phone="1111").perform(watch(SF, phone="0000"))
    connect(remote).perform(watch(TO_WATCH))
    given = {nu: known["phone"] for (_, nu), known in remote.state["subscriptions"].items() if "phone" in known}
    assert given == {SF.number: "0000", TO_WATCH.number: None}


def test_neither_salt_nor_phone_nor_key_is_on_the_attempt_log(remote: Remote) -> None:
    wire: list[dict[str, Any]] = []
    connect(remote, wire).perform(watch(SF, phone="0000"))
    log = json.dumps(wire, ensure_ascii=False)
    assert SF.number in log
    assert '\\"phone\\":\\"***\\"' in log
    for secret in (salt(SECRET, SF, 1), '"0000', "simulated-key"):
        assert secret not in log


@pytest.mark.parametrize(
    ("scan", "kept"),
    [
        ("派件员：13800000000，请签收", "派件员：***，请签收"),
        ("电话(0769-83078692)", "电话(***)"),
        ("+86 13800000000", "***"),
        ("客服 400-111-2222", "客服 ***"),
        ("运单 770000000000001 已换单 SF13800000000", "运单 770000000000001 已换单 SF13800000000"),
    ],
)
def test_phone_numbers_in_scans_are_masked_and_parcel_numbers_are_not(scan: str, kept: str) -> None:
    read = record(SF, {"lastResult": {"state": "5", "data": [{"ftime": "2026-03-01 09:00:00", "context": scan}]}})
    assert read["lastResult"]["data"][0]["context"] == kept


# -- subscriptions that end


def test_an_end_brings_the_history_and_a_lease_to_renew(remote: Remote) -> None:
    remote.end("yuantong", ON_ITS_WAY.number, "60天无变化")
    message, lease = connect(remote).accept(remote.request(ON_ITS_WAY))
    assert isinstance(message, Message)
    assert isinstance(lease, Changed)
    found = Lease.read(lease.external_id)
    assert found is not None
    assert (found.parcel, found.round) == (ON_ITS_WAY, 1)
    with pytest.raises(NotYet) as early:
        connect(remote).fetch("lease", lease.external_id)
    assert early.value.after is not None
    assert 1700 < early.value.after <= subject.PAUSE


def test_where_they_go_on_under_another_carriers_code_nothing_is_renewed(remote: Remote) -> None:
    remote.end("yuantong", ON_ITS_WAY.number, comNew="ems")
    assert [type(item) for item in connect(remote).accept(remote.request(ON_ITS_WAY))] == [Message]
    corrected = replace(ON_ITS_WAY, company="ems")
    remote.go(corrected, "0", "离开处理中心", "2026-03-05 16:00:00")
    (message,) = connect(remote).accept(remote.request(corrected))
    assert message.external_id == ON_ITS_WAY.id, "the parcel keeps the name the hub knows it by"
    assert read_json(message.body)["joined"]["company"] == "ems"


@pytest.mark.parametrize("state", ["3", "301", "304", "4", "401"])
def test_what_is_over_ends_without_a_lease(remote: Remote, state: str) -> None:
    remote.go(ON_ITS_WAY, state, "完", "2026-03-04 10:00:00")
    assert remote.state["subscriptions"]["yuantong", ON_ITS_WAY.number]["status"] == "shutdown"
    remote.end("yuantong", ON_ITS_WAY.number)
    assert [type(item) for item in connect(remote).accept(remote.request(ON_ITS_WAY))] == [Message]


def lease(parcel: Parcel, round: int) -> str:
    return Lease(parcel, int(time.time()) - subject.PAUSE - 1, round).id


def test_a_lease_is_renewed_after_what_was_missed_was_read(remote: Remote) -> None:
    remote.end("yuantong", ON_ITS_WAY.number)
    remote.go(ON_ITS_WAY, "5", "派件中", "2026-03-02 08:00:00")
    message = connect(remote).fetch("lease", lease(ON_ITS_WAY, 1))
    assert (message.stream, message.external_id) == ("tracking", ON_ITS_WAY.id)
    assert read_json(message.body)["joined"]["last"]["state"] == "5"
    assert subscriptions(remote) == [ON_ITS_WAY.number]
    second = remote.request(ON_ITS_WAY)
    assert second.query["round"] == "2"
    assert connect(remote).accept(second)
    connect(remote).fetch("lease", lease(ON_ITS_WAY, 1))
    assert len(subscriptions(remote)) == 1, "the same end told twice is renewed once"


def test_a_parcel_that_arrived_meanwhile_is_not_renewed(remote: Remote) -> None:
    assert not connect(remote).fetch("lease", lease(ARRIVED, 1)).deleted
    assert subscriptions(remote) == []


def test_in_the_end_it_is_given_up_and_said(remote: Remote) -> None:
    answered = connect(remote, renewals=2).fetch("lease", lease(TO_WATCH, 3))
    assert subscriptions(remote) == []
    said = Mapping.load(MAPPINGS / "kuaidi100.yaml").read("tracking", read_json(answered.body), {}, account="here")
    assert [note["text"] for note in said["notes"]] == [f"{TO_WATCH.number} is not watched any more (3 subscriptions)"]


@pytest.mark.parametrize("name", ["", "x", f"{SF.id}@1", f"x{SF.id}@1#1", f"{SF.id}@1#1x", "return:sf:1@1#1"])
def test_what_is_no_lease_of_ours_is_gone(remote: Remote, name: str) -> None:
    assert connect(remote).fetch("lease", name).deleted
    assert remote.calls == []


# -- answers


@pytest.mark.parametrize(
    ("code", "means"),
    [("400", Rejected), ("408", Rejected), ("501", RetryLater), ("502", RetryLater), ("503", Unauthorized)]
    + [("601", Unauthorized), ("999", Rejected)],
)
def test_a_query_refused_in_their_words(remote: Remote, code: str, means: type[Exception]) -> None:
    body = {"result": False, "returnCode": code, "message": "说明"}
    remote.fault("answer", path="/poll/query.do", status=200, body=body, times=5)
    with pytest.raises(means, match="说明"):
        connect(remote).fetch("tracking", ON_ITS_WAY.id)


def test_nothing_known_is_an_empty_history_and_not_gone(remote: Remote) -> None:
    message = connect(remote).fetch("tracking", UNSCANNED.id)
    assert not message.deleted
    assert read_json(message.body)["joined"]["last"] is None


def test_check_names_what_is_wrong(remote: Remote) -> None:
    assert connect(remote).check().ok
    found = connect(
        remote, key="wrong-key", push_secret="short", callback_url="https://hub.example/hooks/other"
    ).check()
    assert [problem.split(" ")[0] for problem in found.problems] == ["push_secret", "callback_url", "Kuaidi100"]
    assert "503" in found.problems[-1]


# -- words


def stands(state: str) -> Any:
    read = record(SF, {"lastResult": {"state": state, "data": [{"ftime": "2026-03-01 09:00:00", "context": ""}]}})
    return Mapping.load(MAPPINGS / "kuaidi100.yaml").read("tracking", read, {}, account="here")["shipments"][0]


def test_the_table_of_states_is_the_published_one() -> None:
    assert all(stands(state)["state"] for state in PUBLISHED)
    listed = yaml.safe_load((MAPPINGS / "kuaidi100.yaml").read_text())["tables"]["state"]
    words = [word.split("/") for word in listed]
    assert {basic if detail == "*" else detail for basic, detail in words} == set(PUBLISHED)


@pytest.mark.parametrize(
    ("state", "basic"), [("199", "accepted"), ("299", "exception"), ("399", "delivered"), ("599", "out_for_delivery")]
)
def test_a_state_in_detail_that_is_not_published_costs_no_basic_one(state: str, basic: str) -> None:
    assert (stands(state)["state"], stands(state)["raw"]) == (basic, f"{state} ")


@pytest.mark.parametrize("state", ["9", "99", "499", "1099"])
def test_a_state_whose_basic_one_is_not_sure_stops_the_message(state: str) -> None:
    with pytest.raises(UnknownWord):
        stands(state)


@pytest.mark.parametrize(
    ("carrier", "code"),
    [
        ("SF Express", "shunfeng"),
        (" 顺丰速运 ", "shunfeng"),
        ("ZTO", "zhongtong"),
        ("Royal Mail", "auto"),
        (None, None),
    ],
)
def test_a_carriers_name_becomes_its_code_here(carrier: str | None, code: str | None) -> None:
    words = {"carrier": carrier, "number": " SF0000000000001", "direction": "return"}
    written = Mapping.load(MAPPINGS / "kuaidi100.yaml").write("add_tracking", {"words": words}, {}, account="here")
    wanted = {"company": code, "number": "SF0000000000001", "direction": "return"}
    assert written == {key: value for key, value in wanted.items() if value is not None}


# -- the sandbox's own manners


def test_the_sandbox_takes_four_subscriptions_a_month(remote: Remote) -> None:
    for _ in range(6):
        connect(remote).perform(watch(TO_WATCH))
        remote.state["subscriptions"]["yuantong", TO_WATCH.number]["status"] = "abort"
    assert len(subscriptions(remote)) == 4
