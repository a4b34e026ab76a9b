"""What `mysql` and `postgres` have in common: a database beside the app, or one in a cloud, and how the app finds it."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.generator import NAME_LABEL, GeneratorResponse
from kusion_render.kubernetes.limits import LABEL_LENGTH, PORT_NAME_LENGTH, shorten
from kusion_render.model import Patcher
from kusion_render.modules.cloud import NO_PLATFORM, report_not_rendered
from kusion_render.text import text
from kusion_render.workload.secret import check_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.generator import GeneratorRequest
    from kusion_render.model import Resource

NO_PASSWORD: Final = Rule("KR354", "no-password")

_SIZE: Final = 10
_OF_CLOUD: Final = ("cloud", "instanceType")
# The keys of the Secret by which an app finds its database, and what their variables are called, in Kusion's order.
_KEYS: Final = {"hostAddress": "HOST", "username": "USERNAME", "password": "PASSWORD"}


class Engine:
    """A kind of database: its name, which is its image's too, its port, the folder of its data and its usual user.

    `title` is what Alibaba Cloud calls it. `user`, `password` and `database` are the variables that its image reads, `settings` further ones with their values.
    One that has a `root` variable reads the password of the user `root` from that.
    """

    __slots__ = ("database", "folder", "name", "password", "port", "root", "settings", "title", "user", "username")

    def __init__(
        self,
        name: str,
        title: str,
        *,
        port: int,
        folder: str,
        username: str,
        variables: tuple[str, str, str],
        root: str = "",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.name: Final = name
        self.title: Final = title
        self.port: Final = port
        self.folder: Final = folder
        self.username: Final = username
        self.user, self.password, self.database = variables
        self.root: Final = root
        self.settings: Final = settings or {}


def generate(engine: Engine, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the database of `type: local`, or that of `type: cloud` where somebody can take it, which else is KR353.

    In both cases the workload gets variables for its host, user and password. A cloud database without what the platform
    must say is KR309, natively a local one without a `passwordSecret` KR354.
    """
    config = request.config
    cloud = config["type"] == "cloud"
    if cloud or request.kusion:
        kind = "database of `type: cloud`" if cloud else "database in `kusion` mode"
        request.refuse(("passwordSecret",), kind, diagnostics)
    if cloud:
        return _cloud(engine, request, diagnostics)
    if request.kusion:
        return _as_kusion(engine, request, diagnostics)
    return _local(engine, request, diagnostics)


def _name(engine: Engine, request: GeneratorRequest) -> str:
    given = request.config.get("databaseName")
    if given:
        return str(given)
    if request.kusion:
        return f"{request.name}-{engine.name}"
    return shorten(f"{request.app}-{str(request.place[-1]).lower()}", LABEL_LENGTH)


def _username(engine: Engine, request: GeneratorRequest) -> str:
    return str(request.config.get("username") or engine.username)


def _patcher(name: str, sources: Mapping[str, Mapping[str, Any]]) -> Patcher:
    """Return the variables of an app; `sources` has their values by the keys of `_KEYS`."""
    suffix = name.upper().replace("-", "_")
    return Patcher(
        environments=[{"name": f"KUSION_DB_{_KEYS[key]}_{suffix}", **source} for key, source in sources.items()]
    )


def _from_secret(name: str, key: str) -> dict[str, Any]:
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _of_secret(name: str, secret: str) -> Patcher:
    return _patcher(name, {key: _from_secret(secret, key) for key in _KEYS})


