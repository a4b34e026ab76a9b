"""ServiceAccounts by their exact names, for every app of the stack."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse, entries
from kusion_render.workload.pod import service_account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make a ServiceAccount for each name; `existing: true` only says that it lives elsewhere."""
    del diagnostics  # the schema has said all there is to say
    asked = entries(request.config)
    made = [
        service_account(request, name, config, place=(*request.place, name))
        for name, config in asked
        if not config.get("existing")
    ]
    existing = [("ServiceAccount", name) for name, config in asked if config.get("existing")]
    return GeneratorResponse(made, existing=existing)
