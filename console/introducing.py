"""What a person types to connect a simulated practice, told at the terminal it is played at."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from adapters.rest.vendor import Vendor
from console import output
from console.truth import Simulator

WIDTH = 18


def introduce(vendor: Vendor, described: Mapping[str, Any]) -> None:
    """Addresses, sites, credentials and pairing codes, in the words of the wizard."""
    told = "\n".join([*_lines(vendor, described), "", "Stop with Ctrl-C."])
    output.err().print(told, markup=False, soft_wrap=True)


def _lines(vendor: Vendor, described: Mapping[str, Any]) -> Iterator[str]:
    simulator = Simulator(described["url"])
    yield f"Connect it in the wizard, or with 'pms-sync connections add {vendor.name}':"
    yield from _facts(
        {"API address": described["base_url"], "Token address": described.get("token_url")}
    )
    if "app_key" in described:
        yield "  For its marketplace (/setup/sikka), start the service with:"
        yield f"    export SIKKA_APP_ID={described['app_id']} SIKKA_APP_KEY={described['app_key']}"
        yield f"    export SIKKA_BASE_URL={described['base_url']}"
    for tenant in described["tenants"]:
        site = str(tenant["tenantId"])
        yield ""
        yield f"  {tenant.get('tenantName') or site}"
        yield from _practice(vendor, simulator, site)


def _practice(vendor: Vendor, simulator: Simulator, site: str) -> Iterator[str]:
    credentials = simulator.credentials(site)
    labels = {**vendor.secrets, **vendor.settings}
    yield from _facts({vendor.site_label.partition(" (")[0].rstrip(","): site})
    yield from _facts({key: credentials.get(key) for key in labels})
    if vendor.pairing is not None:
        yield from _facts({"Pairing code": simulator.pairing_code(site)})
        where = httpx.URL(f"{simulator.url}/_sim/pairing-code", params={"tenant": site})
        yield f"    The code works once; another: curl -s '{where}'"


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in facts.items():
        if value is not None:
            yield f"    {name:<{WIDTH}} {value}"
