"""Expressions for every construct of JMESPath, and records of invented shops (simulated) to ask them of."""

from __future__ import annotations

from typing import Any

RECORD: dict[str, Any] = {
    "id": 7,
    "name": "Return 7",
    "status": "requested",
    "empty": "",
    "nothing": None,
    "zero": 0,
    "yes": True,
    "no": False,
    "big": 123456789012345678901234567890,
    "ratio": 1.5,
    "with space": {"a.b": "dotted"},
    "ünïcode": "größe",
    "metadata": {"hub": "R1001", "tags": ["a", "b"], "deep": {"deeper": {"deepest": [1, [2, [3]]]}}},
    "items": [
        {"id": "i1", "quantity": 2, "price": 19.9, "reason": {"code": "too_small"}, "tags": ["x"], "ok": True},
        {"id": "i2", "quantity": 0, "price": 5, "reason": None, "tags": [], "ok": False},
        {"id": "i3", "quantity": 11, "price": 0.1, "reason": {"code": "other", "text": "müde"}, "tags": ["x", "y"]},
        {"id": "i4", "quantity": None},
    ],
    "matrix": [[1, 2, 3], [4, 5], [], [[6]], 7, None],
    "by_name": {"a": {"v": 1}, "b": {"v": 2}, "c": None},
    "numbers": [3, 1, 2, 10],
    "words": ["b", "a", "C", ""],
    "mixed": [1, "1", True, None, [], {}, 0, False, ""],
}

