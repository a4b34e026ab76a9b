"""ConfigMaps by their exact names, for every app of the stack."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse, entries
from kusion_render.text import texts
from kusion_render.workload.files import load_files
from kusion_render.workload.pod import object_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make a ConfigMap for each name; `existing: true` only says that it lives elsewhere."""
    del diagnostics  # the schema has said all there is to say
    made = []
    existing = []
    for name, config in entries(request.config):
        if config.get("existing"):
            existing.append(("ConfigMap", name))
            continue
        data: dict[str, Any] = {**texts(config.get("data")), **load_files(config, request.context.contents)}
        fields: dict[str, Any] = dict(object_data(data))
        if config.get("immutable"):
            fields["immutable"] = True
        made.append(
            request.resource(
                "v1",
                "ConfigMap",
                name,
                fields,
                labels=texts(config.get("labels")),
                annotations=texts(config.get("annotations")),
                place=(*request.place, name),
            )
        )
    return GeneratorResponse(made, existing=existing)
