"""Lint: what a reviewer would raise, at the line it comes from, at the level that the workspace says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from workbench import EXAMPLES, PROJECT, Run, Workbench

from kusion_render.attribution import Attribution, cause
from kusion_render.diagnostics import Diagnostics, OutputPlace, Place
from kusion_render.document import leaves
from kusion_render.lint import RULES, claims_of, gate, lint, lint_together
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_stack
from kusion_render.report.masking import Masks
from kusion_render.repository import Files, Repository, select
from kusion_render.secrecy import names_secret, plain, reveals, tells

NAMES: Final = [each.rule.name for each in RULES]
EVERY: Final = f"lint: {{{', '.join(f'{name}: warn' for name in NAMES)}}}\n"
ASKED: Final = "resources: {cpu: 1, memory: 1Gi}"


def container(fields: str, more: str = "") -> str:
    """Return an app whose only container has these lines beside an image and resources."""
    lines = "\n".join(f"        {line}" for line in fields.strip().splitlines())
    return (
        "web:\n  workload:\n    containers:\n      web:\n        image: registry.example/web:1.0.0\n"
        f"        {ASKED}\n{lines}\n{more}"
    )


SERVED: Final = "  accessories:\n    network: {ports: [{port: 80, targetPort: 8080}]}\n"
TWO: Final = """
web: {{labels: {{app.kubernetes.io/name: {one}}}, workload: &small {{containers: {{web: {{image: "a:1", ports: {{http: 8080}}}}}}}}}}
admin: {{labels: {{app.kubernetes.io/name: {other}}}, workload: *small}}{mark}
"""
ROUTED: Final = """
web:
  workload: &small {containers: {web: {image: "a:1", ports: {http: 8080}}}}
  accessories: {network: {ports: [{port: 80, targetPort: http}], hosts: [shop.example.com]}} # here
admin:
  workload: *small
  accessories: {network: {ports: [{port: 80, targetPort: http}], hosts: [HOST]}}
"""
NODE_PORTS: Final = """
web:
  workload: &small {containers: {web: {image: "a:1", ports: {http: 8080}}}}
  accessories: {network: {type: NodePort, ports: [{port: 80, targetPort: http, nodePort: 30080}]}} # here
admin:
  workload: *small
  accessories: {network: {type: NodePort, ports: [{port: 80, targetPort: http, nodePort: PORT}]}}
"""
CRON: Final = """cleanup:
  labels: {app.kubernetes.io/name: NAME}
  workload: {schedule: "0 3 * * *", containers: {cleanup: {image: "a:1"}}}
