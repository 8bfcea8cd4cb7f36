"""Which of two readings of one object is the newest; silence keeps what was said, wherever in time the news arrives.

Every field and every item of a partial list has the read_seq of the read that said it: the record's own, or the one in
`Fragment.since`. The higher read_seq wins per field, so the result does not depend on the order of arrival.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from hub.model.language.spelling import tracking
from hub.model.merge.money import reversals
from hub.model.schema.fragment import Fragment, Shipment
from hub.model.schema.observation import Observation

_BOOKKEEPING = frozenset({"partial", "since", "refunds_once", "payments_once"})
_FIELDS = tuple(name for name in Fragment.__struct_fields__ if name not in _BOOKKEEPING)
_DEFAULTS: dict[str, Any] = {name: getattr(Fragment(), name) for name in _FIELDS}
_NEVER = -1
UNKNOWN = "unknown"
_STATE = "state/"
"""In `since`: when the state of a parcel was told, where a later reading knows it no more."""

LISTS = frozenset(
    {
        "lines",
        "receipts",
        "inspections",
        "dispositions",
        "shipments",
        "refunds",
        "credits",
        "replacements",
        "notes",
        "evidence",
        "deadlines",
    }
)


def merge_fragments(previous: Observation | None, new: Observation) -> Observation | None:
    """The observation that should stand now, or None if `new` changes nothing that was said."""
    empty = [field for field in new.fragment.partial if getattr(new.fragment, field) is None]
    if empty:
        # `null` in a list that only adds is no more than an empty list: it clears nothing.
        new = msgspec.structs.replace(new, fragment=msgspec.structs.replace(new.fragment, **dict.fromkeys(empty, ())))
    if previous is None:
        return new
    if previous.read_seq > new.read_seq:
        older, newer = new, previous
    else:
        older, newer = previous, new
    fragment = reversals.remember(_remember(_unite(older, newer), older, newer), older, newer)
    same = fragment == previous.fragment and newer.gone == previous.gone
    if same and newer.version == previous.version and newer.mapping == previous.mapping:
        return None
    return msgspec.structs.replace(newer, fragment=fragment)


def _remember(united: Fragment, older: Observation, newer: Observation) -> Fragment:
    """A parcel of which its system knows no more is where it was: `unknown` takes back nothing that was told before."""
    remembered = any(name.startswith(_STATE) for o in (older, newer) for name in o.fragment.since)
    if not remembered and not any(parcel.state == UNKNOWN for parcel in newer.fragment.shipments or ()):
        return united
    known: dict[str, tuple[int, Shipment]] = {}
    for observation in (older, newer):
        for parcel in observation.fragment.shipments or ():
            read_seq = observation.fragment.since.get(_STATE + parcel.id, observation.read_seq)
            if parcel.state != UNKNOWN and (parcel.id not in known or known[parcel.id][0] <= read_seq):
                known[parcel.id] = (read_seq, parcel)
    parcels = tuple(_as_known(parcel, known) for parcel in united.shipments or ())
    since = {name: read_seq for name, read_seq in united.since.items() if not name.startswith(_STATE)}
    since |= {_STATE + p.id: known[p.id][0] for p in parcels if p.id in known and known[p.id][0] != newer.read_seq}
    return msgspec.structs.replace(united, shipments=parcels if parcels else united.shipments, since=since)


def _as_known(parcel: Shipment, known: dict[str, tuple[int, Shipment]]) -> Shipment:
    before = known[parcel.id][1] if parcel.id in known else parcel
    if tracking(before.number or "") != tracking(parcel.number or ""):
        return parcel  # its id is another parcel's now
    return msgspec.structs.replace(parcel, state=before.state, at=before.at, reason=before.reason)


def _unite(older: Observation, newer: Observation) -> Fragment:
    """The newer record; where it is silent the older one still speaks."""
    old, new = older.fragment, newer.fragment
    if not (old.since or new.since or old.partial or new.partial) and _says_all(old, new):
        return new
    same_read = older.read_seq == newer.read_seq
    values: dict[str, Any] = {}
    since: dict[str, int] = {}
    partial: list[str] = []
    for field in _FIELDS:
        if field in LISTS and (field in old.partial or field in new.partial):
            partial.append(field)
            if getattr(old, field) is UNSET and getattr(new, field) is UNSET:
                continue
            _unite_list(field, older, newer, values, since)
            continue
        value, read_seq = _stated(field, newer)
        before, earlier = _stated(field, older)
        # The same read translated again says everything that read had to say; only older words stand beside it.
        if earlier > read_seq and not (same_read and earlier == older.read_seq):
            value, read_seq = before, earlier
        if read_seq == _NEVER:
            continue
        values[field] = value
        if read_seq != newer.read_seq:
            since[field] = read_seq
    return Fragment(**values, partial=tuple(partial), since=since)


def _says_all(old: Fragment, new: Fragment) -> bool:
    """Whether the newer record speaks for every field that the older one spoke for: the common case, decided fast."""
    for field in _FIELDS:
        silent = _DEFAULTS[field]
        if getattr(new, field) is silent and getattr(old, field) is not silent and getattr(old, field) != silent:
            return False
    return True


def _stated(field: str, observation: Observation) -> tuple[Any, int]:
    value = getattr(observation.fragment, field)
    if value is UNSET or (value == () and field not in LISTS):
        return value, _NEVER
    return value, observation.fragment.since.get(field, observation.read_seq)


def _unite_list(
    field: str, older: Observation, newer: Observation, values: dict[str, Any], since: dict[str, int]
) -> None:
    """Items of a list that is not complete: a set by id, the newest telling of each, above the last complete one."""
    base, cleared = _NEVER, False
    items: dict[str, tuple[int, Any]] = {}
    for observation, again in ((older, older.read_seq == newer.read_seq), (newer, False)):
        read_seqs = observation.fragment.since
        value = getattr(observation.fragment, field)
        if value is UNSET:
            continue
        partial = field in observation.fragment.partial
        complete = read_seqs.get(field, _NEVER if partial else observation.read_seq)
        if complete != _NEVER and complete >= base and not (again and complete == older.read_seq):
            base, cleared = complete, value is None
        for item in value or ():
            ident = item_id(field, item)
            read_seq = read_seqs.get(f"{field}/{ident}", observation.read_seq if partial else complete)
            # The same read translated again replaces all that it said before.
            if again and read_seq == older.read_seq:
                continue
            if ident not in items or items[ident][0] <= read_seq:
                items[ident] = (read_seq, item)
    kept = {ident: found for ident, found in items.items() if found[0] >= base}
    if all(read_seq == newer.read_seq for read_seq, _ in kept.values()):
        said = [item_id(field, item) for item in getattr(newer.fragment, field) or ()]
        kept = {ident: kept[ident] for ident in said if ident in kept}
    else:
        kept = dict(sorted(kept.items()))
    values[field] = tuple(item for _, item in kept.values()) if kept or not cleared else None
    if base != _NEVER:
        since[field] = base
    for ident, (read_seq, _) in kept.items():
        if read_seq != newer.read_seq:
            since[f"{field}/{ident}"] = read_seq


def item_id(field: str, item: Any) -> str:
    """What makes an item of a list the same item in another reading."""
    if field == "lines":
        return str(item.line or f"{item.order or ''}/{item.order_line or item.sku or ''}")
    if field == "deadlines":
        return f"{item.who}/{item.then}"
    return str(item.id)
