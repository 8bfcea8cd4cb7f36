"""A sandbox's process: whatever its secret looks like it starts, and when it ends the demo goes on and says which it was."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hub import demo
from hub.demo.sandboxes import Sandbox
from hub.demo.tale import StoryBroke
from hub.settings import Settings


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Somebody who takes webhooks: the address, and what came."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/web", came
        server.shutdown()


@pytest.mark.parametrize("secret", ["-begins-with-a-dash", "--webhook=http://127.0.0.1:9/", "two words = $HOME"])
def test_any_secret_signs_and_stands_in_no_list_of_processes(secret: str) -> None:
    with listening() as (address, came), Sandbox("shopify", address, secret) as shop:
        shop.post("/shop/orders", {"lines": {"SHIRT-M": 1}})
        while not came:
            shop.get("/__sent")
        headers, body = came[0]
        signed = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        assert headers["x-shopify-hmac-sha256"] == base64.b64encode(signed).decode()
        assert secret not in Path(f"/proc/{shop.process.pid}/cmdline").read_text()


def test_one_that_ends_is_named_and_begun_again_where_it_was() -> None:
    with Sandbox("square") as till:
        before = till.url
        till.process.kill()
        with pytest.raises(StoryBroke, match=r"the sandbox of square ended with code -9 and was begun again, empty"):
            till.get("/__effects")
        assert (till.get("/__effects"), till.url) == ([], before)


def test_one_that_cannot_start_says_so() -> None:
    with pytest.raises(StoryBroke, match="the sandbox of nowhere ended with code 1; its last words are above"):
        Sandbox("nowhere")


def test_what_it_refuses_is_told_with_its_name() -> None:
    with Sandbox("square") as till, pytest.raises(StoryBroke, match="the sandbox of square answered 401 to /nothing"):
        till.get("/nothing")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (StoryBroke("waited 90 seconds for the refund"), "waited 90 seconds for the refund"),
        (ConnectionRefusedError("nobody there"), "the hub: ConnectionRefusedError: nobody there"),
    ],
)
def test_a_play_that_fails_names_the_part_and_others_go_on(
    problem: Exception, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    played: list[str] = []

    class Play:
        number = ""

        def __init__(self, *_: Any) -> None:
            pass

        def run(self, say: Any) -> str:
            played.append("one")
            if len(played) > 2:
                raise KeyboardInterrupt
            raise problem

    @contextmanager
    def stage(*_: Any) -> Iterator[Any]:
        yield type("SetUp", (), {"url": "http://127.0.0.1:9"})

    monkeypatch.setattr(demo, "stage", stage)
    monkeypatch.setattr(demo, "EVERY", (0.0, 0.0))
    monkeypatch.setattr(demo, "SCENES", {"shop": (None, Play)})
    settings = Settings(data=tmp_path, database_url=None)
    assert demo.run(settings, once=True) == 1
    assert said in capsys.readouterr().err
    assert demo.run(settings, once=False) == 0
    assert len(played) == 3
    assert f"one customer's story broke: {said}" in capsys.readouterr().err


def test_a_stage_that_cannot_be_set_up_names_the_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stage(*_: Any) -> Any:
        return Sandbox("nowhere")

    monkeypatch.setattr(demo, "stage", stage)
    assert demo.run(Settings(data=tmp_path, database_url=None), once=True) == 1
    assert "The demo cannot go on: the sandbox of nowhere ended with code 1" in capsys.readouterr().err