"""

# Rule, an app that breaks it on the line with `# here`, and one that does not.
APPS: Final = [
    ("floating-image", "web:\n  workload:\n    containers:\n      web:\n        image: registry.example:5000/web # here\n", container("image: null").replace("image: null\n", "").replace("web:1.0.0", "web@sha256:" + "0" * 64)),
    ("floating-image", "web: {workload: {containers: {web: {image: 'web:latest'}}}} # here\n", "web: {workload: {containers: {web: {image: 'web:latest@sha256:0123'}}}}\n"),
    ("missing-requests", "web:\n  workload:\n    containers:\n      web: # here\n        image: a:1\n", container("")),
    ("missing-requests", "web:\n  workload:\n    containers:\n      web: # here\n        image: a:1\n        resources: {cpu: 1}\n", container("", "    initContainers: {init: {image: 'a:1'}}\n")),
    ("missing-readiness-probe", container("", SERVED).replace("      web:\n", "      web: # here\n"), container("readinessProbe: {tcpSocket: {port: 8080}}", SERVED)),
    ("missing-readiness-probe", container("livenessProbe: {tcpSocket: {port: 8080}}", SERVED).replace("      web:\n", "      web: # here\n"), container("")),
    ("missing-liveness-probe", container("").replace("      web:\n", "      web: # here\n"), container("livenessProbe: {tcpSocket: {port: 8080}}")),
    ("missing-liveness-probe", container("").replace("      web:\n", "      web: # here\n"), "web: {workload: {module: job, containers: {web: {image: 'a:1'}}}}\n"),
    ("shared-container-port", container("ports: {http: 80}", "      side: {image: 'a:1', ports: {more: 80}} # here\n"), container("ports: {http: 80}", "      side: {image: 'a:1', ports: {more: {port: 80, protocol: UDP}}}\n")),
    ("privileged-container", container("securityContext: {privileged: true} # here"), container("securityContext: {privileged: false}")),
    ("added-capability", container("securityContext:\n  capabilities:\n    add:\n      - SYS_ADMIN # here"), container("securityContext: {capabilities: {add: [NET_BIND_SERVICE], drop: [ALL]}}")),
    ("privilege-escalation", container("securityContext: {allowPrivilegeEscalation: true} # here"), container("security: none")),
    ("runs-as-root", container("securityContext: {runAsUser: 0} # here"), container("securityContext: {runAsUser: 1000}", "    securityContext: {runAsUser: 0}\n")),
    ("runs-as-root", container("", "    securityContext: {runAsUser: 0} # here\n"), container("", "    securityContext: {runAsUser: 1}\n")),
    ("root-allowed", container("").replace("      web:\n", "      web: # here\n"), container("", "    security: restricted\n")),
    ("root-allowed", container("securityContext: {runAsNonRoot: false}", "    securityContext: {runAsNonRoot: true}\n").replace("      web:\n", "      web: # here\n"), container("", "    securityContext: {runAsUser: 1000}\n")),
    ("host-namespace", container("", "    podSpec: {hostNetwork: true} # here\n"), container("", "    podSpec: {hostPID: false}\n")),
    ("host-path", container("dirs: {/logs: {source: {hostPath: {path: /var/log}}}} # here"), container("dirs: {/logs: emptyDir}")),
    ("host-port", container("ports: {http: {port: 80, hostPort: 8080}} # here"), container("ports: {http: 80}")),
    ("unexpanded-variable", container("env:\n  URL: http://$(HOST) # here\n  HOST: a"), container("env:\n  HOST: a\n  URL: http://$(HOST)")),
    ("unexpanded-variable", container("env:\n  PATH: $(PATH):/opt # here"), container("env:\n  A: $$(B) $$$$(B) $(date) $(B $(C D) $()\n  B: c")),
    ("unexpanded-variable", container("env:\n  URL: $$$(HOTS) # here\n  HOST: a"), container("env:\n  URL: http://$(DB_SERVICE_HOST):$(DB_SERVICE_PORT_HTTP)")),
    ("literal-credential", container("env:\n  DB_PASSWORD: correct-horse # here"), container("env: {DB_PASSWORD: changeme, TOKEN_URL: 'https://a.example', PASSWORD_FILE: /run/x, MAX_TOKENS: 5}")),
    ("literal-credential", container("env:\n  DATABASE: postgres://me:correct-horse@db/x # here"), container("env: {DATABASE: 'postgres://me:$(DB_PASSWORD)@db/x', SECRET_KEY: '${KEY}', API_TOKEN: '<path:vault#token>'}")),
    ("literal-credential", container("", "  accessories:\n    configs:\n      settings:\n        data:\n          app.properties: | # here\n            url=x\n            db.password=correct-horse\n"), container("", "  accessories: {configs: {settings: {data: {app.properties: 'db.password=${DB_PASSWORD}', cache-key: abcdef}}}}\n")),
    ("overlapping-selector", TWO.format(one="web", other="web", mark=" # here"), TWO.format(one="web", other="admin", mark="")),
    ("misrouted-service", container("ports: {http: 8080}", SERVED.replace("\n    network", "\n    network", 1).replace("}]}\n", "}]} # here\n") + CRON.replace("NAME", "web")), container("ports: {http: 8080}", SERVED + CRON.replace("NAME", "cleanup"))),
    ("host-clash", ROUTED.replace("HOST", "shop.example.com"), ROUTED.replace("HOST", "admin.example.com")),
    ("node-port-clash", NODE_PORTS.replace("PORT}", "30080}"), NODE_PORTS.replace("PORT}", "30081}")),
    ("cluster-scoped-object", container("ports: {http: 80}", "  accessories:\n    network:\n      ports: [{port: 80}]\n      ingressClass: {controller: example.com/x} # here\n"), container("", SERVED)),
]  # fmt: skip


def findings(run: Run) -> list[tuple[str, str]]:
    """Return the rule and place of each lint finding in a JSON report."""
    found = json.loads(run.stdout)["diagnostics"]
    return [(each["name"], f"{each['file']}:{each['line']}") for each in found if each["code"].startswith("KR6")]


def check(workbench: Workbench, app: str, level: str = EVERY) -> list[tuple[str, str]]:
    """Return the findings of an app of stack `shop/dev`."""
    workbench.app(app, **{"workspaces/dev.yaml": level})
    run = workbench.run("validate", "--format", "json")
    assert run.exit_code == 0, run.stdout + run.stderr
    return findings(run)


@pytest.mark.parametrize(("rule", "bad", "good"), APPS, ids=[f"{at}-{rule}" for at, (rule, _, _) in enumerate(APPS)])
def test_a_rule_finds_the_line_and_nothing_else(workbench: Workbench, rule: str, bad: str, good: str) -> None:
    """Each rule names the line that is to be edited, once, and leaves alone what is right."""
    only = "lint:\n" + "".join(f"  {name}: {'warn' if name == rule else 'off'}\n" for name in NAMES)
    line = next(at for at, text in enumerate(bad.lstrip("\n").splitlines(), 1) if "# here" in text)

    assert [(rule, f"shop/dev/app.yaml:{line}")] == check(workbench, bad, only)
    assert [] == check(workbench, good, only)


def test_every_rule_is_tried() -> None:
    """Each rule fires in a test: in an app, or, where no module makes such an object, on the object."""
    assert set(NAMES) == {rule for rule, _, _ in APPS} | {rule for rule, _, _ in OBJECTS}


def of_objects(text: str, levels: dict[str, str] | None = None) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Return rule, severity and place of what lint finds in a stream of manifests, as another program's."""
    found = Diagnostics()
    manifests = [each for each in yaml.safe_load_all(text) if each]
    lint([(str(at), each) for at, each in enumerate(manifests)], levels or {}, found)
    assert all(isinstance(each.where, OutputPlace) for each in found.items)
    return [
        (each.rule.name, each.severity, (int(each.where.resource_id), *each.where.pointer))
        for each in found.items
        if isinstance(each.where, OutputPlace)
    ]


