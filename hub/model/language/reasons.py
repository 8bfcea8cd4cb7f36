"""Why goods come back: two levels, in Chinese and English, with the party who is responsible.

A return line keeps what was *stated* (by the customer) and what was *found* (at inspection), each with the source's
raw word and the version of its list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    """A reason of the second level. `party` is who pays for it by default: a proposal, never a ruling."""

    group: str
    zh: str
    en: str
    party: str


GROUPS: Mapping[str, tuple[str, str]] = {
    "fit": ("尺码", "Fit"),
    "preference": ("偏好", "Preference"),
    "expectation": ("与预期不符", "Expectation"),
    "quality": ("质量", "Quality"),
    "fulfilment": ("发货", "Fulfilment"),
    "transport": ("运输", "Transport"),
    "service": ("服务及其他", "Service and other"),
}

PARTIES: Mapping[str, tuple[str, str]] = {
    "product": ("商品", "Product"),
    "customer": ("顾客", "Customer"),
    "merchant": ("商家", "Merchant"),
    "supplier": ("供应商", "Supplier"),
    "warehouse": ("仓库", "Warehouse"),
    "carrier": ("承运商", "Carrier"),
    "varies": ("视情况", "Varies"),
}

REASONS: Mapping[str, Code] = {
    "size_too_small": Code("fit", "偏小", "Too small", "product"),
    "size_too_large": Code("fit", "偏大", "Too large", "product"),
    "fit_other": Code("fit", "版型不合", "Does not fit otherwise", "product"),
    "color": Code("preference", "颜色", "Colour", "customer"),
    "style": Code("preference", "款式", "Style", "customer"),
    "changed_mind": Code("preference", "不想要(七天无理由)", "Changed mind", "customer"),
    "bracketing": Code("preference", "多件试穿", "Bought several to try", "customer"),
    "not_as_described": Code("expectation", "与描述不符", "Not as described", "merchant"),
    "missing_parts": Code("expectation", "少件", "Parts missing", "merchant"),
    "defective": Code("quality", "质量问题", "Defective", "supplier"),
    "expired": Code("quality", "过期", "Expired", "supplier"),
    "counterfeit_claim": Code("quality", "疑似假货", "Said to be counterfeit", "supplier"),
    "wrong_item": Code("fulfilment", "发错货", "Wrong item", "warehouse"),
    "late": Code("fulfilment", "延误", "Late", "warehouse"),
    "duplicate": Code("fulfilment", "重复发货", "Sent twice", "warehouse"),
    "damaged_in_transit": Code("transport", "运输破损", "Damaged in transit", "carrier"),
    "lost": Code("transport", "丢件", "Lost", "carrier"),
    "undeliverable": Code("transport", "拒收·无法投递", "Refused or undeliverable", "carrier"),
    "price_adjust": Code("service", "价保", "Price adjustment", "varies"),
    "order_error": Code("service", "拍错", "Ordered by mistake", "varies"),
    "fraud_suspected": Code("service", "疑似欺诈", "Suspected fraud", "varies"),
    "other": Code("service", "其他", "Other", "varies"),
    "unknown": Code("service", "未知", "Unknown", "varies"),
}


def known(code: str) -> bool:
    """Whether `code` is one of ours; a mapping that makes another is refused."""
    return code in REASONS
