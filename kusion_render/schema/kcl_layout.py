"""Which KCL schemas there are, by file, which part of a JSON Schema each follows, and what of them is Kusion's.

Names, defaults, checks and what is required are Kusion's, as its catalogue has them, so that its users' programs run as
they stand. All else is told from the JSON Schemas by `kcl_source`. What Kusion does not require, a workspace may give, so
nothing else is required here either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final


class Definition(NamedTuple):
    """One KCL schema.

    `source` is the address of what it follows. `types`, `defaults` and `checks` are KCL. `only` leaves other fields out.
    `checked` are the fields of which KCL checks what Kusion's does, all and all of them if None: each check costs every
    program time that imports the package, and the JSON Schema says the same later. `of` is the package whose schema of the
    same name this one is, under another `_type`.
    """

    name: str
    source: str
    doc: str = ""
    required: tuple[str, ...] = ()
    types: Mapping[str, str] = {}
    defaults: Mapping[str, str] = {}
    checks: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    checked: tuple[str, ...] | None = None
    of: str = ""


def _of_service(path: str, definitions: tuple[Definition, ...]) -> tuple[Definition, ...]:
    """Return what a job shares with a service as the job's; a program with both reads it once."""
    return tuple(each._replace(of=".".join(("service", *path.split("/")[:-1]))) for each in definitions)


_WORKLOAD: Final = "workload.json#/$defs/"
_NETWORK: Final = "network.json#/$defs/"
_INGRESS: Final = "network.json#/properties/"
_HANDLER: Final = _WORKLOAD + "Probe/properties/probeHandler"
_BACKEND: Final = _NETWORK + "Backend/properties/"
_KEYS: Final = '["basic/username", "basic/password", "token/token", "certificate/tls.crt", "certificate/tls.key"]'
_TIMES: Final = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "terminationGracePeriod")
_FITS: Final = f'type in ["opaque", "external"] or "${{type}}/${{key}}" in {_KEYS}'
_HANDLERS: Final = "probe.Exec | probe.Http | {str:}"

_CONTAINER: Final = (
    Definition(
        "Container",
        _WORKLOAD + "Container",
        required=("image",),
        types={"env": "{str:str | int | bool | {str:}}"},
        checked=("env",),
    ),
    Definition(
        "FileSpec",
        _WORKLOAD + "File",
        types={"mode": "str"},
        defaults={"mode": '"0644"'},
        checked=("mode", "content"),
    ),
)
_PROBE: Final = (
    Definition(
        "Probe",
        _WORKLOAD + "Probe",
        types={"probeHandler": "Exec | Http | Tcp"},
        checked=(*_TIMES, "successThreshold", "failureThreshold"),
        checks=(
            'probeHandler or httpGet or tcpSocket or grpc or exec, "a probe needs a handler, such as `probeHandler`"',
        ),
    ),
    Definition("Exec", _WORKLOAD + "Exec", required=("command",)),
    Definition("Http", _HANDLER, "An HTTP request that succeeds.", ("url",), only=("url", "headers")),
    Definition("Tcp", _HANDLER, "A connection that opens, to HOST:PORT.", ("url",), only=("url",), checked=()),
)
_LIFECYCLE: Final = (
    Definition("Lifecycle", _WORKLOAD + "Lifecycle", types={"preStop": _HANDLERS, "postStart": _HANDLERS}),
)
_SECRET: Final = (
    Definition(
        "Secret",
        _WORKLOAD + "Secret",
        required=("type",),
        checks=(f'all key in data {{ {_FITS} }} if data, "a Secret of this type has other keys"',),
    ),
)
_SHARED_PARTS: Final = {
    "container/container.k": _CONTAINER,
    "container/probe/probe.k": _PROBE,
    "container/lifecycle/lifecycle.k": _LIFECYCLE,
    "secret/secret.k": _SECRET,
}
_TOPOLOGY: Final = (
    Definition(
        "TopologySpreadConstraint",
        _WORKLOAD + "TopologySpreadConstraint",
        required=("maxSkew", "topologyKey", "whenUnsatisfiable"),
        checked=("maxSkew", "minDomains"),
        checks=('labelSelector if matchLabelKeys, "matchLabelKeys needs labelSelector"',),
    ),
    Definition("LabelSelector", _WORKLOAD + "LabelSelector"),
    Definition(
        "LabelSelectorRequirement",
        _WORKLOAD + "LabelSelector/properties/matchExpressions/items",
        "A condition on a label.",
        ("key", "operator"),
    ),
)
_PORT: Final = {"port": "80", "protocol": '"TCP"', "public": "False"}
_INGRESSES: Final = (
    Definition("Ingress", _INGRESS + "ingress"),
    Definition("IngressBackend", _NETWORK + "Backend", checked=("service",)),
    Definition("IngressServiceBackend", _BACKEND + "service"),
    Definition("ServiceBackendPort", _BACKEND + "service/properties/port", checked=("name",)),
    Definition("TypedLocalObjectReference", _BACKEND + "resource", required=("kind", "name")),
    Definition("IngressRule", _NETWORK + "IngressRule"),
    Definition("HTTPIngressRuleValue", _NETWORK + "IngressRule/properties/http", required=("paths",)),
    Definition(
        "HTTPIngressPath",
        _NETWORK + "IngressPath",
        required=("pathType", "backend"),
        types={"pathType": '"Exact" | "Prefix" | "ImplementationSpecific"'},
    ),
    Definition("IngressTLS", _NETWORK + "IngressTls"),
    Definition("IngressClass", _INGRESS + "ingressClass"),
    Definition(
        "IngressClassParametersReference", _INGRESS + "ingressClass/properties/parameters", required=("kind", "name")
    ),
)
_MODEL: Final = {
    "system": '""',
    "template": '""',
    "top_k": "40",
    "top_p": "0.9",
    "temperature": "0.8",
    "num_predict": "128",
    "num_ctx": "2048",
}
_SHARED: Final = ("containers", "secrets", "replicas", "labels", "annotations")
_DATABASE: Final = ("type", "version")