def workload(kind: str = "Deployment", replicas: int = 1, name: str = "web", **labels: str) -> str:
    """Return a workload that no rule has anything against."""
    spec: dict[str, Any] = {
        "replicas": replicas,
        "selector": {"matchLabels": labels or {"app": name}},
        "template": {
            "metadata": {"labels": labels or {"app": name}},
            "spec": {
                "containers": [
                    {"name": name, "image": "a:1", "resources": {"limits": {"cpu": 1, "memory": 1}}, "ports": [{"containerPort": 80}]}
                ]
            },
        },
    }  # fmt: skip
    return yaml.safe_dump({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})


def budget(spec: str, selector: str = "{matchLabels: {app: web}}") -> str:
    """Return a disruption budget."""
    return f"---\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{{spec}, selector: {selector}}}\n"


def scaler(least: str) -> str:
    """Return an autoscaler of the workload."""
    target = "scaleTargetRef: {kind: Deployment, name: web}"
    return f"---\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{{target}, maxReplicas: 9{least}}}\n"


def ingress(name: str, rest: str = "", annotations: str = "{}", host: str = "a.example") -> str:
    """Return an Ingress of one host and path."""
    rules = f"rules: [{{host: {host}, http: {{paths: [{{path: /x, pathType: Prefix}}]}}}}]"
    return f"---\nkind: Ingress\nmetadata: {{name: {name}, annotations: {annotations}}}\nspec: {{{rules}{rest}}}\n"


def route(name: str, match: str = "", parent: str = "gate") -> str:
    """Return an HTTPRoute of one host."""
    return (
        f"---\nkind: HTTPRoute\nmetadata: {{name: {name}}}\n"
        f"spec: {{hostnames: [a.example], parentRefs: [{{name: {parent}}}], rules: [{{matches: [{{{match}}}]}}]}}\n"
    )


SERVICE: Final = "---\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
JOB: Final = "---\nkind: Job\nmetadata: {name: job}\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: 'a:1', resources: {requests: {cpu: 1, memory: 1}}}]}}}\n"

