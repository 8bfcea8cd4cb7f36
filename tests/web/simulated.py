"""Simulated returns, merged as the model would have: no real customer, shop or shipment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

from hub.model.language.sentences import sentence
from hub.model.schema import fragment as canonical
from hub.model.schema.observation import FactId
from hub.model.schema.returns import (
    Axes,
    CreditFact,
    Decision,
    Discrepancy,
    DispositionFact,
    Money,
    OrderRef,
    Provisional,
    ReceiptFact,
    RefundFact,
    ReplacementFact,
    Return,
    ReturnLine,
    ShipmentFact,
    Source,
)

NOW = datetime.now(UTC)
SPITE = "<script>alert('x')</script>"
"""Text of another system that wants to be more than text."""


def ago(**spans: float) -> datetime:
    return NOW - timedelta(**spans)


def fact(account: str, stream: str, obj: str, kind: str, id_: str) -> FactId:
    return FactId(account, stream, obj, kind, id_)


def source(account: str, stream: str, obj: str, **spans: float) -> Source:
    return Source(account=account, stream=stream, object=obj, version="2", at=ago(**spans))


def two_rounds() -> Return:
    """One piece came good, the second damaged; both systems know both, the money is back."""
    good = (fact("erp", "shipment", "9", "receipts", "31"), fact("web", "return", "return_01M8", "receipts", "act_5"))
    bad = (fact("erp", "shipment", "12", "receipts", "44"), fact("web", "return", "return_01M8", "receipts", "act_9"))
    note = fact("erp", "invoice", "88", "credits", "88")
    paid = fact("web", "payment", "pay_1", "refunds", "ref_1")
    return Return(
        origin="request",
        status="completed",
        numbers={"web": "#12-R1", "erp": "CMP-0007"},
        objects={"web": {"return": "return_01M8", "order": "order_01M8"}, "erp": {"complaint": "7", "shipment": "9"}},
        orders=(OrderRef(home="web", number="#12", ids={"web": "order_01M8"}),),
        relations=(("split_from", "R1005"),),
        provisional=(
            Provisional(
                ours="R1001", was="R1009", why="number", objects=(("erp", "complaint", "7"),), waits=True, entry=31
            ),
        ),
        channel="web-cn",
        customer=canonical.Customer(name="王小明 (simulated)", email="wang@example.invalid", phone="000"),
        requested_at=ago(days=6),
        axes=Axes(
            authorization=Decision(value="authorized", account="erp", by="lin", at=ago(days=5, hours=20)),
            transit="delivered",
            receipt="full",
            acceptance=Decision(value="accepted", account="erp", at=ago(days=1)),
            settlement="settled",
            closure=Decision(value="open"),
        ),
        money=Money(
            currency="CNY",
            agreed=D("158.00"),
            credited=D("158.00"),
            refunded=D("158.00"),
            captured=D("189.05"),
            refundable=D("31.05"),
        ),
        lines=(
            ReturnLine(
                key="L1",
                name="Linen shirt 亚麻衬衫",
                sku="SHIRT-LINEN-M",
                quantity=D(2),
                price=D("79.00"),
                received=D(2),
                by_condition={"good": D(1), "damaged": D(1)},
                damaged=D(1),
                accepted=D(1),
                disposed={"restock": D(1), "scrap": D(1)},
                refunded=D("158.00"),
                stated=canonical.Reason(code="size_too_small", raw="too_small"),
                found=canonical.Reason(code="damaged_in_transit"),
                said_by={"stated": 1},
            ),
        ),
        receipts=(
            ReceiptFact(
                id="F1",
                kind="receipts",
                line="L1",
                speaker=good[0],
                also=good[1:],
                quantity=D(1),
                condition="good",
                location="STO",
                at=ago(days=3),
            ),
            ReceiptFact(
                id="F2",
                kind="receipts",
                line="L1",
                speaker=bad[0],
                also=bad[1:],
                quantity=D(1),
                condition="damaged",
                location="STO",
                at=ago(days=1),
            ),
        ),
        dispositions=(
            DispositionFact(
                id="F3",
                kind="dispositions",
                line="L1",
                speaker=fact("erp", "shipment", "12", "dispositions", "d1"),
                quantity=D(1),
                disposition="scrap",
                at=ago(hours=20),
            ),
        ),
        shipments=(
            ShipmentFact(
                id="F6",
                kind="shipments",
                speaker=fact("web", "return", "return_01M8", "shipments", "s1"),
                value=canonical.Shipment(
                    id="s1",
                    direction="return",
                    purpose="return",
                    state="delivered",
                    carrier="SF",
                    number="SF1234567890",
                    at=ago(days=3, hours=2),
                ),
            ),
        ),
        credits=(
            CreditFact(
                id="F4",
                kind="credits",
                speaker=note,
                value=canonical.Credit(
                    id="88", state="posted", amount=D("158.00"), currency="CNY", number="CN-2031", at=ago(hours=9)
                ),
            ),
        ),
        refunds=(
            RefundFact(
                id="F5",
                kind="refunds",
                speaker=paid,
                amount=D("158.00"),
                state="succeeded",
                value=canonical.Refund(
                    id="ref_1",
                    currency="CNY",
                    parts=(canonical.RefundPart(amount=D("158.00"), state="succeeded"),),
                    at=ago(hours=8),
                ),
            ),
        ),
        states={"web/return": "received", "erp/complaint": "done"},
        urls={
            "web/return": "https://shop.example.invalid/app/orders/order_01M8",
            "erp/complaint": "javascript:alert(1)",
        },
        sources=(
            source("erp", "complaint", "7", days=5),
            source("web", "return", "return_01M8", days=6),
            source("erp", "invoice", "88", hours=9),
        ),
        said_by={"axes.authorization": 0, "money.agreed": 2},
    )


def exchange() -> Return:
    """M goes back, L is on its way."""
    sent = fact("erp", "sale", "61", "replacements", "61")
    return Return(
        origin="request",
        kind="exchange",
        status="replacement_sent",
        numbers={"web": "#15-E1", "erp": "CMP-0009"},
        objects={"web": {"exchange": "oexc_7"}, "erp": {"complaint": "9"}},
        orders=(OrderRef(home="web", number="#15", ids={"web": "order_15"}),),
        requested_at=ago(days=1, hours=3),
        axes=Axes(
            authorization=Decision(value="authorized", account="erp", at=ago(hours=22)),
            transit="in_transit",
            receipt="none",
            exchange="sent",
        ),
        money=Money(currency="CNY", agreed=D(0), captured=D("259.00"), refundable=D("259.00")),
        lines=(
            ReturnLine(
                key="L1",
                name="Wool jumper 羊毛衫",
                sku="JUMPER-M",
                quantity=D(1),
                resolution="exchange",
                wanted_sku="JUMPER-L",
                price=D("259.00"),
                stated=canonical.Reason(code="size_too_small", raw="偏小"),
            ),
        ),
        replacements=(
            ReplacementFact(
                id="F1",
                kind="replacements",
                speaker=sent,
                value=canonical.Replacement(id="61", sku="JUMPER-L", state="sent"),
            ),
        ),
        deadlines=(canonical.Deadline(at=NOW + timedelta(days=4), who="platform", then="auto_close"),),
    )


def blocked() -> Return:
    """The storefront cancelled after the warehouse had received: nobody may undo that."""
    return Return(
        origin="request",
        status="partially_received",
        numbers={"web": "#18-R1", "erp": "CMP-0011"},
        objects={"web": {"return": "return_18"}, "erp": {"complaint": "11"}},
        orders=(OrderRef(home="web", number="#18", ids={}),),
        requested_at=ago(days=2),
        axes=Axes(
            authorization=Decision(value="cancelled", account="web", by="customer", at=ago(hours=2)),
            receipt="partial",
            settlement="due",
        ),
        money=Money(currency="CNY", agreed=D("88.50"), due=D("88.50"), captured=D("320.00"), refundable=D("320.00")),
        lines=(
            ReturnLine(
                key="L1",
                name="Ceramic mug 陶瓷杯",
                sku="MUG-04",
                quantity=D(3),
                cancelled=D(2),
                received=D(1),
                by_condition={"good": D(1)},
                price=D("29.50"),
                stated=canonical.Reason(code="changed_mind"),
            ),
            ReturnLine(key="L2", name=f"Saucer {SPITE}", sku="SAUCER-04", quantity=D(1), unexpected=True),
        ),
        receipts=(
            ReceiptFact(
                id="F1",
                kind="receipts",
                line="L1",
                speaker=fact("erp", "shipment", "14", "receipts", "1"),
                quantity=D(1),
                condition="good",
                at=ago(hours=5),
            ),
        ),
    )


def disputed() -> Return:
    """Two systems counted differently."""
    return Return(
        origin="counter",
        status="requested",
        numbers={"pos-tianhe": "TH-4471"},
        objects={"pos-tianhe": {"read_seq": "4471"}},
        orders=(OrderRef(home="web", number="#9", ids={}),),
        requested_at=ago(days=3),
        axes=Axes(authorization=Decision(value="requested", account="pos-tianhe", at=ago(days=3)), receipt="over"),
        money=Money(currency="CNY"),
        lines=(ReturnLine(key="L1", sku="SCARF-RED", quantity=D(1), received=D(2)),),
        discrepancies=(
            Discrepancy(
                kind="quantity",
                said=sentence("quantities_differ", one="erp", quantity=2, other="pos-tianhe", otherwise=1),
                line="L1",
                accounts=("erp", "pos-tianhe"),
                values=("2", "1"),
                freezes=True,
            ),
        ),
    )


def plain(n: int) -> Return:
    statuses = ("requested", "completed", "rejected", "authorized")
    return Return(
        origin="request",
        status=statuses[n % 4],
        numbers={"web": f"#{20 + n}-R1"},
        objects={"web": {"return": f"return_{20 + n}"}},
        orders=(OrderRef(home="web", number=f"#{20 + n}", ids={}),),
        lines=(ReturnLine(key="L1", name="Canvas tote 帆布包", sku=f"TOTE-{n}", quantity=D(n % 3 + 1)),),
        requested_at=ago(days=n),
    )
