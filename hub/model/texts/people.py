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
        "{objects}（{guest}）暂时关联到 {host}，依据：{why:weak}，尚未证实；{seconds} 秒后生效",
        "{objects} ({guest}) is taken for {host}: {why:weak}, no proof; it counts after {seconds} s",
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
        "{one} 可能与 {others} 是同一张退换单（依据：{why:weak}）。请确认是哪一张，或都不是。",
        "{one} may be the same return as {others} ({why:weak}): which of them is it, or is it none?",
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
    "no_question": ("没有编号为 {id} 的问题。", "there is no question {id}"),
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
    "not_waiting": ("第 {id} 号写入没有在等待人工处理。", "operation {id} is not waiting for a person"),
    "being_written": (
        "{numbers} 正在写入其他系统，等结果明确后再试。",
        "a write for {numbers} is under way; try again when its outcome is known",
    ),
}
