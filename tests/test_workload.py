"""Pods and containers: each short form and what it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from kusion_render.diagnostics import Diagnostics
from kusion_render.model import Resource
from kusion_render.transformers.config_hash import ANNOTATION, with_config_hash
from kusion_render.transformers.images import replace_image
from kusion_render.workload.container import RESTRICTED, ports, security_context
from kusion_render.workload.environment import kusion_order, sources, variables
from kusion_render.workload.kusion_files import go_mode
from kusion_render.workload.probe import lifecycle, probe
from kusion_render.workload.resources import resources
from kusion_render.workload.volume import Volumes, label, mode, mount_files, mount_folders

if TYPE_CHECKING:
    from workbench import Workbench

PLACE: Final = ("web", "workload")


def quiet() -> Diagnostics:
    """Return diagnostics that a test looks at only when it expects some."""
    return Diagnostics()


def codes(found: Diagnostics) -> list[str]:
    """Return the codes reported."""
    return [each.rule.code for each in found.items]


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"http": 80}, [{"name": "http", "containerPort": 80, "protocol": "TCP"}]),
        ({"dns": {"port": 53, "protocol": "UDP"}}, [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]),
        ([5432], [{"containerPort": 5432, "protocol": "TCP"}]),
        (
            [{"containerPort": 80, "name": "http", "hostPort": 8080, "hostIP": "10.0.0.1"}],
            [{"name": "http", "containerPort": 80, "protocol": "TCP", "hostPort": 8080, "hostIP": "10.0.0.1"}],
        ),
    ],
)
def test_ports(written: Any, made: Any) -> None:
    """Ports are a map of names or Kubernetes' list, and always say their protocol."""
    assert made == list(ports(written))


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"cpu": "500m"}, {"limits": {"cpu": "500m"}}),
        ({"cpu": "100m-500m"}, {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}}),
        ({"cpu": 0.5}, {"limits": {"cpu": "0.5"}}),
        ({"memory": {"request": "1Gi"}}, {"requests": {"memory": "1Gi"}}),
        (
            {"memory": {"limit": "1Gi", "request": "1.5Mi"}},
            {"requests": {"memory": "1.5Mi"}, "limits": {"memory": "1Gi"}},
        ),
        ({"requests": {"cpu": 1}, "limits": {"cpu": 2}}, {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}),
        ({"nvidia.com/gpu": 1}, {"limits": {"nvidia.com/gpu": "1"}}),
    ],
)
def test_resources(written: Any, made: Any) -> None:
    """One amount is a limit, two are request and limit; maps say which; texts stay as written."""
    assert made == resources(written, PLACE, quiet())


def test_resources_as_kusion() -> None:
    """Kusion rewrites fractions of binary units, and nothing else."""
    written = {"memory": "0.5Gi-1.5Gi", "cpu": "1000m", "ephemeral-storage": "1.5G"}
    made = resources(written, PLACE, quiet(), kusion=True)

    assert made["requests"] == {"memory": "512Mi"}
    assert made["limits"] == {"memory": "1536Mi", "cpu": "1000m", "ephemeral-storage": "1.5G"}


def test_no_quantity_is_reported() -> None:
    """An amount that Kubernetes can't read is KR304."""
    found = quiet()
    resources({"cpu": "100q"}, PLACE, found)
    assert codes(found) == ["KR304"]


