"""Who may reach an app, and by which road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = """
    web:
      workload: {{containers: {{web: {{image: "registry.example/web:1", ports: {{http: 8080}}}}}}}}
      accessories: {{network: {{ports: [{{port: 80, targetPort: http}}], {network}}}}}
"""


def test_access_to_a_port_that_no_container_has(workbench: Workbench) -> None:
    """A name that is none of the container's ports would let nobody in, without a word."""
    workbench.app(APP.format(network="access: {ports: [htpp]}"))

    report = workbench.fail()

    assert "error[KR330]: no container has a port `htpp`, to which NetworkPolicy `web` gives access" in report
    assert "help: there are `http`" in report


def test_every_leaf_of_a_policy_is_explained(workbench: Workbench) -> None:
    """Peers and ports name the lines they come from, also the only app that is let in."""
    caller = 'caller: {workload: {containers: {main: {image: "registry.example/caller:1"}}}}\n'
    workbench.app(APP.format(network="access: {from: [caller], ports: [http]}"), **{"shop/dev/caller.app.yaml": caller})

    said = workbench.run("explain", "shop/dev", "networkpolicy/web", "spec.ingress").stdout

    assert 'matchLabels["app.kubernetes.io/name"] = caller\n  > shop/dev/app.yaml:3:82   caller\n' in said
    assert "ports[0].port = http\n  > shop/dev/app.yaml:3:99   http\n" in said


def test_a_gateway_and_an_ingress_exclude_each_other(workbench: Workbench) -> None:
    """What only an Ingress has is refused beside a Gateway."""
    for other in ("ingressClassName", "issuer", "clusterIssuer"):
        workbench.app(APP.format(network=f"hosts: [a.example], hostDefaults: {{gateway: {{name: a}}, {other}: b}}"))

        assert f"error[KR207]: `gateway` and `{other}` exclude each other" in workbench.fail()


def test_a_route_has_as_many_hosts_and_rules_as_it_may(workbench: Workbench) -> None:
    """Beyond sixteen hosts or rules there is one HTTPRoute more, under another name; a preview prefixes every host."""
    hosts = ", ".join(f"h{number}.example" for number in range(17))
    paths = ", ".join(f"{{host: p.example, path: /{number}}}" for number in range(17))
    workbench.app(APP.format(network=f"hosts: [{hosts}, {paths}], hostDefaults: {{gateway: {{name: a}}}}"))

    made = workbench.render("--preview", "x").manifests
    routes = {each["metadata"]["name"]: each["spec"] for each in made if each["kind"] == "HTTPRoute"}

    assert ["web", "web-h16.example", "web-p.example", "web-p.example-more"] == list(routes)
    assert [16, 1, 1, 1] == [len(spec["hostnames"]) for spec in routes.values()]
    assert [1, 1, 16, 1] == [len(spec["rules"]) for spec in routes.values()]
    assert ["x-h16.example"] == routes["web-h16.example"]["hostnames"]


def test_a_route_is_explained(workbench: Workbench) -> None:
    """The Gateway comes from the workspace, the host from the app."""
    workspace = "modules: {network: {configs: {default: {hostDefaults: {gateway: {name: public}}}}}}\n"
    workbench.app(APP.format(network="hosts: [a.example]"), **{"workspaces/dev.yaml": workspace})

    said = workbench.run("explain", "shop/dev", "httproute/web", "spec").stdout

    assert "spec.parentRefs[0].name = public\n  > workspaces/dev.yaml:1:72   public" in said
    assert "spec.hostnames[0] = a.example\n  > shop/dev/app.yaml:3:74   a.example" in said
    assert "spec.rules[0].backendRefs[0].port = 80\n  > shop/dev/app.yaml:3:42   80" in said


def test_probe_of_an_unknown_port(workbench: Workbench) -> None:
    """A gRPC probe that names a port which its container has not is told where it is written."""
    report = workbench.app(
        """
        web:
          workload:
            containers:
              web:
                image: registry.example/web:1.0.0
                ports: {rpc: 5050}
                readinessProbe: {grpc: {port: rcp}}
        """
    ).fail()

    assert "shop/dev/app.yaml:7:39: error[KR330]: container `web` has no port `rcp`" in report
    assert "did you mean `rpc`?" in report


def test_a_range_of_ports_is_one(workbench: Workbench) -> None:
    """A range begins with a number, and ends with one that is not smaller."""
    app = """
        web:
          workload: {containers: {web: {image: "web:1", ports: {http: 80}}}}
          accessories: {network: {access: {ports: [{port: 80, endPort: %d}]}}}
        """

    (port,) = workbench.app(app % 80).render().manifest("NetworkPolicy")["spec"]["ingress"][0]["ports"]

    assert {"port": 80, "endPort": 80, "protocol": "TCP"} == port
    assert "error[KR370]: the ports from `80` to 79 are no range" in workbench.app(app % 79).fail()
