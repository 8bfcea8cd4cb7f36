"""What became of telling an account: the progress guard's reasons, unknown outcomes, and their lines in the journal."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "money_not_shown": (
        "对方答复已完成，但它的记录里看不到；为避免重复付款，不会再次发送，请人工确认",
        "it was answered as done and their records do not show it: money is never sent twice on a guess",
    ),
    "done_often": (
        "一天内已执行 {count} 次，对方始终没有生效，请人工查看",
        "it was done {count} times within a day and is not there; a person has to look",
    ),
    "done_before": (
        "执行过但没有生效，会隔更长时间再试",
        "it was done before and did not stick; tried again with growing waits",
    ),
    "over_budget": (
        "{account} 的调用频率有上限，轮到时再通知",
        "{account} is called no faster than its budget allows; it is told when its turn comes",
    ),
    "not_found_yet": (
        "没有收到答复，对方那里也还没有找到，会再查一次",
        "no answer, and not found there yet; it is looked for once more",
    ),
    "looked_twice": (
        "查了两次都没有找到；为避免重复付款，不会再次发送",
        "looked twice and did not find it; money is never sent twice on a guess",
    ),
    "cannot_look": (
        "这个系统无法查询是否已经执行",
        "this system offers no way to find out whether it was done",
    ),
    "unknown_outcome": (
        "{account}：{number} 的“{operation:operation}”结果不明：{why}。请到 {account} 查看，再在这里答复。",
        "{account}: {operation:operation} for {number} has an unknown outcome: {why}. Look there, then say.",
    ),
    "told": (
        "已告知 {account}：{operation:operation}[（{detail}）]",
        "told {account}: {operation:operation}[ ({detail})]",
    ),
    "told_in_part": (
        "已告知 {account}：{operation:operation}（部分完成，其余稍后继续）",
        "told {account}: {operation:operation}, in part; what is left of it follows",
    ),
    "refusal": (
        "{account} 拒绝了“{operation:operation}”：{message}",
        "{account} refused {operation:operation}: {message}",
    ),
    "no_answer": (
        "{account} 没有答复“{operation:operation}”（{message}），稍后会查询结果",
        "{account}: no answer to {operation:operation} ({message}); it will be looked for",
    ),
    "no_effect": (
        "{account}：“{operation:operation}”没有生效；{why}",
        "{account}: {operation:operation} has no effect there; {why}",
    ),
    "ask_no_effect": ("{number}：{said}", "{number}: {said}"),
}
