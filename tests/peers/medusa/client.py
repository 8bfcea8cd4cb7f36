"""JSON over HTTP, for the people of a test shop: customers and clerks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests


class ShopSaidNo(RuntimeError):
    """The shop refused a call; `status` and `answer` are what it said."""

    def __init__(self, method: str, path: str, status: int, answer: Any) -> None:
        super().__init__(f"{method} {path} answered {status}: {answer}")
        self.status = status
        self.answer = answer


class Client:
    """JSON over HTTP with the headers of one kind of user."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        # Node closes what was idle for five seconds, and a call that meets this is lost: each call has its own connection.
        self.session.headers.update({"Connection": "close", **(headers or {})})
        self.session.auth = auth

    def close(self) -> None:
        self.session.close()

    def __call__(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = self.session.request(method, self.url + path, json=body, params=params, timeout=60)
        content = answer.json() if answer.content else {}
        if not answer.ok:
            raise ShopSaidNo(method, path, answer.status_code, content)
        return content
