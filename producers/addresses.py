"""Addresses somebody sends us to: checked more strictly than those an operator types."""

from adapters import chosen
from adapters.rest.vendor import Vendor
from infra.vendor_urls import VendorUrls
from producers.doors import Door


def addresses(
    door: Door, vendor: Vendor, base_url: str | None, token_url: str | None
) -> tuple[str | None, str | None]:
    """Both as they may be stored, or one sentence that says which may not."""
    told = door.ports.urls.get(vendor.name, VendorUrls())
    rules = chosen.Reach(
        vendor=vendor,
        told=told,
        is_production=door.ports.is_production,
        is_guarded=bool(door.ports.presets.get(vendor.name)),
    )
    return rules.address(base_url, what="base_url"), rules.address(token_url, what="token_url")
