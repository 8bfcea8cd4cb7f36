"""Calls to Kuaidi100: signed forms, and errors that come with HTTP 200 and a returnCode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connectors.kit.answers import Response
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, RetryLater, Unauthorized
from connectors.kit.http import Http
from connectors.kit.signing import sign_hash
from connectors.kuaidi100.parcel import AUTO, Parcel, callback, salt

FINE, NO_RESULT, SUBSCRIBED_ALREADY = "200", "500", "501"
ADVANCED = "4"
"""resultv2: states in detail (304 instead of 3), with the code at every event."""
ASKS_FOR_PHONE = frozenset(("shunfeng", "shunfengkuaiyun", "zhongtong", "fengwang"))
"""Carriers that show a parcel only to who knows the end of its sender's or receiver's phone number."""

Meaning = Callable[[str], ConnectorError]
KEY = "compare customer and key with the Kuaidi100 console, and see there whether anything is left to use"
QUERY: Mapping[str, Meaning] = {
    "400": lambda said: Rejected(f"{said} (the carrier's code is wrong, or the account has nothing left to use)"),
    "408": lambda said: Rejected(f"{said} (last four digits of the sender's or receiver's phone: setting `phone`)"),
    "501": RetryLater,
    "502": RetryLater,
    "503": lambda said: Unauthorized(f"{said} ({KEY})"),
    "601": lambda said: Unauthorized(f"{said} ({KEY})"),
}
SUBSCRIBE: Mapping[str, Meaning] = {
    "500": OutcomeUnknown,
    "600": lambda said: Unauthorized(f"{said} ({KEY})"),
    "601": lambda said: Unauthorized(f"{said} ({KEY})"),
}
"""What a returnCode says about what happens next; any other one is a refusal."""


def sign(*parts: str | bytes) -> str:
    """MD5 over the parts one after the other, in upper-case hex."""
    whole = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return sign_hash(whole).decode()


class Client:
    """Query and subscription. `settings` are the account's."""

    def __init__(self, http: Http, settings: Mapping[str, Any]) -> None:
        self.http = http
        self.settings = settings

    def query(self, parcel: Parcel, phone: str | None = None) -> Mapping[str, Any]:
        """The parcel's history as of now; an empty one where nothing is known (yet). Billed."""
        asked = {"com": parcel.company, "num": parcel.number, "resultv2": ADVANCED, "show": "0", "order": "desc"}
        param = _json({**asked, **self._phone(parcel, phone)})
        customer, key = self.settings["customer"], self.settings["key"]
        fields = {"customer": customer, "param": param, "sign": sign(param, key, customer)}
        answer = self.http.post("/poll/query.do", data=fields, read=True, classify=_classify(QUERY, NO_RESULT)).json()
        return {} if _code(answer) == NO_RESULT else dict(answer)

    def subscribe(self, parcel: Parcel, round: int, phone: str | None = None) -> bool:
        """Have it watched; False where it is watched already (that is not billed). `round`: 1 is its first time."""
        known = parcel.company != AUTO
        parameters = {
            "callbackurl": callback(self.settings["callback_url"], parcel, round),
            "salt": salt(self.secrets[0], parcel, round),
            "resultv2": ADVANCED,
            **({} if known else {"autoCom": "1"}),
            **self._phone(parcel, phone),
        }
        asked = {"company": parcel.company if known else "", "number": parcel.number, "key": self.settings["key"]}
        fields = {"schema": "json", "param": _json({**asked, "parameters": parameters})}
        meant = _classify(SUBSCRIBE, SUBSCRIBED_ALREADY)
        return _code(self.http.post("/poll", data=fields, read=False, classify=meant).json()) != SUBSCRIBED_ALREADY

    @property
    def secrets(self) -> list[str]:
        """What salts are made from, the one in use first."""
        given = self.settings["push_secret"]
        return [given] if isinstance(given, str) else list(given)

    def _phone(self, parcel: Parcel, phone: str | None) -> Mapping[str, str]:
        """The end of the phone number, only to carriers that ask for it, or may turn out to be one that does."""
        given = phone or self.settings.get("phone")
        if parcel.company not in ASKS_FOR_PHONE:
            return {"phone": str(given)} if given and parcel.company == AUTO else {}
        if not given:
            raise Rejected(
                f"{parcel.company} shows {parcel.number} only with the last four digits of the sender's or receiver's "
                "phone: set `phone` (of a return the receiver is your warehouse)",
                code="missing_setting",
            )
        return {"phone": str(given)}


def _classify(meanings: Mapping[str, Meaning], *also_fine: str) -> Callable[[Response], ConnectorError | None]:
    """Reads the returnCode of an answer that HTTP calls a success."""

    def read(response: Response) -> ConnectorError | None:
        if response.status != 200:
            return None
        code = _code(response.peek())
        if code in (FINE, *also_fine):
            return None
        said = f"{response.system} answered {code}: {response.message()}"
        return meanings.get(code, lambda text: Rejected(text, code=code))(said)

    return read


def _code(answer: Any) -> str:
    """An answer's returnCode; a history has none and says `status` 200."""
    if not isinstance(answer, Mapping):
        return FINE  # no JSON, which `json()` complains of
    return str(answer.get("returnCode") or (FINE if answer.get("result") is not False else "without a code"))


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
