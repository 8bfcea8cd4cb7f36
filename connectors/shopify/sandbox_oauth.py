"""The sandbox's login: its page for the merchant, who agrees at once, and the tokens that it gives for a code."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from connectors.kit.sandbox import Call, Refuse, Sandbox, SandboxAnswer, route
from connectors.shopify.install import sign

TOKEN, CLIENT, CLIENT_SECRET = "shpat_simulated", "simulated", "shpss_simulated"
SCOPES = ("read_orders", "write_orders", "read_returns", "write_returns", "read_products")
HOUR, QUARTER = 3600, 90 * 86_400


class Login(Sandbox):
    """`tokens` are those that work, `refreshing` the one refresh token that does. What the merchant says: `agrees`, and
    to which rights (`gives`)."""

    agrees = True
    gives: tuple[str, ...] = SCOPES

    def setup(self) -> None:
        self.tokens = {TOKEN}
        self.codes: set[str] = set()
        self.refreshing = ""

    @route("GET", "/admin/oauth/authorize")
    def authorize(self, call: Call) -> Any:
        asked = call.query
        if asked.get("client_id") != CLIENT:
            raise Refuse(400, "Oauth error invalid_request: Could not find Shopify API application")
        shop = urlsplit(self.url).hostname or ""
        host = base64.b64encode(f"{shop}/admin".encode()).decode().rstrip("=")
        answer = {"host": host, "shop": shop, "state": asked["state"], "timestamp": str(int(time.time()))}
        if self.agrees:
            code = secrets.token_hex(16)
            self.codes.add(code)
            answer["code"] = code
        else:
            answer |= {"error": "access_denied", "error_description": "The merchant said no"}
        answer["hmac"] = sign(list(answer.items()), CLIENT_SECRET)
        return SandboxAnswer(302, None, {"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"})

    @route("POST", "/admin/oauth/access_token")
    def token(self, call: Call) -> Any:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            raise Refuse(400, {"error": "invalid_client"})
        if form.get("grant_type") == "client_credentials":
            self.effect("token")
            return {"access_token": TOKEN, "scope": ",".join(self.gives), "expires_in": 86399}
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") != self.refreshing:
                raise Refuse(401, {"error": "invalid_grant"})
            return self._expiring()
        if form.get("code") not in self.codes:
            raise Refuse(400, {"error": "invalid_request", "error_description": "The code was not found or was used"})
        self.codes.remove(form["code"])
        if form.get("expiring") == "1":
            return self._expiring()
        return {"access_token": TOKEN, "scope": ",".join(self.gives)}

    def _expiring(self) -> Any:
        """Only one such token works at a time; the refresh token rotates."""
        made = f"shpat_simulated_{secrets.token_hex(8)}"
        self.tokens, self.refreshing = {TOKEN, made}, f"shprt_simulated_{secrets.token_hex(8)}"
        self.effect("token")
        given = {"access_token": made, "scope": ",".join(self.gives), "expires_in": HOUR}
        return {**given, "refresh_token": self.refreshing, "refresh_token_expires_in": QUARTER}
