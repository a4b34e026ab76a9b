"""Secrets by their exact names, for every app of the stack."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse, entries
from kusion_render.workload.secret import secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make a Secret or an ExternalSecret for each name; `existing: true` only says that it lives elsewhere."""
    made = []
    existing = []
    for name, config in entries(request.config):
        if config.get("existing"):
            existing.append(("Secret", name))
            continue
        resource = secret(request, name, config, (*request.place, name), diagnostics)
        if resource is not None:
            made.append(resource)
    return GeneratorResponse(made, existing=existing)
