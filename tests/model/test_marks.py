"""A number of ours proves something only with the check that the hub wrote beside it."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from hub.model.identity.marks import marked, proven, verified
from hub.model.schema.fragment import Fragment, Key, Refund
from hub.secrets import Vault

KEYS = [urlsafe_b64encode(bytes([n]) * 32).decode() for n in range(2)]
numbers = st.integers(1, 10**9).map(lambda n: f"R{n}")


def checks(account: str, *keys: int):  # type: ignore[no-untyped-def]
    vault = Vault([KEYS[n] for n in keys or (0,)])
    return lambda number: vault.checks(f"{account}\x1f{number}")


def hub_keys(fragment: Fragment) -> list[tuple[str, str]]:
    return [(key.type, key.value) for key in fragment.keys if key.issuer == "hub"]


@given(numbers, st.sampled_from([str, str.lower, str.upper, lambda text: f" {text} "]))
def test_what_the_hub_wrote_is_proven_in_any_spelling(number: str, spelled) -> None:  # type: ignore[no-untyped-def]
    assert proven(spelled(marked(number, checks("web")(number))), checks("web")) == number


@given(numbers, numbers)
def test_a_check_is_for_one_number_and_one_account(number: str, other: str) -> None:
    made = marked(number, checks("web")(number))
    assert proven(made, checks("web2")) is None
    assert proven(made, checks("web", 1)) is None, "another hub's keys"
    if other != number:
        assert proven(made.replace(number, other), checks("web")) is None


@given(st.text() | numbers | st.from_regex(r"R[0-9]{1,6}-[a-z2-7]{6}", fullmatch=True))
def test_a_strangers_text_proves_nothing(text: str) -> None:
    said = Fragment(keys=(Key(type="mark", value=text, issuer="hub"),), refunds=(_refund(text),))
    left = verified(said, checks("web"))
    assert hub_keys(left) == []
    assert [refund.reference for refund in left.refunds or ()] == [None]


def test_keys_that_were_replaced_still_prove_what_was_written_with_them() -> None:
    made = marked("R1001", checks("web", 0)("R1001"))
    assert proven(made, checks("web", 1, 0)) == "R1001"
    assert marked("R1001", checks("web", 1, 0)("R1001")) != made


def test_a_field_of_its_own_states_a_number_and_a_wrong_check_states_none() -> None:
    right = marked("R1001", checks("shop")("R1001"))
    for text, left in (
        ("R1001", [("return", "R1001")]),
        (right, [("return", "R1001")]),
        (right[:-1] + "?", [("return", right[:-1] + "?")]),
    ):
        assert (
            hub_keys(verified(Fragment(keys=(Key(type="return", value=text, issuer="hub"),)), checks("shop"))) == left
        )
    wrong = Fragment(keys=(Key(type="return", value=right, issuer="hub"),))
    assert hub_keys(verified(wrong, checks("other"))) == []


def _refund(text: str) -> Refund:
    return Refund(id="1", currency="EUR", parts=(), reference=text)