# Rule, a stream of manifests, and where in it the rule finds something (number of the object, then steps), or nothing.
OBJECTS: Final = [
    ("blocking-disruption-budget", workload() + budget("minAvailable: 1"), (1, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload(replicas=3) + budget("minAvailable: 3"), (1, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload(replicas=3) + budget("minAvailable: 67%"), (1, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload(replicas=3) + budget("minAvailable: 66%"), None),
    ("blocking-disruption-budget", workload(replicas=3) + budget("minAvailable: 2"), None),
    ("blocking-disruption-budget", workload(replicas=3) + budget("maxUnavailable: 0"), (1, "spec", "maxUnavailable")),
    ("blocking-disruption-budget", budget("maxUnavailable: 0%"), (0, "spec", "maxUnavailable")),
    ("blocking-disruption-budget", workload() + budget("maxUnavailable: 1%"), None),
    ("blocking-disruption-budget", budget("minAvailable: 100%"), (0, "spec", "minAvailable")),
    ("blocking-disruption-budget", budget("minAvailable: 1"), None),
    ("blocking-disruption-budget", workload("DaemonSet") + budget("minAvailable: 1"), None),
    ("blocking-disruption-budget", workload(replicas=0) + budget("minAvailable: 1"), None),
    ("blocking-disruption-budget", workload(replicas=9) + scaler(", minReplicas: 2") + budget("minAvailable: 2"), (2, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload() + scaler(", minReplicas: 3") + budget("minAvailable: 2"), None),
    ("blocking-disruption-budget", workload(replicas=9) + scaler("") + budget("minAvailable: 1"), (2, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload() + "---\n" + workload(name="b", app="web", b="c") + budget("minAvailable: 1"), None),
    ("blocking-disruption-budget", workload(replicas=2) + budget("minAvailable: 2", "{matchExpressions: [{key: app, operator: In, values: [web]}]}"), (1, "spec", "minAvailable")),
    ("blocking-disruption-budget", workload() + budget("minAvailable: 1", "{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}"), None),
    ("generated-name", "kind: Job\nmetadata: {generateName: a-}\n", (0, "metadata", "generateName")),
    ("generated-name", "kind: Job\nmetadata: {generateName: a-, annotations: {argocd.argoproj.io/hook: Sync}}\n", None),
    ("cluster-scoped-object", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n", (0, "kind")),
    ("cluster-scoped-object", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", None),
    ("missing-readiness-probe", workload() + SERVICE, (0, "spec", "template", "spec", "containers", 0)),
    ("missing-readiness-probe", workload() + SERVICE.replace("{selector", "{publishNotReadyAddresses: true, selector"), None),
    ("missing-readiness-probe", workload() + SERVICE.replace("{name: web}", "{name: web, namespace: b}"), None),
    ("misrouted-service", workload() + JOB + SERVICE, (2, "spec", "ports", 0, "port")),
    ("misrouted-service", workload() + "---\n" + workload(name="canary", app="web", track="canary") + SERVICE, None),
    ("overlapping-selector", workload() + "---\n" + workload(name="canary", app="web", track="canary"), (0, "spec", "selector")),
    ("overlapping-selector", workload(app="web", track="stable") + "---\n" + workload(name="canary", app="web", track="canary"), None),
    ("host-clash", ingress("a") + ingress("b"), (1, "spec", "rules", 0, "http", "paths", 0, "path")),
    ("host-clash", ingress("a") + ingress("b", host="A.example"), (1, "spec", "rules", 0, "http", "paths", 0, "path")),
    ("host-clash", ingress("a") + ingress("b", ", ingressClassName: inner"), None),
    ("host-clash", ingress("a") + ingress("b", annotations='{nginx.ingress.kubernetes.io/canary: "true"}'), None),
    ("host-clash", route("a") + route("b"), (1, "spec", "hostnames", 0)),
    ("host-clash", route("a") + route("b", "headers: [{name: x, value: y}]"), None),
    ("host-clash", route("a") + route("b", parent="other"), None),
    ("unexpanded-variable", "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, env: [{name: A, value: $(B)}], envFrom: [{configMapRef: {name: c}}]}]}\n", None),
    ("literal-credential", "kind: Secret\nmetadata: {name: db-login}\n---\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, env: [{name: DB_SECRET, value: db-login}]}]}\n", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "stream", "place"), OBJECTS, ids=[f"{at}-{each[0]}" for at, each in enumerate(OBJECTS)]
)
def test_a_rule_looks_at_bare_objects(rule: str, stream: str, place: tuple[Any, ...] | None) -> None:
    """Objects of any origin do: a rule names the object and the field."""
    only = {name: "warn" if name == rule else "off" for name in NAMES}

    assert ([] if place is None else [(rule, "warning", place)]) == of_objects(stream, only)


# Levels.


def test_levels_by_default() -> None:
    """What is certain warns; what is a matter of policy is off."""
    stream = workload().replace("a:1", "a").replace("'a'", "a")

    assert [("floating-image", "warning")] == [each[:2] for each in of_objects(stream)]
    assert {"missing-liveness-probe", "root-allowed", "cluster-scoped-object"} == {
        each.rule.name for each in RULES if each.default == "off"
    }
    assert not [each for each in RULES if each.default == "error"]


FLOATING: Final = (
    "web: {workload: {containers: {web: {image: registry.example/web, resources: {cpu: 1, memory: 1Gi}}}}}\n"
)


@pytest.mark.parametrize(
    ("level", "severity"),
    [("off", None), ('"off"', None), ("warn", "warning"), ("error", "error"), ("# nothing", "warning")],
)
def test_a_workspace_sets_a_level(workbench: Workbench, level: str, severity: str | None) -> None:
    """`off` needs no quotes, although YAML 1.1 takes it for a truth value; errors fail."""
    text = f"lint:\n  floating-image: {level}\n" if "#" not in level else "lint: {}\n"
    workbench.app(FLOATING, **{"workspaces/dev.yaml": text})
    run = workbench.run("validate", "--format", "json")

    assert int(severity == "error") == run.exit_code
    assert [severity] * bool(severity) == [each["severity"] for each in json.loads(run.stdout)["diagnostics"]]


@pytest.mark.parametrize("level", ["false", "no", "on", "warning", "1", "null"])
def test_other_levels_are_refused(workbench: Workbench, level: str) -> None:
    """The report says which there are."""
    workbench.app(FLOATING, **{"workspaces/dev.yaml": f"lint: {{floating-image: {level}}}\n"})
    report = workbench.fail()

    assert "workspaces/dev.yaml:1:24: error[KR20" in report
    assert "`off`, `warn` or `error`" in report


@pytest.mark.parametrize("compatibility", ["native", "kusion"])
def test_an_unknown_rule_is_an_error(workbench: Workbench, compatibility: str) -> None:
    """A gate with a typo is none, so it is refused at its key, with what may have been meant."""
    files = {
        "kusion-render.yaml": f"compatibility: {compatibility}\n",
        "workspaces/dev.yaml": "lint: {floating-imag: error}\n",
    }
    workbench.app(FLOATING, **files)
    report = workbench.fail()

    assert "workspaces/dev.yaml:1:8: error[KR203]: unknown key `floating-imag` in `lint`" in report
    assert "did you mean `floating-image`?" in report


def test_a_code_is_answered_with_the_name(workbench: Workbench) -> None:
    """Reports show codes; the workspace wants names, and `off` is no second mistake."""
    workbench.app(FLOATING, **{"workspaces/dev.yaml": "lint: {KR601: off}\n"})
    report = workbench.fail()

    assert "workspaces/dev.yaml:1:8: error[KR203]: unknown key `KR601` in `lint`" in report
    assert "help: write its name, `floating-image`" in report
    assert "1 error\n" in report


def test_an_empty_map_of_levels_is_none(workbench: Workbench) -> None:
    """The defaults hold."""
    assert [("floating-image", "shop/dev/app.yaml:1")] == check(workbench, FLOATING, "lint: {}\n")


# The gate of a render.


def test_a_render_stops_at_errors_alone(workbench: Workbench) -> None:
    """Warnings are for `validate`; what a workspace makes an error stops a render, with the place."""
    workbench.app(FLOATING, **{"workspaces/dev.yaml": "lint: {missing-requests: error}\n"})
    run = workbench.render()
    assert ("", 1) == (run.stderr, len(run.manifests))

    workbench.write({"workspaces/dev.yaml": "lint: {floating-image: error, missing-requests: warn}\n"})
    report = workbench.fail()

    assert f"shop/dev/app.yaml:1:{FLOATING.index('registry') + 1}: error[KR601]" in report
    assert report.endswith("1 error\n")


def test_argo_cd_stops_too(workbench: Workbench) -> None:
    """No manifest, and the finding where its UI shows it."""
    workbench.app(FLOATING, **{"workspaces/dev.yaml": "lint: {floating-image: error}\n"})
    run = workbench.run("argocd", "generate", folder="shop/dev", env={"ARGOCD_APP_SOURCE_PATH": "shop/dev"})

    assert (1, "") == (run.exit_code, run.stdout)
    assert run.stderr.startswith(f"shop/dev/app.yaml:1:{FLOATING.index('registry') + 1}: error[KR601]")


def test_explain_goes_on(workbench: Workbench) -> None:
    """Where a value comes from can be asked although it breaks a rule."""
    workbench.app(FLOATING, **{"workspaces/dev.yaml": "lint: {floating-image: error}\n"})
    field = "spec.template.spec.containers[0].image"

    assert 0 == workbench.run("explain", "shop/dev", "deployment/web", field).exit_code


@pytest.mark.parametrize(("level", "imported"), [("warn", False), ("error", True)])
def test_a_render_without_a_gate_does_not_import_it(workbench: Workbench, level: str, imported: bool) -> None:  # noqa: FBT001 - a case's expectation
    """Start-up is most of what one render costs."""
    workbench.app(container(""), **{"workspaces/dev.yaml": f"lint: {{floating-image: {level}}}\n"})
    script = (
        f"import sys, os; sys.path.insert(0, {str(PROJECT)!r})\n"
        "from kusion_render.integrations.argocd import generate\n"
        "generate({'ARGOCD_APP_SOURCE_PATH': 'shop/dev'}, os.getcwd())\n"
        "print('kusion_render.lint' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=workbench.root / "shop/dev",
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"{imported}\n" == run.stdout


def test_the_gate_lets_only_errors_through() -> None:
    """Every other rule is off for a render."""
    levels = gate({"floating-image": "error", "host-path": "warn"})

    assert "error" == levels.pop("floating-image")
    assert {"off"} == set(levels.values())
    assert len(RULES) == len(levels) + 1


# Several stacks.


def shops(workbench: Workbench, workspaces: tuple[str, str] = ("eu", "eu"), level: str = "{}") -> Workbench:
    """Write two stacks that claim the same two hosts and the same port of every node."""
    network = "{type: NodePort, ports: [{port: 80, targetPort: 8080, nodePort: 30080}], hosts: [a.example, b.example]}"
    app = container("readinessProbe: {tcpSocket: {port: 8080}}", f"  accessories:\n    network: {network}\n")
    stacks = {
        f"shop/{name}/stack.yaml": f"name: {name}\nworkspace: {workspace}\n"
        for name, workspace in zip(("dev", "prod"), workspaces, strict=True)
    }
    names = {f"workspaces/{name}.yaml": f"lint: {level}\n" for name in {*workspaces}}
    workbench.app(app, **stacks, **names, **{"shop/prod/app.yaml": app})
    return workbench


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_stacks_of_one_workspace_clash(workbench: Workbench, jobs: str) -> None:
    """A host and a port of the node are one for the whole cluster; two stacks are told once for each."""
    run = shops(workbench).run("validate", "--jobs", jobs)

    assert 0 == run.exit_code
    assert "2 warnings" in run.stdout
    assert (
        ": warning[KR619]: Ingress `web` claims `a.example/` (and 1 more), "
        "and so does Ingress `web` of `shop/dev`\n" in run.stdout
    )
    assert (
        "warning[KR620]: Service `web` claims port 30080 of every node, and so does Service `web` of `shop/dev`"
        in run.stdout
    )
    assert "  --> shop/dev/app.yaml:9:" in run.stdout


def test_stacks_of_other_workspaces_do_not_clash(workbench: Workbench) -> None:
    """Another workspace is another cluster, and a level of `off` is off."""
    assert "" == shops(workbench, ("eu", "us")).run("validate").stdout
    assert "" == shops(workbench, level="{host-clash: off, node-port-clash: off}").run("validate").stdout


def test_a_render_stops_at_clashes_that_are_errors(workbench: Workbench) -> None:
    """The gate holds for what needs several stacks, too; one stack alone renders."""
    shops(workbench, level="{host-clash: error}")
    report = workbench.fail()

    assert "error[KR619]" in report
    assert "KR620" not in report
    assert 3 == len(workbench.render("shop/prod").manifests)


def test_clashes_of_bare_objects() -> None:
    """Who has streams of manifests can compare them without any repository."""
    one, other = (
        claims_of([(name, each) for each in yaml.safe_load_all(ingress(name)) if each], {}) for name in ("a", "b")
    )
    found = Diagnostics()
    lint_together([("x", "eu", one), ("y", "eu", other), ("z", "us", other)], lambda number, _: Place((number,)), found)

    assert ["Ingress `b` claims `a.example/x`, and so does Ingress `a` of `x`"] == [
        each.message for each in found.items
    ]


# Places.


def test_a_layer_below_is_named(workbench: Workbench) -> None:
    """What the base or the workspace says is edited there, and told once for all stacks."""
    base = (
        container("")
        .replace("web:1.0.0", "web:latest")
        .replace("web:\n  workload", '"*":\n  labels: {a: b}\nweb:\n  workload')
    )
    workbench.app(
        "web: {workload: {replicas: 2}}\n",
        **{
            "shop/base/app.yaml": base,
            "shop/prod/stack.yaml": "name: prod\n",
            "workspaces/dev.yaml": "modules: {service: {configs: {default: {podSpec: {hostPID: true}}}}}\n",
        },
    )
    run = workbench.run("validate")

    assert 1 == run.stdout.count("shop/base/app.yaml:7:16: warning[KR601]")
    assert "in shop/dev and shop/prod" in run.stdout
    assert "workspaces/dev.yaml:1:60: warning[KR611]" in run.stdout


def test_what_is_known_of_one_app_holds_for_another_of_its_shape() -> None:
    """Places found by the experiments of another stack are those that its own would find."""
    root = PROJECT / "examples/online-boutique"
    found = Diagnostics()
    repository = Repository(Files(str(root)), found)
    known: dict[object, Attribution] = {}
    compared = 0
    for target in select(repository, [], found):
        compilation = compile_stack(repository, target, Options(), found)
        for resource in (each for each in compilation.resources if each.attributes["kind"] == "Service"):
            for pointer, _ in leaves(resource.attributes):
                one, other = (
                    cause(compilation, resource.id, pointer, known),
                    cause(compilation, resource.id, pointer, {}),
                )
                assert one is not None
                assert other is not None
                assert (other.document, other.pointer, other.on_key) == (one.document, one.pointer, one.on_key)
                compared += 1
            if compared > 150:
                return
    pytest.fail("nothing was compared")


# Secrets.


@pytest.mark.parametrize("name", ["DB_PASSWORD", "dbPassword", "API_KEY", "apikey", "SECRET_KEY_BASE", "REDIS_PASS", "signing.key", "token2", "AWS_SECRET_ACCESS_KEY", "CLIENT_SECRET", "encryption-key", "GITHUB_TOKEN"])  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    """Whatever lint takes for a secret, the report masks: alone, and as a setting inside of a value."""
    assert names_secret(name)
    assert reveals(name, "correct-horse")
    assert tells(plain(name))
    for line in (
        f"{name}: correct-horse",
        f'settings: "{name}=correct-horse"',
        f'key: "-----BEGIN {name[:0]}PRIVATE KEY-----abc"',
    ):
        start = Masks([line]).ranges(0)[0][0]
        assert start <= line.index("correct-horse" if "horse" in line else "-----")


@pytest.mark.parametrize("name", ["TOKEN_URL", "PASSWORD_FILE", "SECRET_NAME", "MAX_TOKENS", "CACHE_KEY", "PUBLIC_KEY", "TOKENIZER", "BYPASS", "compass", "KEY", "PWD", "SSH_KEY_PATH", ""])  # fmt: skip
def test_names_that_only_sound_so(name: str) -> None:
    """A name that holds the word is not yet a secret's."""
    assert not reveals(name, "correct-horse")


@pytest.mark.parametrize("value", ["", "true", "5", "/run/secrets/x", "$(X)", "${X}", "{{ x }}", "<x>", "secret://a/b", "changeme", "CHANGE_ME", "***", "xxxx", "https://a.example/login", "enabled", "vault:secret/data/x"])  # fmt: skip
def test_values_that_are_no_secrets(value: str) -> None:
    """References, paths, switches and placeholders are what a reviewer asks for."""
    assert not reveals("DB_PASSWORD", value)


def test_no_secret_is_shown(workbench: Workbench) -> None:
    """No format of the report, and no message, holds the value."""
    app = container(
        "env:\n  DB_PASSWORD: correct-horse\n  URL: redis://:correct-horse@cache\n  REDIS_PASS: correct-horse\n"
        "  PEM: |\n    -----BEGIN RSA PRIVATE KEY-----\n    correct-horse\n"
        '  ONE: "-----BEGIN PRIVATE KEY-----\\ncorrect-horse"\n',
        "  accessories: {configs: {c: {data: {a: 'signing_key=correct-horse', b: 'auth-key: correct-horse'}}}}\n",
    )
    workbench.app(app)
    for output_format in ("text", "json", "github", "sarif", "junit"):
        report = workbench.run("validate", "--format", output_format).stdout

        assert "correct-horse" not in report
        assert report.count("KR616") >= 7


# What stands in the repository.


# What Kusion makes as it is: a database with its password in Git, without requests and probe; what only Kusion fetches or
# makes in a cloud.
AS_KUSION: Final = {"KR320", "KR353", "KR364", "KR602", "KR603"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_clean(example: Any) -> None:
    """Examples, and so what `init` writes, have no finding where they are applied by a tool that knows phases."""
    run = Workbench(example).run("validate", "--profile", "argocd", "--format", "json")

    found = {each["code"] for each in json.loads(run.stdout)["diagnostics"]}
    assert (0, AS_KUSION if example.name == "kusion" else set()) == (run.exit_code, found)


def test_the_page_lists_the_rules() -> None:
    """The table of the reference has each rule with its code and its default, and the schema knows the same names."""
    page = (PROJECT / "docs/reference/lint.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([a-z-]+)` \| \[(KR\d+)\]\(diagnostics\.md#[a-z0-9-]+\) \| `(off|warn|error)` \|", page, re.MULTILINE
    )
    schema = json.loads((PROJECT / "schemas/v1/workspace.json").read_text(encoding="utf-8"))["properties"]["lint"]

    assert [(each.rule.name, each.rule.code, each.default) for each in RULES] == rows
    assert {each.rule.name: each.default for each in RULES} == {
        name: known["default"] for name, known in schema["properties"].items()
    }
    assert NAMES == schema["propertyNames"]["enum"]
    assert sorted(each.rule.code for each in RULES) == [each.rule.code for each in RULES]


# Odd input.

PARTS: Final = sorted({"spec", "metadata", "template", "containers", "initContainers", "name", "env", "value", "ports", "selector", "matchLabels", "matchExpressions", "labels", "rules", "http", "paths", "securityContext", "capabilities", "add", "volumes", "hostPath", "data", "replicas", "minAvailable", "kind", "resources", "requests", "image"})  # fmt: skip
ODD: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["$(A)", "a", "50%", "Job"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=4),
    max_leaves=8,
)
SAMPLE: Final = [
    each
    for stream in (workload(), JOB, SERVICE, budget("minAvailable: 1"), scaler(""), ingress("a"), route("a"))
    for each in yaml.safe_load_all(stream)
    if each
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_objects_of_any_shape_do_no_harm(data: st.DataObject) -> None:
    """What nobody has checked may hold anything anywhere; a part of a wrong type counts as missing."""
    objects = json.loads(json.dumps(SAMPLE))
    for _ in range(3):
        inside = data.draw(st.sampled_from(objects))
        for _ in range(data.draw(st.integers(0, 6))):
            inner = [
                each
                for each in (inside.values() if isinstance(inside, dict) else inside)
                if isinstance(each, (dict, list)) and each
            ]
            if not inner:
                break
            inside = data.draw(st.sampled_from(inner))
        key = data.draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else list(range(len(inside)))))
        inside[key] = data.draw(ODD)
    levels = dict.fromkeys(NAMES, "warn")
    named = [(str(at), each) for at, each in enumerate(objects)]

    lint(named, levels, Diagnostics())
    claims_of(named, levels)


def test_hostile_text_takes_no_time() -> None:
    """Long lines without an end, unclosed references and addresses are looked at once."""
    for text in ("a=" * 50_000, "$(" * 50_000, "x://" * 50_000, '"' * 100_000, "-----BEGIN " * 20_000, "\n" * 100_000, "A_" * 50_000, " " * 100_000):  # fmt: skip
        config = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": text, text: "b"}}
        variable = {"name": "A", "value": text}
        pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "env": [variable]}]}}
        lint([("a", config), ("b", pod)], {}, Diagnostics())