HTTP: Final = "service.container.probe.Http"


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"grpc": {"port": 5050}}, {"grpc": {"port": 5050}}),
        ({"grpc": {"port": "rpc", "service": "a"}}, {"grpc": {"port": 5051, "service": "a"}}),
        ({"exec": {"command": ["a"]}, "periodSeconds": 5}, {"exec": {"command": ["a"]}, "periodSeconds": 5}),
        ({"tcpSocket": {"port": "sql"}, "periodSeconds": 0}, {"tcpSocket": {"port": "sql"}}),
        (
            {"httpGet": {"port": "http", "httpHeaders": {"A": 1.5}}},
            {"httpGet": {"port": "http", "httpHeaders": [{"name": "A", "value": "1.5"}]}},
        ),
        (
            {"probeHandler": {"_type": HTTP, "url": "http://localhost:8080/healthz?full=1"}},
            {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}},
        ),
        (
            {"probeHandler": {"url": "https://other.example:8443", "headers": {"B": "2", "A": "1"}}},
            {
                "httpGet": {
                    "port": 8443,
                    "host": "other.example",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                }
            },
        ),
        ({"probeHandler": {"command": ["a"]}}, {"exec": {"command": ["a"]}}),
        ({"probeHandler": {"url": "tcp://db:5432"}}, {"tcpSocket": {"host": "db", "port": 5432}}),
    ],
)
def test_probes(written: Any, made: Any) -> None:
    """Kubernetes' and Kusion's forms of a probe come to the same; zeros are left to Kubernetes.

    Kubernetes takes only a number for the port of `grpc`, so there a name becomes one.
    """
    ports = [{"containerPort": 8080}, {"name": "rpc", "containerPort": 5051}]

    assert made == probe(written, PLACE, quiet(), ports=ports)


def test_probe_of_the_node_itself() -> None:
    """A TCP probe of localhost means the pod; Kusion writes the host, which is the node's."""
    written = {"probeHandler": {"url": "127.0.0.1:80"}, "terminationGracePeriod": 5}

    assert probe(written, PLACE, quiet()) == {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 5}
    assert probe(written, PLACE, quiet(), kusion=True) == {"tcpSocket": {"host": "127.0.0.1", "port": 80}}


@pytest.mark.parametrize(
    "written", [{}, {"exec": {"command": ["a"]}, "grpc": {"port": 1}}, {"probeHandler": {"url": "x"}}]
)
def test_wrong_probes(written: Any) -> None:
    """None, several or an unreadable handler is KR305."""
    found = quiet()
    probe(written, PLACE, found)
    assert codes(found) == ["KR305"]


