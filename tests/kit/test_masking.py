"""A secret is masked in whatever form it stands, and so is what an address gives away."""

from __future__ import annotations

import base64
import html
import json
import time
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.masking import Mask, bare, in_address

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=40).filter(
    lambda text: text == text.strip() and len(set(text)) > 4
)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20), st.integers(0, 9))
def test_a_secret_stands_in_no_text_in_whatever_form(secret: str, before: str, after: str, lead: int) -> None:
    mask, coded = Mask([secret]), secret.encode()
    for form in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower() if secret.islower() else secret,
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
        coded.hex(),
    ):
        assert form not in mask.values(f"{before}{form}{after}").replace("***", "")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(bytes(range(65, 65 + lead)) + coded + after.encode()).decode()
        assert len(mask.values(whole)) <= len(whole) - len(coded) + 4, "all but what shares its characters is gone"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://h.test/a?page=2&api_key=abc&q=1: no", "GET https://h.test/a?page=2&api_key=***&q=1: no"),
        ("it points to https://h.test/in#access_token=zzz; no", "it points to https://h.test/in#access_token=*** no"),
        ("at https://ada:p%40ss@h.test/x", "at https://***@h.test/x"),
        ("at http://to:p@ss@h.test", "at http://***@h.test"),
        ("ask ada%40example.test or bob@example.test", "ask *** or ***"),
        ("GET https://h.test/tokens?status=open", "GET https://h.test/tokens?status=open"),
        ("?filter[auth.token]=abc", "?filter[auth.token]=***"),
    ],
)
def test_what_an_address_gives_away_is_masked_without_knowing_it(text: str, shown: str) -> None:
    assert Mask().text(text).rstrip(";") == shown


def test_an_error_is_masked_with_all_that_led_to_it() -> None:
    problem = LookupError("hunter2-hunter2", OSError("Invalid header value b'Bearer hunter2-hunter2'"))
    problem.__cause__ = ValueError("it was hunter2-hunter2")
    problem.code = "hunter2-hunter2"  # type: ignore[attr-defined]
    assert Mask(["hunter2-hunter2"]).error(problem) is problem
    assert "hunter2" not in "".join(traceback.format_exception(problem)) + repr(vars(problem))


@pytest.mark.parametrize(
    ("url", "without", "secrets"),
    [
        ("https://ada:pass@h.test:8/a?x=1", "https://h.test:8/a?x=1", {"pass"}),
        ("https://token123@h.test", "https://h.test", {"token123"}),
        ("https://h.test/a?key=k1&x=1&access_token=k%2F2", "https://h.test/a?x=1", {"k1", "k/2"}),
        ("https://h.test/a?x=1", "https://h.test/a?x=1", set()),
        ("https://h.test/a?code=Zk3v8899==&format=json", "https://h.test/a?format=json", {"Zk3v8899=="}),
        ("https://h.test/a?subscription-key=0123ABC", "https://h.test/a", {"0123ABC"}),
        ("https://h.test/a?who=4f0c66aa12&v=2024-10&page=7", "https://h.test/a?v=2024-10&page=7", {"4f0c66aa12"}),
        ("https://h.test/a#id=1&state=aB3dE6gH9", "https://h.test/a#id=1", {"aB3dE6gH9"}),
        ("https://h.test/a#top", "https://h.test/a#top", set()),
        ("no address at all", "no address at all", set()),
        ("http://[broken", "http://[broken", set()),
    ],
)
def test_an_address_can_be_shown_without_what_it_gives_away(url: str, without: str, secrets: set[str]) -> None:
    assert (bare(url), set(in_address(url))) == (without, secrets)


def test_a_long_word_costs_no_more_than_its_length() -> None:
    """Labels and pictures come as one word of base64."""

    def cost(length: int) -> float:
        began = time.process_time()
        Mask(["s3cret-s3cret"]).text("x" * length)
        return time.process_time() - began

    cost(1_000)
    assert cost(400_000) < 60 * max(cost(20_000), 0.0005), "20 times the length, not 400 times the time"
