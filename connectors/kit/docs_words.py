"""What a connector's page says in both languages: WORDS[word] = (zh, en)."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "broken": ("无法加载：{problem}", "It cannot be loaded: {problem}"),
    "about": ("`{name}`，类型：{kinds}。", "`{name}`: {kinds}."),
    "support_live": ("已对照真实系统测试。", "Tested against the real system."),
    "support_sandbox": ("已对照厂商测试环境或本项目沙箱测试。", "Tested against a test system or a sandbox."),
    "support_recorded": ("已对照录制的流量测试。", "Tested against recorded traffic."),
    "support_untested": ("尚未连接过真实系统。", "Never tried against the real system yet."),
    "auth_none": ("无需凭据。", "It wants no credentials."),
    "auth_header": ("凭据放在请求头中。", "Credentials go in a header."),
    "auth_basic": ("凭据为用户名与密码。", "Credentials are a user and a password."),
    "auth_bearer": ("凭据为令牌（Bearer）。", "Credentials are a bearer token."),
    "auth_client_credentials": ("凭据为 OAuth 2 客户端凭据。", "Credentials are OAuth 2 client credentials."),
    "auth_refresh_token": ("凭据为 OAuth 2 刷新令牌。", "Credentials are an OAuth 2 refresh token."),
    "auth_connector": ("凭据由连接器自行加入请求。", "The connector adds the credentials itself."),
    # -- settings
    "settings": ("设置", "Settings"),
    "settings_columns": ("设置|含义|在哪里找到|要求", "setting|what it is|where to find it|demands"),
    "no_settings": ("没有设置。", "None."),
    "needed": ("必填", "needed"),
    "optional": ("可留空", "may stay empty"),
    "default": ("默认 `{value}`", "default `{value}`"),
    "secret": ("保密", "secret"),
    "choices": ("可选 {words}", "one of {words}"),
    "many": ("可为列表", "a list is allowed"),
    # -- webhooks
    "webhooks": ("Webhook 推送", "Webhooks"),
    "no_webhooks": ("没有 Webhook：只轮询。", "None: the hub only polls."),
    "hook": ("接收地址：`{url}`。", "Their address: `{url}`."),
    "scheme_hmac": (
        "签名：正文的 HMAC-{digest}（{encoding}），在请求头 `{header}` 中；密钥即设置 {secret}。",
        "Signed: HMAC-{digest} of the body in {encoding}, in the header `{header}`; the key is the setting {secret}.",
    ),
    "scheme_standard": (
        "按 Standard Webhooks 签名；密钥即设置 {secret}。",
        "Signed as Standard Webhooks are; the secret is the setting {secret}.",
    ),
    "scheme_timestamped": (
        "带时间戳的签名（`t=,v1=`），在请求头 `{header}` 中；密钥即设置 {secret}。双方时钟须一致。",
        "Signed with a time (`t=,v1=`), in the header `{header}`; the key is the setting {secret}. Clocks must agree.",
    ),
    "scheme_shared": (
        "请求头 `{header}` 直接携带密钥，即设置 {secret}。",
        "The header `{header}` carries the secret itself, which is the setting {secret}.",
    ),
    "scheme_unsigned": (
        "没有签名：只作为提示，记录一律回读。",
        "Not signed: each is only a change notification, and the record is read back.",
    ),
    "scheme_connector": (
        "由连接器自行验证，详见其 README。",
        "The connector checks them itself; its README says how.",
    ),
    "prefix": ("签名前有 `{prefix}`。", "`{prefix}` stands before the signature."),
    "address": ("设置 {setting} 须填写这一地址。", "The setting {setting} has to hold it."),
    "signed_url": (
        "地址一并签名：设置 {setting} 须与在对方填写的完全一致。",
        "The address is signed, too: {setting} has to be exactly what was entered there.",
    ),
    "topics": ("可识别的事件：{topics}。", "Topics that it understands: {topics}."),
    "answer": ("应答：{status}，`{body}`。", "Answered with {status} and `{body}`."),
    "without_webhooks": ("没有 Webhook 时照样轮询，只是晚一些。", "Without them the hub polls: the same comes, later."),
    "only_webhooks": (
        "没有 Webhook 就不会主动收到消息：无法轮询。",
        "Without them nothing comes by itself: it cannot be polled.",
    ),
    "but_not": ("{streams} 只能由 Webhook 得知。", "Only {streams} cannot be polled."),
    # -- reading
    "reads": ("读取", "Streams"),
    "streams_columns": ("数据流|内容|如何得知|回读", "stream|what|how the hub hears of it|read back"),
    "feed_cursor": ("每 {every} 询问变更", "what changed, every {every}"),
    "feed_window": ("每 {every} 询问一段时间内的变更", "what changed within a window, every {every}"),
    "feed_sweep": ("每 {every} 通读所有未结束的", "all that may still move, every {every}"),
    "feed_snapshot": ("每 {every} 取一份报表", "a report, every {every}"),
    "feed_push": ("仅 Webhook", "webhooks only"),
    "feed_none": ("随其他记录而来，或单独读取", "with other records, or by itself"),
    "fetched": ("可以", "yes"),
    "fetched_again": ("可以；未结退货的每 {every} 一次", "yes; of open returns every {every}"),
    # -- writing
    "writes": ("写入", "Operations"),
    "no_writes": ("不写入任何内容。", "None: it is only read."),
    "operations_columns": (
        "操作|动用资金|幂等键保留|互斥范围",
        "operations|moves money|keys are kept|one at a time per",
    ),
    "money_no": ("否", "no"),
    "money_may": ("可能", "may"),
    "money_yes": ("是", "yes"),
    "by_return": ("退货", "return"),
    "by_order": ("订单", "order"),
    "by_account": ("账户", "account"),
    "found": (
        "应答丢失的写入最迟 {wait} 后查找，找到即不再重复。",
        "A write whose answer was lost is looked for after {wait} at most, and not repeated where it is found.",
    ),
    "not_found": (
        "应答丢失的写入无法查找：在幂等键保留期内用同一键重试。",
        "A write whose answer was lost cannot be looked for: as long as keys are kept it is repeated.",
    ),
    "written_where": ("仅在填写了设置 `{setting}` 时写入。", "It is told only where the setting `{setting}` is set."),
    # -- the rest
    "pace": ("节奏", "Pace"),
    "call": ("单次调用最长 {timeout}。", "One call takes {timeout} at most."),
    "budget": (
        "配额 `{name}`：每秒 {rate} 次，瞬时最多 {burst} 次。",
        "Budget `{name}`: {rate} calls a second, {burst} at once.",
    ),
    "zone": ("未注明时区的时间按 {zone}。", "Times that name no zone are {zone}."),
    "silence": ("{after} 没有任何消息即告警。", "Hearing nothing for {after} is worth an alert."),
    "silent": ("没有这些环节：{axes}。", "It has no notion of: {axes}."),
    "limits": ("限制（英文）", "Limits"),
}
