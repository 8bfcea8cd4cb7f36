"""What is not well with an account."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "silent_polled": (
        "{account} 已有 {span}没有回应，超过 {limit}就不正常。请检查该系统和网络，或运行账号检查。",
        "{account} has not answered for {span}; more than {limit} is not usual. Look at that system and the network"
        " between, or check the account.",
    ),
    "silent_pushed": (
        "{account} 已有 {span}没有发来任何消息，超过 {limit}就不正常。"
        "请在那里查看回调是否仍然存在，或其系统是否停用了它。",
        "{account} has sent nothing for {span}; more than {limit} is not usual. See whether its webhook still stands"
        " there: systems turn off webhooks that failed for long.",
    ),
    "never_worked": (
        "{account} 建立 {span}以来没有一次调用成功。请检查该账号的地址和凭据。",
        "No call to {account} has succeeded since it was made, {span} ago. Check the account: its address and its"
        " credentials.",
    ),
    "reads_fail": (
        "{account} 有 {count} 项读取一直失败[，最近的原因：{why}]",
        "Reads from {account} that keep failing: {count}[; the last: {why}]",
    ),
    "webhooks_refused": (
        "{account} 的回调在 {since}内被拒绝 {count} 次，其间没有一次被接受；最近一次为 {status}[：{why}]",
        "Webhooks of {account} that were refused in the last {since}: {count}, and none was taken meanwhile; the last"
        " with {status}[: {why}]",
    ),
    "webhooks_some_refused": (
        "{account} 的回调在 {since}内被拒绝 {count} 次；次数很少或其他的已被接受，可能来自陌生人；"
        "最近一次为 {status}[：{why}]",
        "Webhooks of {account} that were refused in the last {since}: {count}. They are few, or others were taken"
        " meanwhile, so they may be a stranger's; the last with {status}[: {why}]",
    ),
    "writes_stuck": (
        "{account} 有 {count} 项写入被拒绝或结果不明[，最近的原因：{why}]",
        "Writes that {account} refused, or whose outcome is unknown: {count}[; the last: {why}]",
    ),
    "starving": (
        "对 {account} 的调用总在等待中枢自己的限速：最近 {count} 次。请核对清单中的速率，或暂停补读。",
        "Calls to {account} keep waiting for the hub's own budget, {count} of them lately. Compare the manifest's rates"
        " with what the system allows, or stop what reads the past.",
    ),
    "span_days": ("{count} 天", "{count} days"),
    "span_hours": ("{count} 小时", "{count} hours"),
    "span_minutes": ("{count} 分钟", "{count} minutes"),
    "span_seconds": ("{count} 秒", "{count} s"),
}
