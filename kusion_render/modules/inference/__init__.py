"""A language model that the app can ask: Ollama beside it, and the variable by which the app finds it."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.generator import NAME_LABEL
from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten
from kusion_render.model import Patcher
from kusion_render.modules import GeneratorResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

NO_FRAMEWORK: Final = Rule("KR360", "no-such-framework")
EARLY_END: Final = Rule("KR361", "early-end-of-text")

_OLLAMA: Final = "ollama/ollama"
_PROXY: Final = "kangy126/proxy"  # Kusion's; it has neither a tag nor a source of its own
_PORT: Final = 11434
_PROXY_PORT: Final = 5000
_FOLDER: Final = "/root/.ollama"
_QUOTES: Final = '"""'
_VARIABLE: Final = "INFERENCE_URL"
_DEFAULTS: Final = {"top_k": 40, "top_p": 0.9, "temperature": 0.8, "num_predict": 128, "num_ctx": 2048}
_FRACTIONS: Final = ("top_p", "temperature")


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make Ollama with the model, in `kusion` mode also Kusion's proxy before it; the workload gets `INFERENCE_URL`.

    Any other framework is KR360, as in Kusion, whose schema has `KubeRay` all the same. KR361 is a text with what ends
    texts in a Modelfile.
    """
    config = request.config
    if config["framework"].lower() != "ollama":
        diagnostics.report(
            NO_FRAMEWORK,
            f"nothing here runs a model on `{config['framework']}`",
            Place((*request.place, "framework")),
            help="say `framework: Ollama`; Kusion makes nothing else either",
        )
        return GeneratorResponse([])
    for field in ("system", "template"):
        if _QUOTES in config.get(field, ""):
            diagnostics.report(
                EARLY_END,
                f"`{field}` holds three double quotes in a row, which end it in a Modelfile",
                Place((*request.place, field)),
                help="write it with other quotes",
            )
    if request.kusion:
        request.refuse(("image",), "model in `kusion` mode", diagnostics)
        return _as_kusion(request)
    return _beside(request)


def _beside(request: GeneratorRequest) -> GeneratorResponse:
    """Return Ollama under labels of its own: the app's Services must not find its pods."""
    name = shorten(f"{request.app}-{str(request.place[-1]).lower()}", LABEL_LENGTH)
    model = request.config["model"]
    container = {
        "name": "ollama",
        "image": request.config.get("image") or _OLLAMA,
        "command": ["/bin/sh", "-c", _script(request, "printf %s", "until ollama list; do sleep 1; done")],
        "ports": [{"name": "http", "containerPort": _PORT, "protocol": "TCP"}],
        # The server answers long before it has the model.
        "readinessProbe": {"exec": {"command": ["ollama", "show", model]}, "periodSeconds": 10, "timeoutSeconds": 5},
        "volumeMounts": [{"name": "models", "mountPath": _FOLDER}],
    }
    own = {NAME_LABEL: name}
    labels = {**request.labels, **own}
    pod = {"containers": [container], "volumes": [{"name": "models", "emptyDir": {}}]}
    template = {"metadata": {"labels": {**request.app_labels, **labels}}, "spec": pod}
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    made = [
        request.resource("v1", "Service", name, {"spec": {"selector": labels, "ports": ports}}, labels=own),
        request.resource("apps/v1", "Deployment", name, {"spec": deployment}, labels=own),
    ]
    return GeneratorResponse(made, Patcher(environments=[{"name": _VARIABLE, "value": f"http://{name}"}]))


def _as_kusion(request: GeneratorRequest) -> GeneratorResponse:
    """Return Kusion's four objects; their names are fixed, so a project has room for one model."""
    service, proxy = "ollama-infer-service", "proxy-infer-service"
    storage = "ollama-infer-storage"
    ollama = {
        "name": "ollama-infer-container",
        "image": _OLLAMA,
        "command": ["/bin/sh", "-c", _script(request, "echo", "sleep 5")],
        "ports": [{"name": "ollama-port", "containerPort": _PORT}],
        "volumeMounts": [{"name": storage, "mountPath": _FOLDER}],
    }
    before = {
        "name": "proxy-infer-container",
        "image": _PROXY,
        "ports": [{"name": "proxy-port", "containerPort": _PROXY_PORT}],
        "env": [{"name": "MODEL", "value": request.config["model"]}, {"name": "FRAMEWORK_URL", "value": service}],
    }
    made = [
        _deployment(request, "ollama", {"containers": [ollama], "volumes": [{"name": storage, "emptyDir": {}}]}),
        _service(request, "ollama", service, _PORT),
        _deployment(request, "proxy", {"containers": [before]}),
        _service(request, "proxy", proxy, _PROXY_PORT),
    ]
    return GeneratorResponse(made, Patcher(environments=[{"name": _VARIABLE, "value": proxy}]))


def _deployment(request: GeneratorRequest, part: str, pod: Mapping[str, Any]) -> Resource:
    labels = {"accessory": part}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return request.resource("apps/v1", "Deployment", f"{part}-infer-deployment", {"spec": spec}, bare=True)


def _service(request: GeneratorRequest, part: str, name: str, target: int) -> Resource:
    labels = {"accessory": part}
    spec = {"type": "ClusterIP", "selector": labels, "ports": [{"port": 80, "targetPort": target}]}
    return request.resource("v1", "Service", name, {"spec": spec}, labels=labels, bare=True)


def _script(request: GeneratorRequest, write: str, wait: str) -> str:
    """Return what the container runs: a server, and once it answers, the model made by a Modelfile.

    Kusion writes with `echo`, which changes texts with backslashes, and hopes that five seconds are enough.
    """
    modelfile = _modelfile(request).replace("'", "'\\''")  # Kusion forgets it, and the shell would go astray
    steps = [
        f"{write} '{modelfile}' > Modelfile",
        "ollama serve & OLLAMA_SERVE_PID=$!",
        wait,
        f"ollama create {request.config['model']} -f Modelfile",
        "wait $OLLAMA_SERVE_PID",
    ]
    return " && ".join(steps)


def _modelfile(request: GeneratorRequest) -> str:
    config = request.config
    lines = [f"FROM {config['model']}"]
    if config.get("system"):
        lines.append(f"SYSTEM {_QUOTES}{config['system']}{_QUOTES}")
    if config.get("template"):
        # Kusion closes it with one quote more.
        lines.append(f"TEMPLATE {_QUOTES}{config['template']}{_QUOTES}" + ('"' if request.kusion else ""))
    for name, default in _DEFAULTS.items():
        value = config.get(name, default)
        lines.append(f"PARAMETER {name} {value:.6f}" if name in _FRACTIONS else f"PARAMETER {name} {value}")
    return "\n".join(lines) + "\n"
