"""A small Kuaidi100 for tests, the demo and integrators on a train: query, subscription and signed pushes.

    python -m connectors.kuaidi100.sandbox --port 0

Its customer is `SIMULATED`, its key `simulated-key`. POST /sandbox/scan {"com": "yuantong", "nu": "YT0001", "state":
"6", "context": "...", "time": "2026-03-02 11:30:00"} is a carrier's scan: who subscribed the number is told. POST
/sandbox/end {"com", "nu", "message", "comNew"} ends a subscription as the vendor does after 3 or 60 silent days. POST
/sandbox/push {"com", "nu"} tells the same once more. Everything in it is simulated; what the vendor does not publish (a
limit of calls, the lock after too many queries) it does not pretend to know.
"""

from __future__ import annotations

import hashlib
import http.client
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from connectors.kit.sandbox import Call, Refuse, Sandbox, route
from connectors.kit.sandbox_webhooks import PATIENCE, TRIES, Sender

CUSTOMER, KEY = "SIMULATED", "simulated-key"
CARRIERS = frozenset(("shunfeng", "zhongtong", "yuantong", "shentong", "yunda", "jtexpress", "jd", "ems"))
WANTS_PHONE = frozenset(("shunfeng", "zhongtong"))
A_MONTH = 4
"""Subscriptions of one number in a month; one more is answered like a double one."""
NAMES = {
    "0": "在途",
    "1": "揽收",
    "2": "疑难",
    "3": "签收",
    "4": "退签",
    "5": "派件",
    "6": "退回",
    "7": "转投",
    "14": "拒签",
}
SIGNED = frozenset(("3", "301", "302", "303", "304", "4", "401"))
FORM = "application/x-www-form-urlencoded"

Parcels = dict[tuple[str, str], dict[str, Any]]


class Pushes(Sender):
    """Pushes go where each subscription says (the topic), and are repeated until the answer is the one it must be."""

    def _deliver(self, topic: str, body: bytes) -> int:
        status = 0
        for attempt in range(TRIES):
            if attempt and self._stopping.wait(PATIENCE):
                break
            try:
                status, said = post(topic, body)
            except (OSError, http.client.HTTPException):
                continue
            if status == 200 and said.get("result") is True and said.get("returnCode") == "200":
                break
        return status


