"""An OpenSearch domain of AWS, and the variables by which the app finds it."""

from __future__ import annotations

from kusion_render.diagnostics import Place
from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten
from kusion_render.model import Patcher
from kusion_render.modules import GeneratorResponse
from kusion_render.modules.cloud import account_name, preview_name, region, report_not_rendered
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

_AWS: Final = "registry.terraform.io/hashicorp/aws/5.51.1"
_LONGEST_DOMAIN: Final = 28
_ENDPOINT: Final = "endpoint"


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the domain where somebody can take it, which else is KR353; without a region it is KR309.

    The workload gets `OPEN_SEARCH_ENDPOINT` and `OPEN_SEARCH_REGION`, the first from a Secret where others make the
    domain.
    """
    where = region(request, "aws", Place(request.place, on_key=True), diagnostics)
    if not request.context.cloud:
        return _elsewhere(request, where, diagnostics)
    # Kusion's domain is called as its app.
    name = account_name(request, request.name if request.kusion else _name(request))
    domain = request.cloud_resource(_AWS, "aws_opensearch_domain", name, _attributes(request), {"region": where})
    return GeneratorResponse([], _patcher({"value": domain.reference(_ENDPOINT)}, where), cloud=[domain])


def _name(request: GeneratorRequest) -> str:
    key = "opensearch" if request.kusion else str(request.place[-1]).lower()
    return shorten(f"{request.name}-{key}", LABEL_LENGTH)


def _patcher(endpoint: Mapping[str, Any], where: str) -> Patcher:
    return Patcher(
        environments=[{"name": "OPEN_SEARCH_ENDPOINT", **endpoint}, {"name": "OPEN_SEARCH_REGION", "value": where}]
    )


def _elsewhere(request: GeneratorRequest, where: str, diagnostics: Diagnostics) -> GeneratorResponse:
    """Return how the app finds a domain that others make: by a Secret that is theirs, too."""
    secret = _name(request)
    report_not_rendered(
        f"the OpenSearch domain `{request.config['domainName']}` and the Secret `{secret}` with its address are",
        Place((*request.place, "domainName")),
        diagnostics,
        f", or make them by other means; the Secret has the key `{_ENDPOINT}`",
    )
    source = {"valueFrom": {"secretKeyRef": {"name": secret, "key": _ENDPOINT}}}
    return GeneratorResponse([], _patcher(source, where), existing=[("Secret", secret)])


def _attributes(request: GeneratorRequest) -> dict[str, Any]:
    """Return the domain's arguments, in Kusion's form: what is not said stands as empty."""
    config = request.config
    cluster, volumes = config.get("clusterConfig") or {}, config.get("ebsOptions") or {}
    attributes: dict[str, Any] = {
        "domain_name": preview_name(request, str(config["domainName"]), _LONGEST_DOMAIN),
        "engine_version": text(config.get("engineVersion") or ""),
        "cluster_config": {"instance_type": cluster.get("instanceType") or ""},
        "ebs_options": {
            "ebs_enabled": bool(volumes.get("ebsEnabled")),
            "volume_size": volumes.get("volumeSize") or 0,
        },
    }
    if config.get("statement"):
        attributes["access_policies"] = _policies(config["statement"])
    return attributes


def _policies(statements: list[Mapping[str, Any]]) -> str:
    """Return statements as JSON without spaces, keys in Kusion's order."""
    import json

    listed = [
        {
            "effect": each["effect"],
            "principals": [
                {"type": who["type"], "identifiers": who.get("identifiers") or []}
                for who in each.get("principals") or ()
            ],
            "action": each.get("action") or [],
        }
        for each in statements
    ]
    return json.dumps(listed, separators=(",", ":"), ensure_ascii=False)
