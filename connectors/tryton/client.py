"""Tryton's REST interface with an application key: addresses, headers, and what its answers mean.

REST is enough for everything the hub does (JSON-RPC would need a password and a session). Every request names the
company, and asks Tryton to skip its questions (`_skip_warnings`): over REST a question is a refusal without a name, so
it could never be answered. Facts: trytond/protocols/rest.py and wrappers.py of 8.2, and the recordings in the tests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.kit.answers import Response
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, RetryLater, Unauthorized
from connectors.kit.http import Http, segment
from connectors.tryton.wire import plain

Row = dict[str, Any]
Domain = list[Any]
OLDEST_FIRST = [["last_modified_at", "ASC"], ["id", "ASC"]]


class Rest:
    """One account's way to its Tryton."""

    def __init__(self, settings: Mapping[str, Any], http: Http) -> None:
        self.http = http
        self.path = f"{segment(settings['database'])}/rest/model"
        context = {"company": int(settings["company"]), "_skip_warnings": True}
        self.headers = {
            "X-Tryton-Context": _packed(context),
            "Accept-Language": "en",
        }

    def search(self, model: str, domain: Domain, fields: Iterable[str], *, size: int | None = None) -> list[Row]:
        """Records that match, the longest unchanged first."""
        wanted = list(fields)
        params = [*_fields(wanted), ("d", _packed(domain)), ("o", _packed(OLDEST_FIRST))]
        if size is not None:
            params.append(("s", str(size)))
        found: list[Row] = self._send("GET", model, params=params)
        # Tryton leaves out what the user may not read, and says nothing.
        lacking = {name.partition(".")[0] for name in wanted}.difference(*found[:1]) if found else ()
        if lacking:
            raise RetryLater(
                f"Tryton's answer about {model} lacks {', '.join(sorted(lacking))}: the key's user may not read it, or "
                "another version of Tryton has no such field"
            )
        return found

    def ask(self, model: str, question: str, values: Row) -> Any:
        """Call a method of a table that only reads."""
        return self._send("POST", f"{model}/{question}", params=[], body=values, reading=True)

    def who(self, company: int) -> Row:
        """The key's user as Tryton sees it. Raises Rejected where it does not belong to our company.

        Then every record is hidden, which looks exactly as if it had been deleted.
        """
        who: Row = self.ask("res.user", "get_preferences", {"context_only": True})
        if company not in (who.get("companies") or ()):
            raise Rejected(
                f"the key's user does not belong to company {company} in Tryton: the setting `company` is wrong, or "
                "the user's companies changed. Until that is mended nothing is taken as deleted",
                code="no_company",
            )
        return who

    def create(self, model: str, values: Row, fields: Iterable[str] = ()) -> Row:
        made: Row = self._send("POST", model, params=_fields(fields), body=values)
        return made

    def write(self, model: str, record: int, values: Row, fields: Iterable[str] = ()) -> Row:
        changed: Row = self._send("PUT", f"{model}/{record}", params=_fields(fields), body=values)
        return changed

    def press(self, model: str, record: int, button: str, fields: Iterable[str] = ()) -> Row:
        """Press a button of the record's form: quote, confirm, approve, receive, ..."""
        answer: Row = self._send("POST", f"{model}/{record}/{button}", params=_fields(fields), body={})
        return answer

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: list[tuple[str, str]],
        body: Row | None = None,
        reading: bool = False,
    ) -> Any:
        response = self.http.request(
            method,
            f"{self.path}/{path}",
            params=params,
            json=body,
            headers=self.headers,
            read=reading or method == "GET",
            classify=refusal,
        )
        return plain(response.json()) if response.body else {}


def _fields(names: Iterable[str]) -> list[tuple[str, str]]:
    return [("f", name) for name in names]


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def refusal(response: Response) -> ConnectorError | None:
    """A refusal by what happens next. Only 400 carries Tryton's own words; the others are pages for a browser."""
    status, what = response.status, f"{response.method} {response.url.partition('?')[0]}"
    if status == 401:
        return Unauthorized(
            "Tryton does not accept the application key. It may have been cancelled, or belongs to another database: "
            "make a new one (user preferences, applications, kind REST), validate it and enter it in the account"
        )
    if status == 400:
        return Rejected(f"Tryton refused {what}: {response.message()}", code="400")
    if status in (403, 404):
        return Rejected(
            f"Tryton answered {status} to {what}: the record, the database or the right to see it is missing; "
            "the account's check says which",
            code=str(status),
        )
    if status >= 500 and not response.read:
        return OutcomeUnknown(
            f"Tryton failed at {what} (HTTP {status}) and may have done it: its queue works on after the commit"
        )
    return None