class Kuaidi100Sandbox(Sandbox):
    """The sandbox; `state` holds parcels and subscriptions by (carrier, number)."""

    name = "kuaidi100"

    def __init__(self, port: int = 0, **options: Any) -> None:
        super().__init__(port, **options)
        self.webhooks = Pushes("where each subscription says", self.sign, self.faults)

    def setup(self) -> None:
        self.state: dict[str, Parcels] = {"parcels": {}, "subscriptions": {}}

    # -- what the vendor publishes

    @route("POST", "/poll/query.do")
    def query(self, call: Call) -> Any:
        form = _form(call)
        if form.get("sign") != _md5(form.get("param", "") + KEY + CUSTOMER):
            raise _no("503", "验证签名失败")
        asked = _param(form)
        parcel = self._parcel(asked.get("com", ""), asked.get("num", ""), asked.get("phone"))
        if not parcel["events"]:
            raise _no("500", "查询无结果，请隔段时间再查")
        return _history(parcel, asked.get("resultv2") == "4")

    @route("POST", "/poll")
    def subscribe(self, call: Call) -> Any:
        asked = _param(_form(call))
        if asked.get("key") != KEY:
            raise _no("600", "您不是合法的订阅者（即授权Key出错）")
        wanted, number = asked["parameters"], asked.get("number", "")
        found = [com for com, nu in self.state["parcels"] if nu == number]
        company = asked.get("company") or (found[0] if found and wanted.get("autoCom") == "1" else "")
        if not company:
            raise _no("702", "POLL:识别不到该单号对应的快递公司")
        if company not in CARRIERS:
            raise _no("701", "拒绝订阅的快递公司")
        if not 6 <= len(number) <= 32 or not wanted.get("callbackurl", "").startswith("http"):
            raise _no("700", "订阅方的订阅数据存在错误")
        known = self.state["subscriptions"].setdefault((company, number), {"status": "", "times": 0})
        if known["status"] == "polling" or known["times"] >= A_MONTH:
            raise _no("501", "POLL:重复订阅")
        known.update(wanted, status="polling", times=known["times"] + 1, phone=wanted.get("phone"))
        self.effect("subscribe", com=company, nu=number, times=known["times"])
        if self.state["parcels"].get((company, number), {"events": []})["events"]:
            self.push(company, number)
        return {"result": True, "returnCode": "200", "message": "提交成功"}

    # -- what happens in the world

    @route("POST", "/sandbox/scan")
    def scanned(self, call: Call) -> Any:
        self.scan(**call.json())

    @route("POST", "/sandbox/end")
    def ended(self, call: Call) -> Any:
        self.end(**call.json())

    @route("POST", "/sandbox/push")
    def again(self, call: Call) -> Any:
        self.push(**call.json())

    def scan(self, com: str, nu: str, state: str, context: str, time: str, phone: str = "0000") -> None:
        """A carrier's scan; whoever watches the parcel is told its whole history. Signed for: the watch is over."""
        parcel = self.state["parcels"].setdefault((com, nu), {"com": com, "nu": nu, "phone": phone, "events": []})
        event = {"time": time, "ftime": time, "context": context, "status": NAMES.get(state, state)}
        parcel["events"].append({**event, "statusCode": state, "areaCode": None, "areaName": None})
        if state in SIGNED:
            self._watched(com, nu)["status"] = "shutdown"
        self.push(com, nu)

    def end(self, com: str, nu: str, message: str = "3天查询无记录", comNew: str = "") -> None:
        """The vendor stops watching; with `comNew` it goes on under another carrier's code by itself."""
        known = self._watched(com, nu)
        known.update(status="abort", message=message, comNew=comNew)
        self.push(com, nu)
        if comNew:
            going_on = {**known, "status": "polling", "message": "", "autoCheck": "1", "comOld": com}
            self.state["subscriptions"][comNew, nu] = going_on
            self.state["parcels"].setdefault((comNew, nu), {"com": comNew, "nu": nu, "phone": "0000", "events": []})

    def push(self, com: str, nu: str) -> None:
        """Tell the subscriber of this parcel all there is to tell."""
        known = self.state["subscriptions"].get((com, nu))
        if known is not None and known.get("callbackurl"):
            self.webhooks.send(known["callbackurl"], self.pushed(com, nu))

    def pushed(self, com: str, nu: str) -> bytes:
        """The body of a push, signed with its subscription's salt."""
        known, parcel = self.state["subscriptions"][com, nu], self.state["parcels"].get((com, nu))
        empty = {
            "message": "快递公司参数异常：单号不存在或者已经过期",
            "nu": nu,
            "ischeck": "0",
            "com": com,
            "status": "201",
        }
        body = {
            "status": known["status"],
            "billstatus": "",
            "message": known.get("message", ""),
            "autoCheck": known.get("autoCheck", "0"),
            "comOld": known.get("comOld", ""),
            "comNew": known.get("comNew", ""),
            "lastResult": _history(parcel, True)
            if parcel and parcel["events"]
            else {**empty, "state": "0", "data": []},
        }
        param = msgspec.json.encode(body).decode()
        signed = {} if known.get("salt") is None else {"sign": _md5(param + known["salt"])}
        return urlencode({**signed, "param": param}).encode()

    def _watched(self, com: str, nu: str) -> dict[str, Any]:
        return self.state["subscriptions"].setdefault((com, nu), {"status": "", "times": 0})

    def _parcel(self, com: str, nu: str, phone: str | None) -> dict[str, Any]:
        if com not in CARRIERS:
            raise _no("400", "找不到对应公司")
        parcel = self.state["parcels"].get((com, nu)) or {"events": [], "phone": "0000"}
        if com in WANTS_PHONE and (phone or "")[-4:] != parcel["phone"]:
            raise _no("408", "快递公司参数异常：验证码错误")
        return parcel


def post(url: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """POST a form; the status and the JSON of the answer ({} where it is none)."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}", body, {"Content-Type": f"{FORM};charset=UTF-8"})
        answer = connection.getresponse()
        status, said = answer.status, answer.read()
    finally:
        connection.close()
    try:
        decoded = msgspec.json.decode(said)
    except msgspec.DecodeError:
        decoded = {}
    return status, decoded if isinstance(decoded, dict) else {}


def _history(parcel: dict[str, Any], in_detail: bool) -> dict[str, Any]:
    """Newest first, of two within a second the later told; the state is the newest event's."""
    events = sorted(reversed(parcel["events"]), key=lambda event: event["ftime"], reverse=True)
    state = events[0]["statusCode"]
    if not in_detail:
        events = [{key: value for key, value in event.items() if key != "statusCode"} for event in events]
    signed = "1" if state in SIGNED else "0"
    head = {"message": "ok", "nu": parcel["nu"], "ischeck": signed, "com": parcel["com"], "status": "200"}
    return {**head, "condition": "00", "state": state, "data": events}


def _form(call: Call) -> dict[str, str]:
    """The fields of a form; JSON in its place is their commonest mistake, and ours to notice."""
    if not call.headers.get("content-type", "").startswith(FORM):
        raise _no("400", "提交的数据不完整，或者贵公司没授权")
    return dict(parse_qsl(call.body.decode(), keep_blank_values=True))


def _param(form: dict[str, str]) -> dict[str, Any]:
    try:
        asked = msgspec.json.decode(form.get("param", ""))
    except msgspec.DecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise _no("400", "提交的数据不完整，或者贵公司没授权")
    return asked


def _no(code: str, message: str) -> Refuse:
    """A refusal, which comes with HTTP 200."""
    return Refuse(200, {"result": False, "returnCode": code, "message": message})


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


if __name__ == "__main__":
    Kuaidi100Sandbox.main()
