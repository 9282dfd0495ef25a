"""The PMSs a practice may be connected to, and what each of them needs."""

from typing import Annotated

from fastapi import APIRouter, Depends

from adapters import pms
from adapters.pms_to_come import COMING_SOON
from adapters.rest.vendor import Vendor
from domain.people import Permission
from producers.answers import CapabilitiesAnswer, VendorAnswer, Vendors
from producers.doors import Door, door
from producers.vendors import offered

router = APIRouter(prefix="/api/pms/vendors", tags=["connections"])


@router.get("", summary="List the PMSs that can be connected")
def read(door: Annotated[Door, Depends(door(Permission.SEE_STATUS))]) -> Vendors:
    """Those at hand, then those to come; a key of `preset_secrets` need not be asked for."""
    known = [_vendor(one, door) for one in sorted(offered().values(), key=lambda one: one.title)]
    soon = [
        VendorAnswer(name=name, title=title, available=False, coming_soon=True)
        for name, title in COMING_SOON.items()
        if name not in pms.registered()
    ]
    return Vendors(vendors=[*known, *soon])


def _vendor(vendor: Vendor, door: Door) -> VendorAnswer:
    return VendorAnswer(
        name=vendor.name,
        title=vendor.title,
        available=True,
        coming_soon=False,
        docs=vendor.docs,
        site_label=vendor.site_label,
        site_required=vendor.pairing is None,
        secrets=dict(vendor.secrets),
        preset_secrets=sorted(door.ports.presets.get(vendor.name, {})),
        pairing=vendor.pairing is not None,
        settings=dict(vendor.settings),
        telehealth=vendor.capabilities.telehealth,
        capabilities=CapabilitiesAnswer.of(vendor),
    )
