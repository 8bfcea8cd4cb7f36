"""The orders of a return and the one key of each line, whichever account names it.

Keys are worked out over all observations, so the merged return and the view of one account speak of the same lines.
A key is "account/order id/line id" of the order's home, "KEY#SKU" for a component of a kit, "sku:X" or "account:LINE"
where no order line is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from hub.model.fragment import LinePart, OrderLine
from hub.model.identity import NUMBER, Name, bears, order_names, own_name, speaks_of_order
from hub.model.meant import meant
from hub.model.observation import Ground, Observation, Sibling
from hub.model.ranks import party
from hub.model.returns import OrderRef

_HOMES: Mapping[str, int] = {"marketplace": 5, "storefront": 4, "pos": 3, "erp": 2, "wms": 1, "carrier": 0, "hub": 0}


class BookLine(Struct, kw_only=True):
    """An order line: what its home says of it, and its id in every account."""

    key: str
    order: str
    line: OrderLine
    ids: dict[str, str]
    parent: str | None = None
    """For a component: the key of its kit."""


class _Known:
    """The lines of an order that other accounts have told, and those that this account tells."""

    def __init__(self, known: Sequence[BookLine], told: Sequence[OrderLine]) -> None:
        self._by_id: dict[tuple[str, str], BookLine] = {}
        self._sold: dict[tuple[str, str], list[BookLine]] = {}
        self._told = Counter(goods for line in told for goods in _goods(line)) if known else Counter()
        for other in known:
            for name in other.ids.items():
                self._by_id.setdefault(name, other)
            for goods in _goods(other.line):
                self._sold.setdefault(goods, []).append(other)

    def match(self, line: OrderLine) -> BookLine | None:
        """The line already known from another account: by an explicit id, else by an SKU or GTIN unique in both."""
        for ref in line.refs:
            other = self._by_id.get((ref.issuer or "", ref.value))
            if other is not None:
                return other
        for goods in _goods(line):
            if self._told[goods] == 1:
                found = self._sold.get(goods, [])
                whole = [other for other in found if other.parent is None]
                if len(whole) == 1 or (not whole and len(found) == 1):
                    return (whole or found)[0]
        return None


def _goods(line: OrderLine) -> list[tuple[str, str]]:
    return [(word, value) for word in ("sku", "gtin") if (value := getattr(line, word)) is not None]


class Book:
    """Every order and order line that these observations know."""

    def __init__(self, observations: Sequence[Observation], ground: Ground) -> None:
        self.ground = ground
        self.refs: list[OrderRef] = []
        self.lines: dict[str, BookLine] = {}
        self._by_id: dict[tuple[str, str, str], str] = {}
        self._by_line: dict[tuple[str, str], str | None] = {}
        self._by_sku: dict[str, list[str]] = {}
        self._by_gtin: dict[str, list[str]] = {}
        self._own: dict[tuple[str, str], str] = {}
        self._stated: dict[str, None] = {}
        self._orders: set[tuple[str, str]] = set()
        self._ref: dict[Name, OrderRef] = {}
        """By each of its names: the order."""
        self.others: set[Name] = set()
        """Records of orders that share a number with one of this return's, and are none of its."""
        self.written: Mapping[Name, str] = {}
        """Numbers as they were written."""
        self._shared: set[Name] = set()
        self.unclear: dict[Name, list[Name]] = {}
        """Numbers that say nothing alone, and by which alone this return names an order: the orders they may mean."""
        self._read(observations)
        self._read_claims(observations)

    def key(self, observation: Observation, part: LinePart, gtin: str | None = None) -> str | None:
        """Our key of the line that `part` means in this record; None where it names none."""
        account = observation.account
        if part.order_line is not None:
            order = part.order or self._order_id(observation)
            found = self._by_id.get((account, order, part.order_line))
            if found is None and (not order or (account, order) in self._orders):
                found = self._by_line.get((account, part.order_line))
            return found or f"{account}/{order}/{part.order_line}"
        if part.line is not None:
            own = self._own.get((account, part.line))
            if own is not None:
                return own
        if part.sku is not None or gtin is not None:
            return self._by_goods(part.sku, gtin)
        return None if part.line is None else f"{account}:{part.line}"

    def _by_goods(self, sku: str | None, gtin: str | None) -> str:
        for index, word in ((self._by_sku, sku), (self._by_gtin, gtin)):
            if word is None:
                continue
            keys = index.get(word, [])
            if len(keys) > 1:
                # Several order lines sell it: the one that the return names, if it names one.
                keys = [key for key in keys if key in self._stated] or keys
            if len(keys) == 1:
                return keys[0]
        loose = f"sku:{sku}" if sku is not None else f"gtin:{gtin}"
        key = self.ground.answers.get(("ambiguous_line", (loose,)), "").removeprefix("line:")
        return key if key in self.lines else loose

    def _read(self, observations: Sequence[Observation]) -> None:
        told = meant(observations)
        self.others, self.unclear, self.written, self._shared = told.others, told.unclear, told.written, told.shared
        for names in told.orders:
            records = [o for o in observations if own_name(o) in names and not o.fragment.orders]
            self._order(names - told.payments, [o for o in records if speaks_of_order(o.fragment)])

    def _order(self, names: set[Name], records: list[Observation]) -> None:
        """One order: where it was sold, its ids, and its lines matched over the accounts that tell it."""
        by_account = {record.account: record for record in sorted(records, key=lambda r: r.external_id, reverse=True)}
        found = [name for name in sorted(names, reverse=True) if name[1] != NUMBER]
        ids = {account: value for account, _, value in found}
        streams = {account: kind for account, kind, _ in found}
        for account, record in by_account.items():
            ids[account], streams[account] = record.external_id, record.stream
        numbers = sorted(name for name in names if name[1] == NUMBER)
        standing = sorted(ids, key=lambda a: (a not in by_account, -_HOMES[party(self.ground, a).kind], a))
        home = numbers[0][0] if numbers else (standing[0] if standing else "")
        number = self.written.get(numbers[0], numbers[0][2]) if numbers else None
        told = by_account[home].fragment.order if home in by_account else None
        if told and told.number:
            number = told.number
        ref = OrderRef(
            home=home,
            number=number,
            ids=dict(sorted(ids.items())),
            streams=dict(sorted(streams.items())),
            shared=not self._shared.isdisjoint(names.union(*map(bears, records))),
        )
        self.refs.append(ref)
        self._orders |= set(ids.items())
        self._ref |= dict.fromkeys(names, ref)
        label = f"{home}/{ids.get(home) or number or ''}"
        for account in sorted(by_account, key=lambda a: (a != home, -_HOMES[party(self.ground, a).kind], a)):
            order = by_account[account].fragment.order
            if order:
                self._tell(account, ids[account], label, order.lines)

    def _order_id(self, observation: Observation) -> str:
        """The id, in its own account, of the one order that this record is about; '' where it cannot be told."""
        names = order_names(observation)
        ids = {name[2] for name in names if name[0] == observation.account and name[1] != NUMBER}
        if not ids:
            refs = [self._ref[name] for name in names if name in self._ref]
            ids = {ref.ids[observation.account] for ref in refs if observation.account in ref.ids}
        return ids.pop() if len(ids) == 1 else ""

    def concerns(self, sibling: Sibling) -> bool:
        """Whether this other return is one of the same orders; of one that only shares a number it is not."""
        names = {name for o in sibling.observations for name in order_names(o)}
        ids = {name for name in names if name[1] != NUMBER}
        if not ids.isdisjoint(self._ref) or not self.others:
            return True
        return ids.isdisjoint(self.others) and not names.isdisjoint(self._ref)

    def _tell(self, account: str, order_id: str, label: str, lines: Sequence[OrderLine]) -> None:
        known = _Known([line for line in self.lines.values() if line.order == label and account not in line.ids], lines)
        for line in lines:
            match = known.match(line)
            if match is None:
                key = f"{account}/{order_id}/{line.id}"
                match = BookLine(key=key, order=label, line=line, ids={})
                self._add(match)
                for part in line.components:
                    inner = OrderLine(id="", quantity=part.quantity, sku=part.sku)
                    self._add(BookLine(key=f"{key}#{part.sku}", order=label, line=inner, ids={}, parent=key))
            match.ids[account] = line.id
            self._name(account, order_id, line.id, match.key)

    def _add(self, line: BookLine) -> None:
        self.lines[line.key] = line
        if line.line.sku is not None:
            self._by_sku.setdefault(line.line.sku, []).append(line.key)
        if line.line.gtin is not None:
            self._by_gtin.setdefault(line.line.gtin, []).append(line.key)

    def _name(self, account: str, order_id: str, line_id: str, key: str) -> None:
        self._by_id[(account, order_id, line_id)] = key
        short = (account, line_id)
        self._by_line[short] = key if self._by_line.setdefault(short, key) == key else None

    def _read_claims(self, observations: Sequence[Observation]) -> None:
        """The lines of the return itself: those that name an order line first, so that others can find them."""
        waiting = []
        for observation in observations:
            lines = observation.fragment.lines
            if not lines:
                continue
            for line in lines:
                if line.order_line is None:
                    waiting.append((observation, line))
                    continue
                key = self.key(observation, line)
                if key is not None:
                    self._state(observation.account, line.line, key)
                    if key not in self.lines:
                        # The order itself was never seen: what the return says of its line has to do.
                        said = OrderLine(id=line.order_line, quantity=Decimal(0), sku=line.sku, gtin=line.gtin)
                        self._add(BookLine(key=key, order="", line=said, ids={}))
                    self.lines[key].ids.setdefault(observation.account, line.order_line)
        for observation, line in waiting:
            key = self.key(observation, line, line.gtin)
            if key is not None:
                self._state(observation.account, line.line, key)

    def _state(self, account: str, own: str | None, key: str) -> None:
        self._stated[key] = None
        if own is not None:
            self._own.setdefault((account, own), key)