EXPRESSIONS = """
id | name.x | metadata.hub | metadata.deep.deeper.deepest | nothing.x | missing | "with space"."a.b" | "ünïcode"
items[0].id | items[-1].id | items[9].id | items[-9] | name[0] | metadata[0] | numbers[0] | [0] | @[0]
numbers[1:3] | numbers[::-1] | numbers[-2:] | numbers[:0] | name[0:2] | numbers[5:1:-2] | items[1:].id
items[::2].tags[0]
items[*].id | items[*].reason.code | items[*].tags[*] | items[*].tags[] | items[].tags[] | items[*].missing | name[*]
nothing[*]
metadata.* | by_name.*.v | by_name.* | *.id | items[*].* | items.* | *[0]
matrix[] | matrix[][] | matrix[*][0] | matrix[*][*] | matrix[][0] | name[] | [[1], 2][]
items[?ok] | items[?!ok] | items[?ok].id | items[?quantity > `1`].id | items[?quantity >= `2` && price < `20`].id
items[?reason.code == 'other'].reason.text | items[?reason != `null`].id | items[?contains(tags, 'x')].id
items[?tags] | name[?a]
items[?quantity == `0`] | items[?quantity == `false`] | items[?ok == `true`] | mixed[?@] | mixed[?!@]
mixed[?@ == `1`] | mixed[?@ == `0`]
[id, name] | [id, [name, status]] | {a: id, b: name} | {a: {b: items[0].id}} | items[*].[id, quantity]
items[*].{n: id, q: quantity}
nothing.[a] | nothing.{a: b} | missing[*].{a: b} | items[].{id: id, codes: reason.[code, text]}
id || name | empty || name | nothing || missing || status | zero || name | no || yes | empty && name | zero && name
items && id
!id | !empty | !zero | !nothing | !no | !items | !!name | !missing && 'x' || 'y'
id == `7` | id != `7` | name == 'Return 7' | zero == no | yes == `1` | nothing == missing | items == items
[zero] == [no]
id < `8` | id <= `7` | id > `7` | id >= `7` | name < 'S' | name > 'S' | id < name | nothing < id | yes < id | big > id
ratio > id
items | [0] | items[*].id | [0] || name | id | @ | (items[*].id)[0] | (items[*].tags)[0][0] | items[*].tags | [] | [0]
`{"a": [1, 2.5, null, true]}` | `"text"` | `[]` | `null` | 'it''s' | 'a\\'b' | `1` | `-3` | '' | `{"a": 1}`.a
'text'.length(@)
@ | @.id | metadata.@ | items[*].@
abs(zero) | abs(ratio) | abs(`-3`) | abs(name) | avg(numbers) | avg(`[]`) | avg(words) | avg(nothing)
ceil(ratio) | floor(ratio) | ceil(id) | contains(name, 'tur') | contains(words, 'a') | contains(id, 'a')
contains(name, id)
ends_with(name, '7') | starts_with(name, 'Ret') | starts_with(id, 'R') | join('-', words) | join('-', numbers)
join('-', items)
keys(metadata) | keys(items) | values(by_name) | values(id) | length(name) | length(items) | length(metadata)
length(id) | length(nothing)
map(&id, items) | map(&reason.code, items) | map(&[id, quantity], items) | map(&id, name) | map(&length(@), words)
max(numbers) | max(words) | max(`[]`) | max(mixed) | min(numbers) | min(words) | sum(numbers) | sum(`[]`) | sum(words)
max_by(items[:3], &quantity).id | min_by(items[:3], &price).id | max_by(items, &quantity) | max_by(`[]`, &a)
min_by(items, &id).id
sort(numbers) | sort(words) | sort(mixed) | sort_by(items, &id)[*].id | sort_by(items[:3], &quantity)[*].id
sort_by(items, &quantity)
sort_by(items[:3], &price)[0].id | sort_by(`[]`, &a) | sort_by(items, &missing) | sort_by(items[:3], &reason)
sort_by(name, &a)
merge(metadata, by_name) | merge(`{}`, `{"a": 1}`, `{"a": 2}`) | merge(metadata, id) | not_null(nothing, missing, id)
not_null(nothing)
reverse(numbers) | reverse(name) | reverse(id) | to_array(id) | to_array(items) | to_array(nothing) | to_string(id)
to_string(metadata.tags)
to_string(name) | to_string(ratio) | to_string(nothing) | to_string(yes) | to_number('3') | to_number('3.5')
to_number('x') | to_number(id) | to_number(yes)
type(id) | type(name) | type(yes) | type(nothing) | type(items) | type(metadata) | type(ratio)
unknown(id) | length() | length(id, name) | sum(numbers, numbers) | nothing && unknown(id) | zero && length(id)
items[?length(id) == `2`] | [0].reason.code || 'none' | items[*].not_null(reason.code, id) | items[].{a: id, b: `1`}
[?b == `1`].a
by_name.*.v | sum(@) | items[*].tags | [*][0] | items[?quantity].{id: id} | [-1].id | (items[?ok] || items)[0].id
items[*].reason.code | join(', ', @) | {first: items[0], last: items[-1]}.last.id
items[0].reason.code == items[2].reason.code
matrix[*] | [0][*] | metadata.deep.*.* | *.*.* | items[*].[reason.code || 'none', tags[0]][]
[items[0], items[1]][].id
items[?reason.code && quantity > `1` || !ok].id | items[?(quantity > `1` || ok) && id != 'i3'].id | mixed[*].type(@)
mixed[?type(@) == 'number']
sort_by(items[?price], &price) | [*].{p: price, n: reason.code} | map(&sort_by(tags || `[]`, &@), items)
map(&[0], matrix[:2])
max_by(items[:3], &length(tags || `[]`)).id | items[*].{t: map(&join('', [@, '!']), tags || `[]`)}
sum(items[:3][].quantity)
"""


def expressions() -> list[str]:
    """Each line's parts, and each line's parts joined again: '|' is also the pipe."""
    lines = [line.strip() for line in EXPRESSIONS.strip().splitlines()]
    single = [part.strip() for line in lines for part in line.split(" | ")]
    pairs = [f"{left} | {right}" for left, right in zip(single, single[1:], strict=False)]
    return list(dict.fromkeys([*single, *pairs, *lines]))
