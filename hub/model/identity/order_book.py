"""The orders of a return and the one key of each line, whichever account names it.

Keys are worked out over all observations, so the merged return and the view of one account speak of the same lines.
A key is "account/order id/line id" of the order's home, "KEY#SKU" for a component of a kit, "sku:X" or "account:LINE"
where no order line is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from hub.model.identity.line_matching import GOODS, BookLine, LineName, Memory, deducts, match
from hub.model.identity.names import NUMBER, bears, order_names, own_name, speaks_of_order
from hub.model.identity.orders_meant import meant
from hub.model.schema.authority import party
from hub.model.schema.bindings import Name
from hub.model.schema.fragment import LinePart, OrderLine
from hub.model.schema.observation import MergeInputs, Observation, Sibling
from hub.model.schema.returns import OrderRef

_HOMES: Mapping[str, int] = {"marketplace": 5, "storefront": 4, "pos": 3, "erp": 2, "wms": 1, "carrier": 0, "hub": 0}


class Book:
    """Every order and order line that these observations know."""

    def __init__(self, observations: Sequence[Observation], inputs: MergeInputs) -> None:
        self.inputs = inputs
        self.refs: list[OrderRef] = []
        self.lines: dict[str, BookLine] = {}
        self._by_id: dict[tuple[str, str, str], list[str]] = {}
        self._by_line: dict[LineName, list[str] | None] = {}
        self._by_goods: dict[tuple[str, str], list[str]] = {}
        self._loose: dict[tuple[str, str], str] = {}
        """Articles of no known line, as they were first written."""
        self._own: dict[tuple[tuple[str, ...], str], tuple[str, str | None]] = {}
        """Lines of returns by their scope and id: our key, and the article that was named with it."""
        self._whose: dict[Name, str] = {}
        """Records of the other returns: whose they are."""
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
        self._memory = Memory(added=_added(observations, inputs), before=inputs.matched)
        self._read(observations)
        self._read_claims(observations)
        self._read_others(observations)

    def key(self, observation: Observation, part: LinePart, gtin: str | None = None) -> str | None:
        """Our key of the line that `part` means in this record; None where it names none."""
        return next(iter(self.keys(observation, part, gtin)), None)

    def keys(self, observation: Observation, part: LinePart, gtin: str | None = None) -> Sequence[str]:
        """The same where it may be several: an account has one line for two of ours. First what the return names."""
        account = observation.account
        if part.order_line is not None:
            order = part.order or self._order_id(observation)
            found = self._by_id.get((account, order, part.order_line))
            if found is None and (not order or (account, order) in self._orders):
                found = self._by_line.get((account, part.order_line))
            if found is not None and len(found) > 1:
                found = [key for key in found if key in self._stated] or found
            return found or [f"{account}/{order}/{part.order_line}"]
        if part.line is not None:
            own = self._by_own_id(observation, part)
            if own is not None:
                return [own]
        if part.sku is not None or gtin is not None:
            return [self._by_article(part.sku, gtin)]
        return [] if part.line is None else [f"{account}:{part.line}"]

    def today(self, key: str) -> str:
        """The key by now of a line that had this one: of an article, or of a line of an order that was not known."""
        if key in self.lines or key in self._stated:
            return key
        account, colon, text = key.partition(":")
        if not colon:
            account, _, text = key.partition("//")
            return next(iter(self._by_line.get((account, text)) or ()), key)
        if account in ("sku", "gtin"):
            return self._by_article(*((text, None) if account == "sku" else (None, text)))
        return self._own.get((("", account), text), (key, None))[0]

    def _by_article(self, sku: str | None, gtin: str | None) -> str:
        for (word, form), value in zip(GOODS, (sku, gtin), strict=True):
            if value is not None:
                keys = self._by_goods.get((word, form(value)), [])
                for rule in (self._is_goods, self._is_written(word, value), self._stated.__contains__, self._is_sold):
                    # Several order lines sell it: each rule counts where it leaves any.
                    if len(keys) > 1:
                        keys = list(filter(rule, keys)) or keys
                if len(keys) == 1:
                    return keys[0]
        word, text = ("sku", sku) if sku is not None else ("gtin", gtin or "")
        return self._answered(f"{word}:{self._loose.setdefault((word, dict(GOODS)[word](text)), text)}")

    def _answered(self, loose: str) -> str:
        """The line that a person said it is."""
        key = self.inputs.answers.get(("ambiguous_line", (loose,)), "").removeprefix("line:")
        return key if key in self.lines else loose

    def _is_written(self, word: str, value: str) -> Callable[[str], bool]:
        """The article that is written exactly so, between two that differ in spelling only."""
        return lambda key: getattr(self.lines[key].line, word) == value

    def _is_goods(self, key: str) -> bool:
        """What can come back, and not what took something off its price."""
        return not deducts(self.lines[key].line)

    def _is_sold(self, key: str) -> bool:
        """What was sold first, and not sent instead of another."""
        return not any(name in self._memory.added for name in self.lines[key].ids.items())

    def _read(self, observations: Sequence[Observation]) -> None:
        of_orders = meant(observations)
        self.others, self.unclear, self.written, self._shared = (
            of_orders.others,
            of_orders.unclear,
            of_orders.written,
            of_orders.shared,
        )
        for names in of_orders.orders:
            records = [o for o in observations if own_name(o) in names and not o.fragment.orders]
            self._order(names - of_orders.payments, [o for o in records if speaks_of_order(o.fragment)])

    def _order(self, names: set[Name], records: list[Observation]) -> None:
        """One order: where it was sold, its ids, and its lines matched over the accounts that tell it."""
        by_account = {record.account: record for record in sorted(records, key=lambda r: r.external_id, reverse=True)}
        found = [name for name in sorted(names, reverse=True) if name[1] != NUMBER]
        ids = {account: value for account, _, value in found}
        streams = {account: kind for account, kind, _ in found}
        for account, record in by_account.items():
            ids[account], streams[account] = record.external_id, record.stream
        numbers = sorted(name for name in names if name[1] == NUMBER)
        standing = sorted(ids, key=lambda a: (a not in by_account, -_HOMES[party(self.inputs, a).kind], a))
        home = numbers[0][0] if numbers else (standing[0] if standing else "")
        number = self.written.get(numbers[0], numbers[0][2]) if numbers else None
        order = by_account[home].fragment.order if home in by_account else None
        if order and order.number:
            number = order.number
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
        for account in sorted(by_account, key=lambda a: (a != home, -_HOMES[party(self.inputs, a).kind], a)):
            order = by_account[account].fragment.order
            if order:
                self._add_lines(account, ids[account], label, order.lines)

    def _order_id(self, observation: Observation) -> str:
        """The id, in its own account, of the one order that this record is about; '' where it cannot be told."""
        names = order_names(observation)
        ids = {name[2] for name in names if name[0] == observation.account and name[1] != NUMBER}
        if not ids:
            refs = [self._ref[name] for name in names if name in self._ref]
            ids = {ref.ids[observation.account] for ref in refs if observation.account in ref.ids}
        return ids.pop() if len(ids) == 1 else ""

    def rivals(self, key: str) -> list[BookLine]:
        """For a line that only another account than the order's home has: the lines of that article that home sold."""
        mine = self.lines.get(key)
        if mine is None or not mine.order or mine.parent is not None:
            return []
        home, account = mine.order.partition("/")[0], key.partition("/")[0]
        if account == home:
            return []
        found = {k for word, form in GOODS if (value := getattr(mine.line, word)) is not None
                 for k in self._by_goods.get((word, form(value)), ())}  # fmt: skip
        same = [self.lines[k] for k in sorted(found) if self.lines[k].order == mine.order]
        return [line for line in same if line.key.partition("/")[0] == home and account not in line.ids]

    def concerns(self, sibling: Sibling) -> bool:
        """Whether this other return is one of the same orders; of one that only shares a number it is not."""
        names = {name for o in sibling.observations for name in order_names(o)}
        ids = {name for name in names if name[1] != NUMBER}
        if not ids.isdisjoint(self._ref) or not self.others:
            return True
        return ids.isdisjoint(self.others) and not names.isdisjoint(self._ref)

    def _add_lines(self, account: str, order_id: str, label: str, lines: Sequence[OrderLine]) -> None:
        known = [line for line in self.lines.values() if line.order == label and account not in line.ids]
        found = match(account, lines, known, self._memory)
        for line in lines:
            key = f"{account}/{order_id}/{line.id}"
            same = found.get(line.id) or [self.lines[k] for k in [self._answered(key)] if k in self.lines]
            if not same:
                same = [BookLine(key=key, order=label, line=line, ids={})]
                self._add(same[0])
                for part in line.components:
                    inner = OrderLine(id="", quantity=part.quantity, sku=part.sku)
                    self._add(BookLine(key=f"{key}#{part.sku}", order=label, line=inner, ids={}, parent=key))
            for one in same:
                one.ids.setdefault(account, line.id)
            self._name(account, order_id, line.id, [one.key for one in same])

    def _add(self, line: BookLine) -> None:
        self.lines[line.key] = line
        for word, form in GOODS:
            value = getattr(line.line, word)
            if value is not None:
                self._by_goods.setdefault((word, form(value)), []).append(line.key)

    def _name(self, account: str, order_id: str, line_id: str, keys: list[str]) -> None:
        self._by_id[(account, order_id, line_id)] = keys
        short = (account, line_id)
        self._by_line[short] = keys if self._by_line.setdefault(short, keys) == keys else None

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
                    self._state(observation, line, key)
                    if key not in self.lines:
                        # The order itself was never seen: what the return says of its line has to do.
                        said = OrderLine(id=line.order_line, quantity=Decimal(0), sku=line.sku, gtin=line.gtin)
                        self._add(BookLine(key=key, order="", line=said, ids={}))
                    self.lines[key].ids.setdefault(observation.account, line.order_line)
        for observation, line in waiting:
            key = self.key(observation, line, line.gtin)
            if key is not None:
                self._state(observation, line, key)

    def _state(self, observation: Observation, line: LinePart, key: str) -> None:
        self._stated[key] = None
        self._note(observation, line, key)

    def _note(self, observation: Observation, line: LinePart, key: str) -> None:
        for scope in self._scopes(observation) if line.line is not None else ():
            self._own.setdefault((scope, line.line or ""), (key, line.sku))

    def _by_own_id(self, observation: Observation, part: LinePart) -> str | None:
        """The line that this id was given to, in the record itself or in another of its account and return; one that
        was said of another article there is another."""
        for scope in self._scopes(observation):
            key, sku = self._own.get((scope, part.line or ""), (None, None))
            if key is not None and (sku is None or part.sku is None or sku == part.sku):
                return key
        return None

    def _scopes(self, observation: Observation) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Where an id of a return's line says something: in its record, and in its return, but in no other return."""
        name = own_name(observation)
        return name, (self._whose.get(name, ""), observation.account)

    def _read_others(self, observations: Sequence[Observation]) -> None:
        """Which lines the other returns of the orders name, so that what is told of their lines finds them."""
        mine = {own_name(observation) for observation in observations}
        for other in self.inputs.others:
            for observation in other.observations:
                self._whose.setdefault(own_name(observation), "" if own_name(observation) in mine else other.number)
            for observation in other.observations:
                for line in observation.fragment.lines or () if own_name(observation) not in mine else ():
                    key = self.key(observation, line, line.gtin) if line.line is not None else None
                    if key is not None:
                        self._note(observation, line, key)


def _added(observations: Sequence[Observation], inputs: MergeInputs) -> frozenset[LineName]:
    """Order lines that an exchange added, of this return or of another of its orders."""
    seen = [*observations, *(o for other in inputs.others for o in other.observations)]
    return frozenset(
        (o.account, sent.order_line)
        for o in seen
        for sent in o.fragment.replacements or ()
        if sent.order_line is not None
    )
