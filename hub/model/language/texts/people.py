"""What was decided of returns, by people or by what is known, as the journal tells it; why something cannot be now."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "linked": ("{by}：{other} 与 {one} 是同一张退换单", "{by}: {other} is the same return as {one}"),
    "same_key": (
        "{other} 与 {one} 是同一张退换单：同一个编号同时指向两者",
        "{other} is the same return as {one}: a strong key names both",
    ),
    "same_answer": (
        "{other} 与 {one} 是同一张退换单：{account} 回复的正是 {other} 名下的记录",
        "{other} is the same return as {one}: {account} answered with what was held under it",
    ),
    "taken_for": (
        "{objects}（{guest}）暂时关联到 {host}，依据：{why:basis}，尚未证实；{seconds} 秒后生效",
        "{objects} ({guest}) is taken for {host}: {why:basis}, no proof; it counts after {seconds} s",
    ),
    "proven": (
        "暂时的关联现已由编号证实",
        "what was bound without proof is now named by a strong key",
    ),
    "confirmed": ("{by}：确认暂时的关联无误", "{by}: what was bound without proof does belong here"),
    "does_not_hold": (
        "{objects} 恢复为 {guest}：与 {host} 的暂时关联不成立",
        "{objects} is {guest} again: it was bound to {host} without proof, and that does not hold",
    ),
    "may_be_same": (
        "{one} 可能与 {others} 是同一张退换单（依据：{why:basis}）。请确认是哪一张，或都不是。",
        "{one} may be the same return as {others} ({why:basis}): which of them is it, or is it none?",
    ),
    "kept_apart": ("{by}：{question} 不是同一件事", "{by}: {question} - they are different"),
    "split_off": ("{by}：{objects} 属于 {new}，不属于 {old}", "{by}: {objects} belong to {new}, not to {old}"),
    "tell_again": ("{by}：再次告知 {account}", "{by}: tell {account} again"),
    "dealt_with": (
        "{by}：“{operation:operation}”已人工处理[：{note}]",
        "{by}: {operation:operation} is dealt with[: {note}]",
    ),
    "erased": ("{by}：个人资料已删除", "{by}: personal data was erased"),
    "privacy": (
        "{account} 要求：{asks:asked}[；顾客 {customer}][；订单 {orders}]。最迟 {due} 完成。",
        "{account} asks: {asks:asked}[; customer {customer}][; orders {orders}]. To be done by {due}.",
    ),
    "stuck": (
        "系统自身做不到：{work:work}，{account} 的 {key}。原因：{why}。有新消息时会再试一次，您也可以让它再试；"
        "系统日志中有详情。若记录并无异常，这是系统的缺陷，请报告。",
        "{work:work} {key} of {account} fails in the hub itself: {why}. It is tried once more when something new comes,"
        " or when you have it tried; the log says more. If nothing is wrong with the record, it is a fault of the hub:"
        " please report it.",
    ),
    "no_install": (
        "{account} 不能在网页上安装：该系统不提供，或账户缺少客户端编号和密钥，或已填写令牌。",
        "{account} is not installed on a page: its system offers none, or the account lacks client id and secret, or it"
        " has a token of its own",
    ),
    "install_stale": (
        "这次返回与在此浏览器中发起的安装对不上，或已超过十分钟，或已用过。请重新安装。",
        "this answer belongs to no installation that was begun in this browser within the last ten minutes, or it was"
        " used before; begin again",
    ),
    "install_forged": (
        "这次返回不可信，未采用。原因：{why}",
        "this answer is not believed, nothing was changed: {why}",
    ),
    "install_denied": (
        "{account} 没有授权。原因：{why}。请在该系统中同意后重新安装。",
        "{account} was not granted ({why}); begin again, and agree over there",
    ),
    "install_refused": (
        "{account} 没有换到令牌。原因：{why}。请重新安装。",
        "{account} gave no token for the code ({why}); begin again",
    ),
    "answered": ("{by}：{question} → {choice:choice}[：{what}]", "{by}: {question} -> {choice:choice}[: {what}]"),
    "asked_again": (
        "{number} 已拆分：之前对“{kind:discrepancy}”的回答是对两者一起说的，需要重新回答",
        "{number} was parted: what was answered to {kind:discrepancy} was said of both together, and is asked again",
    ),
    "answer_back": (
        "{by}：收回对“{kind:discrepancy}”的回答（{choice:choice}[：{what}]）",
        "{by}: takes back what was answered to {kind:discrepancy} ({choice:choice}[: {what}])",
    ),
    "no_such_question": (
        "{number} 没有编号为 {question} 的问题：可能已经回答，或情况有变。请看它的最新记录。",
        "{number} has no question {question}: it was answered, or things have changed. Look at the return again.",
    ),
    "no_such_choice": ("“{answer}”不是可选的回答。可选：{offered}", "“{answer}” is none of its answers: {offered}"),
    "no_such_answer": (
        "{number} 没有编号为 {act} 的回答可以收回。",
        "{number} has no answer {act} that could be taken back",
    ),
    "no_question": (
        "没有编号为 {id} 的待回答问题：可能已有人回答，或它已自行解决；复核列表中是仍待回答的问题。",
        "there is no question {id} that this answers: somebody may have answered it, or it has settled itself;"
        " the review queue lists what is open",
    ),
    "no_link": (
        "第 {id} 条记录不是合并，不能撤销：只有合并可以撤销，拆分要用合并来恢复。",
        "entry {id} is no link; only links can be undone, a split is undone by a link",
    ),
    "no_such_return": ("没有退换单 {numbers}。", "there is no return {numbers}"),
    "moved_on": (
        "{other} 已不属于 {host}，请看它的最新记录。",
        "{other} does not belong to {host} any more; look at the newest lines of its story",
    ),
    "nothing_weak": ("{number} 没有待确认的关联。", "nothing is bound to {number} without proof"),
    "no_such_row": ("{number} 与 {account} 没有关系。", "{number} has nothing to do with {account}"),
    "not_waiting": (
        "第 {id} 号写入没有在等待人工处理：可能已有人回答，或它的结果已经读到。",
        "operation {id} is not waiting for a person: somebody may have answered, or its effect was read meanwhile",
    ),
    "answer_first": (
        "{account} 显示的货可能就是这些：请先回答 {number} 上的问题（是否人工补录），再重新告知。",
        "what {account} shows may be these very goods: first answer the question on {number} (booked by hand?), then "
        "have it told again",
    ),
    "being_written": (
        "{numbers} 正在写入其他系统，等结果明确后再试。",
        "a write for {numbers} is under way; try again when its outcome is known",
    ),
}
