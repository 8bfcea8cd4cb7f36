"""The client of the tests' people does not meet a connection that the shop has closed meanwhile."""

from __future__ import annotations

import socket

from tests.kit.server import raw_server
from tests.peers.medusa.client import Client

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"


def once(connection: socket.socket) -> None:
    """Leaves the connection open for who wants that, and closes it on the next request, as its time-out may."""
    asked = connection.recv(65_536).lower()
    closes = b"connection: close" in asked
    connection.sendall(HEAD + (b"Connection: close\r\n" if closes else b"") + b"\r\n{}")
    if closes:
        return
    connection.settimeout(0.3)
    connection.recv(65_536)


def test_every_call_has_a_connection_of_its_own() -> None:
    with raw_server(once) as url:
        client = Client(url)
        assert [client("GET", "/store") for _ in range(3)] == [{}] * 3
        client.close()
