"""The other way to take webhooks: Flask, one row and one commit per request, on gunicorn (`benchmarks.peer:app`).

It does less than the hub: one row, no account, no change notification per object. Its connections are kept, its
statement is prepared and commits by itself, so that a request costs one trip to the database instead of three.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
import time

import psycopg
from flask import Flask, Response, request

TABLE = (
    "CREATE TABLE IF NOT EXISTS messages"
    " (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, delivery text UNIQUE, body bytea NOT NULL,"
    " at timestamptz NOT NULL DEFAULT now())"
)

app = Flask(__name__)
_kept = threading.local()
_key = base64.b64decode(os.environ.get("BENCHMARK_SECRET", "").removeprefix("whsec_"))


def _connection() -> psycopg.Connection:
    if not hasattr(_kept, "connection"):
        _kept.connection = psycopg.connect(os.environ["BENCHMARK_DATABASE"], autocommit=True)
        _kept.connection.prepare_threshold = 0
    found: psycopg.Connection = _kept.connection
    return found


@app.post("/hooks/web")
def take() -> Response:
    body = request.get_data()
    delivery, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    wanted = b"v1," + base64.b64encode(hmac.digest(_key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256))
    if abs(time.time() - int(stamp)) > 300 or not hmac.compare_digest(
        wanted, request.headers["webhook-signature"].encode()
    ):
        return Response(status=401)
    insert = "INSERT INTO messages (delivery, body) VALUES (%s, %b) ON CONFLICT DO NOTHING"
    _connection().execute(insert, (delivery, body))
    return Response('{"accepted": 1}', status=202, mimetype="application/json")
