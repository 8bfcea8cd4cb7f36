"""Tryton's JSON-RPC as its own desktop client speaks it: what the demo and the peer tests use to play the people there.

The connector speaks REST with an application key instead; this client logs in with a password, so that what the hub
did and what a clerk did never share a line of code. Facts: trytond/protocols/{dispatcher,jsonrpc}.py of 8.2.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from datetime import date
from decimal import Decimal
from typing import Any


class TrytonRefused(RuntimeError):
    """Tryton answered with an error; it does so with HTTP 200. `kind` is its own word (UserError, UserWarning, ...)."""

    def __init__(self, method: str, kind: str, detail: Any) -> None:
        super().__init__(f"Tryton refused {method}: {kind} {detail}")
        self.kind = kind
        self.detail = detail


def decimal(value: Decimal | str | int) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(value)}


def day(value: date) -> dict[str, Any]:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


class TrytonRPC:
    """One logged-in person. `context` (company, language) goes with every call."""

    def __init__(self, port: int, database: str = "tryton", host: str = "127.0.0.1") -> None:
        self.host, self.port, self.database = host, port, database
        self.context: dict[str, Any] = {}
        self.user = 0
        self._session = ""
        self._who = ("", "")
        self._id = 0

    def version(self) -> str:
        return str(self._post("/rpc/", "common.server.version", []))

    def login(self, name: str, password: str) -> TrytonRPC:
        self._who = (name, password)
        self._begin_session()
        self.refresh_context()
        return self

    def _begin_session(self) -> None:
        name, password = self._who
        self._session = ""
        params = [name, {"password": password}, "en"]
        self.user, token, *_ = self._post(f"/{self.database}/rpc/", "common.db.login", params)
        self._session = base64.b64encode(f"{name}:{self.user}:{token}".encode()).decode()

    def refresh_context(self) -> None:
        """Take company and language from the person's preferences; without a company everything is 'no rights'."""
        preferences = self.call("model.res.user.get_preferences", True)
        self.context = {k: v for k, v in preferences.items() if k in ("company", "language", "companies")}

    def call(self, method: str, *params: Any, context: dict[str, Any] | None = None) -> Any:
        """Call with the context as last parameter, as every model method wants it."""
        sent = {**self.context, **(context or {})}
        path = f"/{self.database}/rpc/"
        try:
            return self._post(path, method, [*params, sent])
        except TrytonRefused as refusal:
            if refusal.kind != "HTTP 401":  # a session ends after five idle minutes
                raise
            self._begin_session()
            return self._post(path, method, [*params, sent])

    def create(self, model: str, **values: Any) -> int:
        return int(self.call(f"model.{model}.create", [values])[0])

    def write(self, model: str, record: int | str, **values: Any) -> None:
        self.call(f"model.{model}.write", [int(record)], values)

    def press(self, model: str, record: int | str, button: str, **context: Any) -> Any:
        """Press a button of a form (quote, confirm, approve, receive, ...)."""
        return self.call(f"model.{model}.{button}", [int(record)], context=context)

    def insist(self, model: str, record: int | str, button: str) -> Any:
        """Press a button and say yes to what Tryton asks back, as a person does."""
        try:
            return self.press(model, record, button)
        except TrytonRefused as question:
            if question.kind != "UserWarning":
                raise
            self.call("model.res.user.warning.skip", question.detail[0][0])
            return self.press(model, record, button)

    def search(self, model: str, domain: list[Any], limit: int | None = None) -> list[int]:
        return [int(i) for i in self.call(f"model.{model}.search", domain, 0, limit, None)]

    def first(self, model: str, domain: list[Any]) -> int:
        found = self.search(model, domain, 1)
        if not found:
            raise LookupError(f"Tryton has no {model} with {domain}")
        return found[0]

    def read(self, model: str, record: int | str, *fields: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.call(f"model.{model}.read", [int(record)], list(fields))[0]
        return answer

    def _post(self, path: str, method: str, params: list[Any]) -> Any:
        self._id += 1
        body = json.dumps({"id": self._id, "method": method, "params": params})
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if self._session:
            headers["Authorization"] = f"Session {self._session}"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            raw = response.read()
            if response.getheader("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
        finally:
            connection.close()
        if response.status != 200:
            raise TrytonRefused(method, f"HTTP {response.status}", raw[:300].decode("utf-8", "replace"))
        answer = json.loads(raw)
        if isinstance(answer, dict) and "error" in answer:
            kind, *detail = answer["error"]
            raise TrytonRefused(method, str(kind), detail)
        return answer["result"] if isinstance(answer, dict) and "result" in answer else answer
