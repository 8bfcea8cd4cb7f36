"""What a discrepancy says: two systems disagree, or something cannot be."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "quantities_differ": (
        "按 {one} 要退 {quantity} 件，按 {other} 要退 {otherwise} 件。请核对，并更正其中一方。",
        "{one} says {quantity} come back, {other} says {otherwise}.",
    ),
    "decisions_differ": (
        "{axis:axes}结论，{one} 是“{value:axis}”，{other} 是“{otherwise:axis}”。请核对，并更正其中一方。",
        "{axis:axes}: {one} says {value:axis}, {other} says {otherwise:axis}.",
    ),
    "not_theirs_to_end": (
        "{account} 上退货“{value:axis}”，但它既不是申请方，也不负责审核。请确认是否取消；确认前不会退款。",
        "{account} says {value:axis}; it neither asked for the return nor decides on it. Say whether it is over. "
        "Until then nothing is paid on it.",
    ),
    "lines_differ": (
        "同一次操作，{one} 与 {others} 记的不是同一行商品。请核对。",
        "One event, two lines: {one} and {others} mean different goods.",
    ),
    "counts_differ": (
        "同一次操作，{one} 记 {quantity} 件，{other} 记 {otherwise} 件。请核对，并更正其中一方。",
        "One event, two counts: {one} says {quantity}, {other} says {otherwise}.",
    ),
    "amounts_differ": (
        "同一笔退款，{one} 记 {amount}，{other} 记 {otherwise}。请核对，并更正其中一方。",
        "One refund, two amounts: {one} says {amount}, {other} says {otherwise}.",
    ),
    "received_twice": (
        "{one} 和 {other} 可能把同一次收货各记了一次（共 {total} 件，应收 {expected} 件）。"
        "请确认是否同一次；确认前不会同步，也不会退款。",
        "{one} and {other} may be telling of one event twice ({total} pieces in all, {expected} expected): "
        "say whether they are the same. Until then nothing is told or paid on it.",
    ),
    "booked_by_hand": (
        "{others} 处理的 {quantity} 件无法同步到 {account}；"
        "{account} 自己又显示了 {shown} 件，可能是人工补录的同一批货。请确认是否相同；确认前不会同步，也不会退款。",
        "{account} could not be told of {quantity} pieces that {others} told of, and shows {shown} more of its own: "
        "they may be the same, booked by hand. Say whether they are. Until then nothing is told or paid on it.",
    ),
    "total_grew": (
        "{account} 现在共显示 {shown} 件，比 {others} 记录的和它自己原有的多 {quantity} 件。"
        "如果是它自己另外收到的，请确认；确认前按同一批货计，不影响其他同步。",
        "{account} shows {shown} pieces in all, {quantity} more than {others} told and it had of its own. Say whether "
        "they are pieces of its own; until then they count as the same goods, and nothing else waits for it.",
    ),
    "refunded_twice": (
        "{one}（{amount}）和 {other}（{otherwise}）可能把同一笔退款各记了一次。"
        "[如果是同一笔，还应退 {left}；][如果是两笔，还应退 {due}。]请确认；确认前不会同步，也不会退款。",
        "{one} ({amount}) and {other} ({otherwise}) may be telling of one event twice. [If it is one, {left} is still "
        "to be paid; ][if they are two, {due}. ]Say which it is. Until then nothing is told or paid on it.",
    ),
    "credited_twice": (
        "{one}（{amount}）和 {other}（{otherwise}）可能把同一笔贷项各记了一次。"
        "如果是同一笔，还应退 {left}；如果是两笔，还应退 {due}。请确认；确认前不会同步，也不会退款。",
        "{one} ({amount}) and {other} ({otherwise}) may be telling of one credit twice. If it is one, {left} is still"
        " to be paid; if they are two, {due}. Say which it is. Until then nothing is told or paid on it.",
    ),
    "unplaced": (
        "{account} 收到 {quantity} 件，但没有说明是哪一行商品，暂不计入。请在 {account} 补上。",
        "{account} reports {quantity} pieces and names no line.",
    ),
    "line_added": (
        "{account} 在退货中列入了 {line} × {quantity}，{origin_account} 并没有申请。请核对是否应退。",
        "{account} has {line} × {quantity} on the return, for which {origin_account} did not ask. See whether it is to "
        "come back.",
    ),
    "unasked": (
        "{line} 收到 {received} 件，而申请退回的是 {wanted} 件。请确认多出的货物如何处理。",
        "Of {line} {received} came and {wanted} were asked back: somebody has to say what becomes of the rest.",
    ),
    "ambiguous_line": (
        "SKU {sku} 对应多行商品，有记录没有说明是哪一行。请确认；确认前不会同步。",
        "SKU {sku} is on several lines and a record names it without saying which.",
    ),
    "unmatched_line": (
        "{account} 订单中的 {line} 可能对应店铺订单的多行。请确认是哪一行；确认前不会同步。",
        "{line} of {account}'s order may be one of several lines that the shop sold: say which.",
    ),
    "shared_number": (
        "订单号 {number} 在 {account} 对应多个订单（{ids}），记录只写了号码。请选择；确认前不会同步或退款。",
        "{account} has several orders {number} ({ids}), and a record names no more than that: say which one it is.",
    ),
    "earlier_parcel": (
        "{account} 报告的单号 {number} 停留在 {at}，早于这张退换单：是更早使用同一单号的包裹，不计入。",
        "What {account} tells of {number} is of {at}, long before this return: another parcel had that number.",
    ),
    "doubled": (
        "{account} 为这一张退换单建了 {count} 条记录（{stream:record} {ids}）。"
        "请在 {account} 只保留一条，或在这里拆分。",
        "{account} has {count} records ({stream:record} {ids}) of this one return: keep one there, or split it here.",
    ),
    "gone": (
        "{account} 中的 {stream:record} {object} 已不存在[，上面记有{held:event}]。请确认是否误删。",
        "{account} says that {stream:record} {object} does not exist any more[; it held: {held:event}].",
    ),
    "unread": (
        "{account} 的 {stream:record} {object} 最新内容无法读取，本单显示的可能是旧内容。"
        "请在“无法理解”页查看原因，修正后重放。",
        "The newest record of {stream:record} {object} at {account} cannot be read, so what stands here of it may "
        "be old. The page Not understood says why: mend that, then replay it.",
    ),
    "unread_money": (
        "{account} 的 {stream:record} {object} 最新内容无法读取，其中可能记有退款；本单还应退 {due}。"
        "请在“无法理解”页查看并修正，或到 {account} 核实其中没有退款；确认前不会退款。",
        "The newest record of {stream:record} {object} at {account} cannot be read, and it may tell of a refund; {due}"
        " is to be paid here. Mend it on the page Not understood, or look at {account} and say that it tells of none:"
        " until then nothing is paid.",
    ),
    "never_given": (
        "{account} 的 {stream:record} {object} 写的退货单号 {number} 从未在此发放，不起作用。"
        "请在 {account} 更正，或在这里手工关联。",
        "{stream:record} {object} at {account} names {number}, which was never given out here, so it binds nothing: "
        "mend the number in {account}, or link the return here.",
    ),
    "left_out": (
        "{account} 的 {stream:record} {object} 中有一行无法读取，已跳过：{row}。其余内容照常计入。"
        "请在 {account} 更正该行。",
        "A row of {stream:record} {object} at {account} cannot be read and is left out: {row}. The rest counts. Mend "
        "that row in {account}.",
    ),
    "left_out_money": (
        "{account} 的 {stream:record} {object} 中有一行无法读取，已跳过：{row}。其余内容照常计入，"
        "在此之前不会退款。请在 {account} 更正该行，或确认它不计入。",
        "A row of {stream:record} {object} at {account} cannot be read and is left out: {row}. The rest counts; "
        "nothing is paid meanwhile. Mend that row in {account}, or say that it does not count.",
    ),
    "parcel_lost": (
        "{account} 报告退货包裹 {number} 已丢失；尚未收到：{lines}。"
        "请向承运商索赔，并决定是否给顾客退款；系统不会自动退款。",
        "{account} says that parcel {number} is lost; not here yet: {lines}. Claim it from the carrier, and decide "
        "about the customer's money: nothing is paid by itself.",
    ),
    "over_return": (
        "申请退回 {quantity} 件，但订单的这行商品只剩 {granted} 件可退。请核对是否与其他退换单重复。",
        "{quantity} pieces are to come back, only {granted} of the order line are left for it.",
    ),
    "incomplete_kit": (
        "套装分件寄回，还没有收齐。请等齐后再处理，或联系顾客补寄。",
        "A kit came back in pieces and not all of them are here.",
    ),
    "over_disposed": (
        "已处置 {put} 件，但只收到 {received} 件。请核对收货和处置记录。",
        "{put} pieces were put away and only {received} were received.",
    ),
    "sums_differ": (
        "按 {one} 应退 {amount}，按 {other} 应退 {otherwise}。请核对，并更正其中一方。",
        "{one} owes {amount}, {other} says {otherwise}.",
    ),
    "exchange_sum": (
        "{account} 开了 {credited} 的贷项凭证，同时发出价值 {worth} 的换货。请确认实际退给顾客多少；确认前不会退款。",
        "{account} credits {credited} and sends goods worth {worth} instead: say what of it goes back in money. "
        "Until then nothing is paid.",
    ),
    "above_captured": (
        "应退 {due}，但订单上只剩 {refundable} 可退。差额请另行处理。",
        "{due} are owed and only {refundable} can still be paid on the order.",
    ),
    "over_refunded": (
        "已退 {gone}（含退款中），超过应退的 {agreed}。请核对是否重复退款。",
        "{gone} went back, {agreed} were agreed.",
    ),
    "unallocated_refund": (
        "{what}，没有说明是否属于本单。如果属于本单，还应退 {left}；如果不属于本单，还应退 {due}。"
        "请确认；确认前不会退款。",
        "{what}, and nothing says whether it was for this return. If it was, {left} is still to be paid; if it was for"
        " something else, {due}. Say which it was; until then nothing is paid.",
    ),
    "unallocated_refund_early": (
        "{what}，没有说明是否属于本单。请确认；确认前不会退款。",
        "{what}, and nothing says whether it was for this return: say whether it was. Until then nothing is paid"
        " on it.",
    ),
    "back_on_the_order": (
        "{account} 在订单上退了 {amount}[（写明属于退货 {named}，但这里没有该退货）]",
        "{account} paid back {amount} on the order[, for its return {named}, which is not known here]",
    ),
    "back_for_one_that_is_over": (
        "{account} 为已结束的 {number} 退了 {amount}",
        "{account} paid back {amount} for {number}, which is over",
    ),
    "back_as_change": (
        "{account} 说订单上的实收比原来少 {amount}（可能已退给顾客）",
        "{account} tells of {amount} less that was taken for the order than it once did (given back, perhaps)",
    ),
    "back_through_the_bank": (
        "顾客的银行从 {account} 的付款中扣回了 {amount}（拒付）",
        "The customer's bank took back {amount} of a payment at {account} (a chargeback)",
    ),
    "refund_came_back": (
        "{account} 的退款 {amount} {state:came_back}。如果顾客已用其他方式拿到这笔钱，还应退 {left}；"
        "如果没有，还应退 {due}。请确认是否重新退款；确认前不会退款。",
        "The refund of {amount} at {account} {state:came_back}. If the customer has that money in some other way, "
        "{left} is still to be paid; if not, {due}. Say whether to pay it again; until then nothing is paid.",
    ),
    "credit_paid": (
        "{account} 的贷项凭证 {number} 已结清，却没有 {amount} 的退款记录：可能已从那里付给顾客，也可能只是账上冲抵。"
        "如果顾客已经拿到，还应退 {left}；如果没有，还应退 {due}。请确认；确认前不会退款。",
        "Credit note {number} of {account} is paid there, and no refund of {amount} is known: the money may have gone "
        "from there, or the note is only balanced in the books. If the customer has it, {left} is still to be paid; "
        "if not, {due}. Say which it was; until then nothing is paid.",
    ),
    "provisional": (
        "{objects} 暂时关联到本单（依据：{why:basis}），尚未证实。人工确认后生效；等待期内没有其他可能，也会生效。",
        "{objects} is taken for this return because of {why:basis}, without proof. It counts once a person confirms "
        "it, or once it has stood alone for its settle time.",
    ),
    "which_of_them": (
        "可能与 {others} 是同一张退换单。请确认是哪一张，或都不是；确认前不会在其他系统创建，也不会退款。",
        "It may be the same return as {others}: say which of them it is, or that it is none. "
        "Until then nothing is created or paid on it.",
    ),
    "other_currency": (
        "{account} 的{event:event} {id} 币种是 {currency}，本单是 {ours}；不同币种的金额不会相加。请核对。",
        "{event:event} {id} of {account} is in {currency}, the return is in {ours}; "
        "amounts in two currencies are never added.",
    ),
}