def _cloud(engine: Engine, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Return the cloud's resources and the Secret by which the app finds them, or how it finds what others make."""
    name = _name(engine, request)
    secret = f"{name}-{engine.name}" if request.kusion else name
    patcher = _of_secret(name, secret)
    missing = [field for field in _OF_CLOUD if not request.config.get(field)]
    for field in missing:
        diagnostics.report(
            NO_PLATFORM,
            f"a cloud database needs the platform's `{field}`",
            Place((*request.place, "type")),
            help=f"set `modules.{engine.name}.configs.default.{field}` in the workspace",
        )
    if missing:
        return GeneratorResponse([], patcher)
    if not request.context.cloud:
        report_not_rendered(
            f"the {request.config['cloud']} database `{name}` and its Secret `{secret}` are",
            Place((*request.place, "type")),
            diagnostics,
            f", or make them by other means; the Secret has the keys {', '.join(f'`{key}`' for key in _KEYS)}",
        )
        return GeneratorResponse([], patcher, existing=[("Secret", secret)])
    from kusion_render.modules.cloud_database import make

    size = request.config.get("size") or _SIZE
    made, values = make(engine, request, (name, secret), _username(engine, request), size, diagnostics)
    found = request.resource("v1", "Secret", secret, {"stringData": values}, bare=request.kusion)
    return GeneratorResponse([found], patcher, cloud=made)


def _local(engine: Engine, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Return a StatefulSet and its Service, under labels of their own: the app's Services must not find its pods."""
    name = _name(engine, request)
    secret, _, key = request.config.get("passwordSecret", "").partition("/")
    if not secret:
        diagnostics.report(
            NO_PASSWORD,
            f"the database `{name}` has no password",
            Place(request.place, on_key=True),
            help="refer to one with `passwordSecret: NAME/KEY`; one made up here would stand in Git",
        )
    password = _from_secret(secret, key)
    own = {NAME_LABEL: name}
    selector = {**request.labels, **own}
    service = {"selector": selector, "ports": [{"name": engine.name, "port": engine.port, "protocol": "TCP"}]}
    made = [
        request.resource("v1", "Service", name, {"spec": service}, labels=own),
        request.resource(
            "apps/v1", "StatefulSet", name, {"spec": _stateful(engine, request, name, password)}, labels=own
        ),
    ]
    sources = {
        "hostAddress": {"value": name},
        "username": {"value": _username(engine, request)},
        "password": password,
    }
    return GeneratorResponse(made, _patcher(name, sources))


def _stateful(engine: Engine, request: GeneratorRequest, name: str, password: Mapping[str, Any]) -> dict[str, Any]:
    selector = {**request.labels, NAME_LABEL: name}
    user = _username(engine, request)
    env: list[dict[str, Any]] = [{"name": engine.database, "value": name}]
    if engine.root and user == "root":
        env.append({"name": engine.root, **password})
    else:
        env += [{"name": engine.user, "value": user}, {"name": engine.password, **password}]
        env += [{"name": key, "value": value} for key, value in engine.settings.items()]
    container = {
        "name": engine.name,
        "image": f"{engine.name}:{text(request.config['version'])}",
        "ports": [{"name": engine.name, "containerPort": engine.port, "protocol": "TCP"}],
        "env": env,
        "readinessProbe": {"tcpSocket": {"port": engine.name}},
        # In a folder of the volume, whose own may hold `lost+found`.
        "volumeMounts": [{"name": "data", "mountPath": engine.folder, "subPath": engine.name}],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": _storage(request)}}}
    return {
        "replicas": 1,
        "selector": {"matchLabels": selector},
        "serviceName": name,
        "template": {
            "metadata": {"labels": {**request.app_labels, **selector}},
            "spec": {"containers": [container]},
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }


def _storage(request: GeneratorRequest) -> str:
    return f"{request.config.get('size') or _SIZE}Gi"


def _as_kusion(engine: Engine, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Return Kusion's five objects, with a password that is a digest of their names: anybody can tell it."""
    name = _name(engine, request)
    secret = f"{name}-{engine.name}"
    context = request.context
    password = _md5(f"{context.project}{context.stack}{request.app}{name}")[:16]
    user = _username(engine, request)
    check_literal(request, secret, Place(request.place, on_key=True), diagnostics)
    found = {"hostAddress": f"{name}-db-local-service", "username": user, "password": password}
    made = [*_kusion_database(engine, request, name, user, password), _kusion_secret(request, secret, found)]
    return GeneratorResponse(made, _of_secret(name, secret))


def _kusion_secret(request: GeneratorRequest, name: str, values: Mapping[str, str]) -> Resource:
    return request.resource("v1", "Secret", name, {"stringData": values}, bare=True)


def _kusion_database(engine: Engine, request: GeneratorRequest, name: str, user: str, password: str) -> list[Resource]:
    secret, claim = f"{name}-db-local-secret", f"{name}-db-local-pvc"
    labels = {"accessory": name}
    if engine.root:
        values = {"password": password}
        given = {"password": engine.root} if user == "root" else {"password": engine.password}
    else:
        values = {"password": password, "username": user, "database": name}
        given = {"username": engine.user, "password": engine.password, "database": engine.database}
    env: list[dict[str, Any]] = [{"name": variable, **_from_secret(secret, key)} for key, variable in given.items()]
    if engine.root and user != "root":
        env.insert(0, {"name": engine.user, "value": user})
    container = {
        "name": name,
        "image": f"{engine.name}:{text(request.config['version'])}",
        # Kusion leaves a `-` at the end, which Kubernetes refuses.
        "ports": [{"name": name[:PORT_NAME_LENGTH].rstrip("-"), "containerPort": engine.port}],
        "env": env,
        "volumeMounts": [{"name": name, "mountPath": engine.folder}],
    }
    volume = {"name": name, "persistentVolumeClaim": {"claimName": claim}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "volumes": [volume]}}
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": _storage(request)}}}
    service = {"clusterIP": "None", "selector": labels, "ports": [{"port": engine.port, "targetPort": 0}]}
    deployment = {"spec": {"selector": {"matchLabels": labels}, "template": template}}
    return [
        _kusion_secret(request, secret, values),
        request.resource("apps/v1", "Deployment", f"{name}-db-local-deployment", deployment, bare=True),
        request.resource("v1", "PersistentVolumeClaim", claim, {"spec": storage}, labels=labels, bare=True),
        request.resource("v1", "Service", f"{name}-db-local-service", {"spec": service}, labels=labels, bare=True),
    ]


def _md5(words: str) -> str:
    # hashlib loads OpenSSL, a third of Python's own start; the interpreter has the algorithm built in.
    try:
        digest = __import__("_md5").md5
    except ImportError:
        import hashlib

        return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()
    return str(digest(words.encode()).hexdigest())
