"""Why an account cannot be told something."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "waits_for_person": ("等待人工处理：{about}", "Waits for a person: {about}"),
    "no_way": (
        "{account} 不支持“{operation:operation}”。",
        "{account} has no way to {operation:operation}.",
    ),
    "not_listening": (
        "按设置，{account} 不接收此事。",
        "{account} does not listen: its settings leave this out.",
    ),
    "not_asked": (
        "按设置，不向 {account} 发送“{operation:operation}”。",
        "{account} is not to be asked to {operation:operation}: its settings leave it out.",
    ),
    "money_off": (
        "{account} 没有开启付款；要让中枢执行“{operation:operation}”，请在它的设置中开启。",
        "Money is off for {account}: turn it on in its settings to let the hub {operation:operation}.",
    ),
    "refused": (
        "{account} 拒绝了“{operation:operation}”，或结果不明，需要人工决定。",
        "{account} refused to {operation:operation}, or its answer is unknown: a person decides.",
    ),
    "stays_ended": (
        "{account} 的退货已终止，而按设置不通知它重新打开，因此之后的事也无法告知，应退的款也不会付。"
        "请在 {account} 手工处理，或修改它的设置，让它接收“重新打开”。",
        "The return is ended at {account}, and its settings leave out that it goes on: nothing that follows is told "
        "there, and nothing is paid. Deal with it there by hand, or let it hear of that in its settings.",
    ),
    "deleted_there": (
        "{account} 已删除这张退货单，中枢不会重新创建。",
        "{account} deleted its record of this return; the hub does not make it again.",
    ),
    "no_line": (
        "还没有说明要退哪些商品，无法创建退货单。",
        "The return names no line yet, so nothing can be created.",
    ),
    "no_order": (
        "还不知道属于哪个订单，无法在 {account} 创建退货单。",
        "Nobody knows the order of this return, so {account} cannot be asked to create it.",
    ),
    "no_order_number": (
        "还不知道订单号，而 {account} 只能按订单号找到订单；订单号稍后可能会到。",
        "The order's number is not known yet, and {account} finds the order by nothing else; it may still come.",
    ),
    "number_shared": (
        "{account} 只能按订单号找到订单，而 {number} 是多个订单的号码；请在 {account} 手工创建。",
        "{account} finds the order by its number, and {number} is that of several orders: create it there by hand.",
    ),
    "no_line_there": (
        "还不知道 {lines} 对应 {account} 订单的哪一行，稍后可能会到。",
        "Which line of its order {lines} belongs to is not known yet at {account}; that may still come.",
    ),
    "received_there": (
        "{account} 已经收货，不能再改为“{value:authorization}”。",
        "{account} has received goods already, so it cannot be {value:authorization} there.",
    ),
    "rest_cancelled_there": (
        "{line}：{account} 已取消未到的部分，而实际要退的更多。请在 {account} 处理。",
        "{line}: {account} cancelled what had not come there; more than that is true.",
    ),
    "ended_there": (
        "货已收到，但 {account} 的退货状态是“{value:authorization}”，无法登记收货。",
        "Goods came although the return is {value:authorization} at {account}.",
    ),
    "not_authorized_there": (
        "货已收到，但 {account} 还没有同意退货，无法登记收货。请先在 {account} 审核。",
        "Goods came and {account} has not authorized the return, so it cannot receive them.",
    ),
    "too_many_there": (
        "{line}：{account} 记为收到 {has} 件，实际 {wanted} 件；收货不能撤回，请在 {account} 更正。",
        "{line}: {account} shows {has} received and {wanted} are true; a receipt cannot be taken back.",
    ),
    "damage_differs": (
        "{line}：收到的货中有 {damaged} 件破损，{account} 记为 {has} 件。请在 {account} 更正。",
        "{line}: {damaged} of the received pieces are damaged; {account} shows {has}.",
    ),
    "which_replacement": (
        "要换出 {skus}，但没有说明各换哪一行商品。请先指定。",
        "{skus} are to be sent, and nobody says which of them for which line.",
    ),
    "no_replacement": (
        "还没有说明 {line} 要换成什么。请先指定换货商品。",
        "Nobody says yet what {line} is exchanged for.",
    ),
    "nothing_left": (
        "订单收到的款项已经退完，或即将退给另一张退换单。",
        "Everything captured on the order is refunded, or about to be, for another return.",
    ),
    "no_payment": (
        "没有已知的付款可以退回。请用其他方式退给顾客，然后在这里确认。",
        "No payment is known that it could go back on: pay the customer in some other way, and say so here.",
    ),
    "money_in_flight": (
        "同一订单的另一笔退款正在途中；等它有结果后再付款。",
        "Another refund of the same order is on its way; this one follows when its outcome is known.",
    ),
    "refund_stuck": (
        "有一笔退款被拒绝，或结果不明；人工确认之前不会再退款。",
        "A refund was refused, or its outcome is unknown: a person decides before money moves again.",
    ),
}
