"""The simulated shop of the peer tests, made once on an empty Medusa: what it sells, where from, and its keys."""

from __future__ import annotations

from typing import Any

from tests.peers.medusa.client import Client

EMAIL, PASSWORD = "admin@shop.example", "simulated-password"
PRICES = {"SHIRT-M": 40, "SHIRT-L": 40, "SCARF": 19.99}
REASONS = {"too_small": "Too small", "damaged": "Arrived damaged", "not_as_described": "Not as described"}
STOCK = 100_000


def seed(url: str) -> dict[str, Any]:
    """Make the shop on an empty server whose admin exists; returns the facts that tests need, keys included."""
    visitor = Client(url)
    token = visitor("POST", "/auth/user/emailpass", {"email": EMAIL, "password": PASSWORD})["token"]
    visitor.close()
    admin = Client(url, {"authorization": f"Bearer {token}"})
    try:
        return _seed(admin)
    finally:
        admin.close()


def _seed(admin: Client) -> dict[str, Any]:
    def post(path: str, body: dict[str, Any]) -> Any:
        return admin("POST", f"/admin/{path}", body)

    secret = post("api-keys", {"title": "Returns Hub", "type": "secret"})["api_key"]["token"]
    public = post("api-keys", {"title": "Web", "type": "publishable"})["api_key"]
    channel = post("sales-channels", {"name": "Web"})["sales_channel"]["id"]
    post(f"api-keys/{public['id']}/sales-channels", {"add": [channel]})
    store = admin("GET", "/admin/stores")["stores"][0]["id"]
    post(f"stores/{store}", {"supported_currencies": [{"currency_code": "eur", "is_default": True}]})
    region = post(
        "regions",
        {"name": "Europe", "currency_code": "eur", "countries": ["de"], "payment_providers": ["pp_system_default"]},
    )["region"]["id"]
    rate = {"rate": 19, "name": "VAT", "code": "vat"}
    post("tax-regions", {"country_code": "de", "provider_id": "tp_system", "default_tax_rate": rate})
    location = post(
        "stock-locations",
        {"name": "Berlin", "address": {"address_1": "Lagerweg 1", "country_code": "de", "city": "Berlin"}},
    )["stock_location"]["id"]
    post(f"stock-locations/{location}/sales-channels", {"add": [channel]})
    post(f"stock-locations/{location}/fulfillment-providers", {"add": ["manual_manual"]})
    post(f"stock-locations/{location}/fulfillment-sets", {"name": "Parcels", "type": "shipping"})
    found = admin("GET", f"/admin/stock-locations/{location}", fields="*fulfillment_sets")["stock_location"]
    zones = post(
        f"fulfillment-sets/{found['fulfillment_sets'][0]['id']}/service-zones",
        {"name": "Germany", "geo_zones": [{"type": "country", "country_code": "de"}]},
    )["fulfillment_set"]["service_zones"]
    profiles = admin("GET", "/admin/shipping-profiles", type="default")["shipping_profiles"]
    profile = (profiles or [post("shipping-profiles", {"name": "Default", "type": "default"})["shipping_profile"]])[0]
    options = {
        name: post("shipping-options", _shipping_option(name, amount, is_return, zones[0]["id"], profile["id"]))
        for name, amount, is_return in (("Standard", 5, False), ("Return", 3, True))
    }
    variants = _products(admin, post, channel, profile["id"], location)
    reasons = {
        value: post("return-reasons", {"value": value, "label": label})["return_reason"]["id"]
        for value, label in REASONS.items()
    }
    return {
        "secret_key": secret,
        "publishable_key": public["token"],
        "region": region,
        "location": location,
        "shipping_option": options["Standard"]["shipping_option"]["id"],
        "return_option": options["Return"]["shipping_option"]["id"],
        "variants": variants,
        "reasons": reasons,
    }


def _shipping_option(name: str, amount: int, is_return: bool, zone: str, profile: str) -> dict[str, Any]:
    rules = [{"attribute": "is_return", "value": str(is_return).lower(), "operator": "eq"}]
    if not is_return:
        rules.append({"attribute": "enabled_in_store", "value": "true", "operator": "eq"})
    return {
        "name": name,
        "service_zone_id": zone,
        "shipping_profile_id": profile,
        "provider_id": "manual_manual",
        "price_type": "flat",
        "type": {"label": name, "description": name, "code": name.lower()},
        "prices": [{"currency_code": "eur", "amount": amount}],
        "data": {"id": "manual-fulfillment-return" if is_return else "manual-fulfillment"},
        "rules": rules,
    }


def _products(admin: Client, post: Any, channel: str, profile: str, location: str) -> dict[str, str]:
    made = {}
    for title, skus in (("Linen shirt", ("SHIRT-M", "SHIRT-L")), ("Scarf", ("SCARF",))):
        product = post(
            "products",
            {
                "title": title,
                "status": "published",
                "shipping_profile_id": profile,
                "sales_channels": [{"id": channel}],
                "options": [{"title": "Kind", "values": list(skus)}],
                "variants": [
                    {
                        "title": sku,
                        "sku": sku,
                        "manage_inventory": True,
                        "options": {"Kind": sku},
                        "prices": [{"amount": PRICES[sku], "currency_code": "eur"}],
                    }
                    for sku in skus
                ],
            },
        )["product"]
        made.update({variant["sku"]: variant["id"] for variant in product["variants"]})
    for sku in made:
        item = admin("GET", "/admin/inventory-items", sku=sku)["inventory_items"][0]["id"]
        post(f"inventory-items/{item}/location-levels", {"location_id": location, "stocked_quantity": STOCK})
    return made