FILES: Final[Mapping[str, tuple[Definition, ...]]] = {
    "kam/v1/app_configuration.k": (
        Definition("AppConfiguration", "app-configuration.json#", types={"workload": "any", "accessories": "{str:}"}),
    ),
    "kam/v1/workload/workload.k": (
        Definition(
            "Workload",
            _WORKLOAD + "Pod",
            required=("containers",),
            types={"containers": "{str:}", "secrets": "{str:}"},
            only=_SHARED,
            checked=("replicas",),
        ),
    ),
    "service/service.k": (Definition("Service", "service.json#", required=("containers",), checked=()),),
    "job/job.k": (Definition("Job", "job.json#", required=("containers", "schedule"), checked=()),),
    **{f"service/{path}": definitions for path, definitions in _SHARED_PARTS.items()},
    **{f"job/{path}": _of_service(path, definitions) for path, definitions in _SHARED_PARTS.items()},
    "service/topologyspreadconstraint/topologyspreadconstraint.k": _TOPOLOGY,
    "network/network.k": (
        Definition("Network", "network.json#", checked=()),
        Definition(
            "Port",
            _NETWORK + "Port",
            types={"protocol": '"TCP" | "UDP"'},
            defaults=_PORT,
            checked=("port", "targetPort"),
        ),
    ),
    "network/ingress/ingress.k": _INGRESSES,
    "monitoring/monitoring.k": (Definition("Prometheus", "monitoring.json#"),),
    "mysql/mysql.k": (Definition("MySQL", "mysql.json#", required=_DATABASE),),
    "postgres/postgres.k": (Definition("PostgreSQL", "postgres.json#", required=_DATABASE),),
    "opensearch/opensearch.k": (Definition("OpenSearch", "opensearch.json#", required=("domainName",)),),
    "inference/v1/inference.k": (
        Definition(
            "Inference",
            "inference.json#",
            required=("model", "framework"),
            types={"framework": '"Ollama" | "KubeRay"'},
            defaults=_MODEL,
            checked=("top_k", "top_p", "temperature", "num_predict", "num_ctx"),
        ),
    ),
    "opsrule/opsrule.k": (Definition("OpsRule", "opsrule.json#", defaults={"maxUnavailable": '"25%"'}),),
    "k8s_manifest/k8s_manifest.k": (
        Definition(
            "K8sManifest",
            "k8s_manifest.json#",
            checks=('paths or resources, "`paths` must name a file or a folder, or `resources` hold a manifest"',),
        ),
    ),
    "autoscaling/autoscaling.k": (Definition("Autoscaling", "autoscaling.json#"),),
    "configs/configs.k": (
        Definition("Configs", "configs.json#"),
        Definition("Config", "configs.json#/$defs/Config"),
    ),
    "disruptionbudget/disruptionbudget.k": (Definition("DisruptionBudget", "disruptionbudget.json#"),),
    "secrets/secrets.k": (
        Definition("Secrets", "secrets.json#"),
        Definition("Secret", "secrets.json#/$defs/SharedSecret"),
    ),
    "serviceaccounts/serviceaccounts.k": (
        Definition("ServiceAccounts", "serviceaccounts.json#"),
        Definition("ServiceAccount", "serviceaccounts.json#/additionalProperties"),
    ),
}
