"""ServiceAccounts by their exact names, for every app of the stack."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse, entries
from kusion_render.workload.account import account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make a ServiceAccount and its rights for each name; one that is `existing` lives elsewhere, and may get rights."""
    del diagnostics  # the schema has said all there is to say
    asked = entries(request.config)
    made = [resource for name, config in asked for resource in account(request, name, config, (*request.place, name))]
    existing = [("ServiceAccount", name) for name, config in asked if config.get("existing")]
    return GeneratorResponse(made, existing=existing)