def test_lifecycle() -> None:
    """Hooks take the same handlers, and `sleep`."""
    made = lifecycle({"preStop": {"command": ["a"]}, "postStart": {"sleep": {"seconds": 1}}}, PLACE, quiet())
    assert made == {"preStop": {"exec": {"command": ["a"]}}, "postStart": {"sleep": {"seconds": 1}}}


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("a", {"value": "a"}),
        (5050, {"value": "5050"}),
        (True, {"value": "true"}),
        ("", {"value": ""}),
        ("secret://n/k", {"valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}),
        ("${secret://n/k}", {"value": "${secret://n/k}"}),
        ({"secret": "n", "key": "k"}, {"valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}),
        (
            {"config": "n", "key": "k", "optional": True},
            {"valueFrom": {"configMapKeyRef": {"name": "n", "key": "k", "optional": True}}},
        ),
        ({"field": "metadata.name"}, {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
        (
            {"resource": "limits.cpu", "container": "c", "divisor": "1m"},
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "c", "divisor": "1m"}}},
        ),
    ],
)
def test_env(value: Any, made: Any) -> None:
    """A variable is text or says where its value comes from."""
    assert variables({"A": value}, PLACE, quiet()) == [{"name": "A", **made}]


@pytest.mark.parametrize("value", ["secret://n", "secret://n/", "secret://n/a/b"])
def test_env_needs_one_key(value: str) -> None:
    """A reference that names no key, or more than one, is KR303."""
    found = quiet()
    assert (variables({"A": value}, PLACE, found), codes(found)) == ([], ["KR303"])


def test_env_in_the_order_written_or_kusions() -> None:
    """Symbols come before digits before letters, upper case before lower, runs of digits count as numbers."""
    wanted = ["A", "A_", "A_B", "A1", "AB", "B", "N2", "N10", "a"]
    assert wanted == kusion_order(dict.fromkeys(reversed(wanted), ""))
    assert [each["name"] for each in variables({"B": "", "A": ""}, PLACE, quiet())] == ["B", "A"]
    assert variables({"B": ""}, PLACE, quiet(), kusion=True) == [{"name": "B"}]


def test_env_from() -> None:
    """Sources are named shortly, or with a prefix."""
    made = sources(["config/a", "secret/b", {"secret": "c", "prefix": "P_", "optional": True}], PLACE, quiet())
    assert made == [
        {"configMapRef": {"name": "a"}},
        {"secretRef": {"name": "b"}},
        {"prefix": "P_", "secretRef": {"name": "c", "optional": True}},
    ]


@pytest.mark.parametrize(
    ("workload", "config", "made"),
    [
        (False, {}, {}),
        (True, {}, RESTRICTED),
        (True, {"security": "none"}, {}),
        (False, {"security": "restricted"}, RESTRICTED),
        (True, {"securityContext": {"runAsUser": 1}}, {**RESTRICTED, "runAsUser": 1}),
        (
            True,
            {"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}},
            {**RESTRICTED, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
        ),
    ],
)
def test_security(workload: bool, config: Any, made: Any) -> None:  # noqa: FBT001 - a table's column
    """`restricted` is what Pod Security's profile asks of a container; what the container says comes over it."""
    assert made == security_context(config, restricted=workload)


@pytest.mark.parametrize(
    ("written", "native", "kusion"), [(None, 420, 420), ("0400", 256, 256), ("400", 256, 400), ("644", 420, 420)]
)
def test_modes(written: str | None, native: int, kusion: int) -> None:
    """Modes are octal; Kusion takes one without a leading 0 for decimal, where Kubernetes takes the result."""
    assert (native, kusion) == (mode(written), go_mode(written))


def test_one_volume_a_source() -> None:
    """Files and folders of one Secret share its volume; keys of one ConfigMap never collide."""
    volumes = Volumes("web", {"logo": b"\xff"})
    files = {
        "/a/x": {"contentFrom": "secret://s/k"},
        "/b/x": {"content": "1"},
        "/c/x": {"content": "2"},
        "/d/logo": {"from": "logo"},
    }
    mounts = mount_files(files, "main", volumes, PLACE, quiet())
    mounts += mount_folders({"/s": "secret://s", "/t": "emptyDir"}, volumes, PLACE, quiet())

    assert [each["name"] for each in mounts] == ["s", "web-main", "web-main", "web-main", "s", "t"]
    assert [each["name"] for each in volumes.volumes] == ["s", "web-main", "t"]
    assert volumes.configs == {"web-main": {"x": "1", "c_x": "2", "logo": b"\xff"}}


def test_claims() -> None:
    """A claim is there already unless it has a size; a volume is the app's own, and a StatefulSet's is a template."""
    dirs = {"/a": {"claim": "far"}, "/b": {"claim": "near", "size": "1Gi"}, "/c": {"volume": {"size": "2Gi"}}}
    alone, stateful = Volumes("web", {}), Volumes("web", {}, stateful=True)
    for volumes in (alone, stateful):
        assert len(mount_folders(dirs, volumes, PLACE, quiet())) == 3

    assert (list(alone.existing), list(alone.claims), list(alone.templates)) == (["far"], ["near", "web-c"], [])
    assert (list(stateful.claims), list(stateful.templates)) == (["near"], ["c"])
    assert [each["name"] for each in stateful.volumes] == ["far", "near"]


@pytest.mark.parametrize(("wish", "made"), [("Cache_Dir", "cache-dir"), ("...", "volume"), ("x" * 70, "x" * 63)])
def test_volume_names_are_labels(wish: str, made: str) -> None:
    """A volume's name is the nearest DNS label to its folder's."""
    assert made == label(wish)


@pytest.mark.parametrize(
    ("image", "made"),
    [
        ("shop/web:1", "shop/web:2"),
        ("shop/web:1@sha256:aa", "shop/web:2"),
        ("shop/webs:1", "shop/webs:1"),
        ("shop/pin:1", "mirror/pin@sha256:bb"),
        ("host:5000/shop/web", "cache/web"),
        ("nginx", "mirror.example/hub/library/nginx"),
        ("quay.io/a/b@sha256:cc", "quay.io/a/b@sha256:cc"),
    ],
)
def test_images(image: str, made: str) -> None:
    """A workspace replaces images by name, then registries by the longest prefix; digests are kept whole."""
    images = [{"name": "shop/web", "newTag": "2"}, {"name": "shop/pin", "newName": "mirror/pin", "digest": "sha256:bb"}]
    registries = {"docker.io/library": "mirror.example/hub/library", "host:5000/shop": "cache/"}
    assert made == replace_image(image, images, registries)


def deployment(*names: str, kind: str = "Deployment") -> Resource:
    """Return a workload that reads these ConfigMaps."""
    env = [{"configMapRef": {"name": name}} for name in names]
    template = {"metadata": {}, "spec": {"containers": [{"name": "c", "envFrom": env}]}}
    return Resource(
        {"kind": kind, "metadata": {"name": "web"}, "spec": {"template": template}}, "service", app="web", workload=True
    )


def config(name: str, **data: str) -> Resource:
    """Return a ConfigMap."""
    return Resource({"kind": "ConfigMap", "metadata": {"name": name}, "data": data}, "configs")


def hash_of(*made: Resource, restart: bool = True) -> str | None:
    """Return the annotation of the first resource's pods."""
    apps = {"web": {"workload": {"restartOnConfigChange": restart}}}
    template = with_config_hash(made, apps)[0].attributes["spec"]["template"]
    found: str | None = template["metadata"].get("annotations", {}).get(ANNOTATION)
    return found


def test_config_hash_follows_the_data() -> None:
    """The annotation changes with the ConfigMaps that are read, and with nothing else."""
    first = hash_of(deployment("a", "b"), config("a", k="v"), config("b", x="y"))
    assert first is not None
    assert len(first) == 64
    assert first == hash_of(deployment("b", "a", "a"), config("b", x="y"), config("c"), config("a", k="v"))
    others = [hash_of(deployment("a", "b"), config("a", k="w"), config("b", x="y"))]
    others += [hash_of(deployment("a", "b"), config("a", k="v"), config("b", xy=""))]
    assert len({first, *others}) == 3


def test_config_hash_where_it_restarts_pods() -> None:
    """Jobs, pods without ConfigMaps of this render, and `restartOnConfigChange: false` have none."""
    assert hash_of(deployment("elsewhere"), config("a")) is None
    assert hash_of(deployment("a", kind="Job"), config("a")) is None
    assert hash_of(deployment("a"), config("a"), restart=False) is None
    assert hash_of(deployment("a", kind="StatefulSet"), config("a"))


def test_config_hash_ignores_secrets(workbench: Workbench) -> None:
    """A Secret's values reach no annotation: a hash of a short value gives it away."""
    workbench.write({"workspaces/dev.yaml": "secrets: {allowLiteral: true}\n"})
    app = "web: {workload: {secrets: {s: {data: {a: VALUE}}}, containers: {c: {image: i, envFrom: [secret/s]}}}}\n"
    first, second = (workbench.app(app.replace("VALUE", value)).render().manifest("Deployment") for value in ("x", "y"))
    assert first == second


def test_kusion_has_no_config_hash(workbench: Workbench) -> None:
    """In kusion mode pods are annotated as Kusion does: not at all."""
    app = "web: {workload: {containers: {c: {image: i, files: {/a/b: {content: x}}}}}}\n"
    workbench.app(app).write({"kusion-render.yaml": "compatibility: kusion\n"})
    assert "annotations" not in workbench.render().manifest("Deployment")["spec"]["template"]["metadata"]


def test_a_grpc_probe_asks_a_number(workbench: Workbench) -> None:
    """Kubernetes takes no name for the port of a gRPC probe, so the name of a container's port becomes its number."""
    workbench.app(
        """
        web:
          workload:
            containers:
              web: {image: "web:1", ports: {grpc: 5050}, readinessProbe: {grpc: {port: grpc}}}
              list: {image: "web:1", ports: [{containerPort: 50, name: rpc}], livenessProbe: {grpc: {port: rpc}}}
        """
    )

    one, other = workbench.render().manifest("Deployment")["spec"]["template"]["spec"]["containers"]

    assert {"port": 5050} == one["readinessProbe"]["grpc"]
    assert {"port": 50} == other["livenessProbe"]["grpc"]


@pytest.mark.parametrize(
    ("asks", "place"),
    [
        ("readinessProbe: {grpc: {port: htp}}", "readinessProbe"),
        ("startupProbe: {httpGet: {port: htp}}", "startupProbe"),
        ("livenessProbe: {tcpSocket: {port: htp}}", "livenessProbe"),
        ("lifecycle: {preStop: {httpGet: {port: htp}}}", "preStop"),
    ],
)
def test_a_probe_asks_a_port_of_its_own_container(workbench: Workbench, asks: str, place: str) -> None:
    """The name of a port that only another container has, or none, is an error with the names there are."""
    workbench.app(
        f"""
        web:
          workload:
            containers:
              web: {{image: "web:1", ports: {{http: 80}}, {asks}}}
              other: {{image: "web:1", ports: {{htp: 81}}}}
        """
    )

    report = workbench.fail()

    assert f"error[KR330]: container `web` has no port `htp`, which its `{place}` asks" in report
    assert "help: did you mean `http`?" in report


def test_numbers_are_text_where_kubernetes_wants_text(workbench: Workbench) -> None:
    """Values of tolerations, kernel parameters and label selectors need no quotes."""
    workbench.app(
        """
        web:
          workload:
            containers: {web: {image: "web:1", ports: {http: 80}}}
            securityContext: {sysctls: [{name: net.core.somaxconn, value: 1024}]}
            tolerations: [{key: spot, value: true}]
            topologySpreadConstraints:
              zones:
                maxSkew: 1
                topologyKey: zone
                whenUnsatisfiable: ScheduleAnyway
                labelSelector: {matchLabels: {tier: 1}, matchExpressions: [{key: tier, operator: In, values: [1, no]}]}
          accessories:
            network:
              access:
                from: [{podSelector: {matchLabels: {tier: 1}, matchExpressions: [{key: a, operator: In, values: [1]}]}}]
                ports: [http]
        """
    )

    run = workbench.render()

    pod = run.manifest("Deployment")["spec"]["template"]["spec"]
    (peer,) = run.manifest("NetworkPolicy")["spec"]["ingress"][0]["from"]
    expressions = [{"key": "tier", "operator": "In", "values": ["1", "no"]}]
    assert [{"name": "net.core.somaxconn", "value": "1024"}] == pod["securityContext"]["sysctls"]
    assert [{"key": "spot", "value": "true"}] == pod["tolerations"]
    spread = pod["topologySpreadConstraints"][0]["labelSelector"]
    assert {"matchLabels": {"tier": "1"}, "matchExpressions": expressions} == spread
    assert [{"key": "a", "operator": "In", "values": ["1"]}] == peer["podSelector"]["matchExpressions"]


def test_a_colla_set_has_fields_of_its_own(workbench: Workbench) -> None:
    """What a CollaSet calls otherwise is called so, and what it does not have is said."""
    text = "web: {workload: {type: CollaSet, %s, containers: {web: {image: 'web:1'}}}}\n"

    made = workbench.app(text % "revisionHistoryLimit: 3").render().manifest("CollaSet")
    report = workbench.app(text % "minReadySeconds: 3").fail()

    assert (3, False) == (made["spec"]["historyLimit"], "revisionHistoryLimit" in made["spec"])
    assert "error[KR331]: a CollaSet has no `minReadySeconds`" in report


AGENT: Final = """
agent:
  workload:
    serviceAccount: {clusterRules: [{resources: [nodes], verbs: [list]}], roles: [view]}
    containers: {agent: {image: registry.example/agent:1}}
"""


def test_cluster_rights_of_two_stacks_do_not_meet(workbench: Workbench) -> None:
    """A ClusterRole and its binding carry the namespace in their names, and the binding means that stack's account."""
    workbench.write({"shop/base/app.yaml": AGENT, "shop/prod/stack.yaml": "name: prod\n"}).app(AGENT)

    bindings = [each for each in workbench.render().manifests if each["kind"] == "ClusterRoleBinding"]

    assert ["shop-dev-agent", "shop-prod-agent"] == [each["metadata"]["name"] for each in bindings]
    assert ["shop-dev-agent", "shop-prod-agent"] == [each["roleRef"]["name"] for each in bindings]
    assert ["shop-dev", "shop-prod"] == [each["subjects"][0]["namespace"] for each in bindings]


def test_rights_say_the_namespace_where_objects_do_not(workbench: Workbench) -> None:
    """A binding's subject has its namespace also where objects leave theirs to the destination."""
    run = workbench.app(AGENT).render("--namespace-policy", "omit")

    binding = run.manifest("RoleBinding")
    assert "namespace" not in binding["metadata"]
    assert [{"kind": "ServiceAccount", "name": "agent", "namespace": "shop-dev"}] == binding["subjects"]
    assert {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"} == binding["roleRef"]


def test_cluster_rights_of_a_preview(workbench: Workbench) -> None:
    """A preview's binding means the preview's ClusterRole, and those of others as they are called."""
    run = workbench.app(AGENT).render("--preview", "pr-7")

    assert run.manifest("ClusterRole")["metadata"]["name"] == run.manifest("ClusterRoleBinding")["roleRef"]["name"]
    assert "view" == run.manifest("RoleBinding")["roleRef"]["name"]
    assert "shop-dev-pr-7" == run.manifest("RoleBinding")["subjects"][0]["namespace"]


def test_values_of_lists_are_text(workbench: Workbench) -> None:
    """Kubernetes takes no number as the value of a toleration, a sysctl or a resolver's option."""
    run = workbench.app(
        """
        web:
          workload:
            tolerations: [{key: rank, value: 1}]
            securityContext: {sysctls: [{name: net.core.somaxconn, value: 1024}]}
            dnsConfig: {options: [{name: ndots, value: 2}, {name: edns0}]}
            containers: {web: {image: registry.example/web:1}}
        """
    ).render()

    pod = run.manifest("Deployment")["spec"]["template"]["spec"]
    assert [{"key": "rank", "value": "1"}] == pod["tolerations"]
    assert "1024" == pod["securityContext"]["sysctls"][0]["value"]
    assert [{"name": "ndots", "value": "2"}, {"name": "edns0"}] == pod["dnsConfig"]["options"]


def test_spread_counts_the_apps_own_pods(workbench: Workbench) -> None:
    """A constraint without a selector would count no pod at all, so it gets the app's; labels that one says are text."""
    run = workbench.app(
        """
        web:
          workload:
            topologySpreadConstraints:
              a: {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}
              b: {maxSkew: 1, topologyKey: host, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {rank: 1}}}
            containers: {web: {image: registry.example/web:1}}
        """
    ).render()

    constraints = run.manifest("Deployment")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    own = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"}
    assert [own, {"rank": "1"}] == [each["labelSelector"]["matchLabels"] for each in constraints]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("files: {/a: {content: x, mode: 999}}", "`mode` must be three or four octal digits"),
        ("dirs: {/a: {config: b, mode: 1.5}}", "`mode` must be three or four octal digits"),
        ("resources: {cpu: -1}", "`cpu` must be a limit such as `200m`"),
        ("dirs: {/a: {source: {}}}", "`source`"),
    ],
)
def test_a_number_where_text_is_wanted_has_its_form(workbench: Workbench, written: str, told: str) -> None:
    """The form of a text holds for a number that stands in its place; a volume without a source is none."""
    report = workbench.app(f"web: {{workload: {{containers: {{web: {{image: 'web:1', {written}}}}}}}}}\n").fail()

    assert told in report
    assert "help: " in report


@pytest.mark.parametrize(
    ("containers", "told"),
    [
        (
            "containers: {a: {image: b, restartPolicy: Always}}",
            "a container that is no init container has no `restartPolicy`",
        ),
        (
            "initContainers: {i: {image: b, lifecycle: {preStop: {sleep: {seconds: 1}}}}}, containers: {a: {image: b}}",
            "an init container that is no sidecar has no `lifecycle`",
        ),
        (
            "initContainers: {i: {image: b, readinessProbe: {grpc: {port: 1}}}}, containers: {a: {image: b}}",
            "an init container that is no sidecar has no `readinessProbe`",
        ),
    ],
)
def test_a_field_of_other_containers_is_refused(workbench: Workbench, containers: str, told: str) -> None:
    """What the API server allows sidecars only, or init containers only, is said before it is applied."""
    assert f"error[KR331]: {told}" in workbench.app(f"web: {{workload: {{{containers}}}}}\n").fail()
