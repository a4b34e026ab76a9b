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
