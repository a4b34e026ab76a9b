"""The schemas, the generated validators, and what users are told."""

from __future__ import annotations

import copy
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kusion_render.diagnostics import Diagnostics, Place
from kusion_render.kcl import PACKAGES, package_folder
from kusion_render.loaders.kusion_types import TYPES, is_known
from kusion_render.schema import artefacts, build, check, merge_keys, positions, publish, truth, typed
from kusion_render.schema.faults import validator
from kusion_render.schema.patterns import QUICK, Invalid, matches
from kusion_render.yamlio import parse

if TYPE_CHECKING:
    from workbench import Workbench

SERVICE: dict[str, Any] = {
    "_type": "service.Service",
    "replicas": 2,
    "type": "StatefulSet",
    "labels": {"team": "payments", "tier": 1},
    "serviceAccount": {"annotations": {"role": "checkout"}, "automountToken": False},
    "securityContext": {"fsGroup": 1000, "sysctls": [{"name": "net.core.somaxconn", "value": 1024}]},
    "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
    "imagePullSecrets": ["registry", {"name": "other"}],
    "topologySpreadConstraints": {
        "zones": {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    },
    "secrets": {"login": {"type": "basic", "data": {"username": "u", "password": "p"}, "immutable": True}},
    "containers": {
        "server": {
            "image": "registry.example/checkout:1.4.2",
            "command": ["serve"],
            "ports": {"grpc": 5050, "http": {"port": 8080, "protocol": "TCP"}},
            "env": {
                "PORT": 5050,
                "TOKEN": {"secret": "checkout", "key": "token"},
                "MODE": {"config": "checkout", "key": "mode", "optional": True},
                "POD": {"field": "metadata.name"},
                "CPUS": {"resource": "limits.cpu", "divisor": "1m"},
            },
            "envFrom": ["config/checkout", {"secret": "checkout", "prefix": "S_"}],
            "resources": {"cpu": "100m-200m", "memory": {"request": "64Mi", "limit": "128Mi"}},
            "readinessProbe": {"grpc": {"port": "grpc"}, "periodSeconds": 5},
            "livenessProbe": {"probeHandler": {"url": "http://localhost:8080/hz", "headers": {"X-A": "b"}}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "files": {"/etc/a.conf": {"content": "x", "mode": "0644"}, "/etc/b": {"contentFrom": "secret://a/b"}},
            "dirs": {"/cache": "emptyDir", "/data": {"volume": {"size": "10Gi"}}, "/in": {"claim": "in"}},
            "security": "none",
        },
    },
}
VALID: dict[str, list[Any]] = {
    "modules/service": [SERVICE],
    "modules/job": [
        {"schedule": "0 3 * * *", "containers": {"a": {"image": "b", "ports": [5432, {"containerPort": 1}]}}},
        {"backoffLimit": 2, "containers": {"main": {"image": "a"}}},
    ],
    "modules/network": [
        {"ports": [{"port": 80, "targetPort": "http", "public": True}], "port": {"type": "aws"}},
        {"hosts": ["a.example"], "hostDefaults": {"gateway": [{"name": "public", "sectionName": "https"}]}},
        {"access": [{"from": ["web", {"podSelector": {}}], "ports": ["http", {"port": 1, "endPort": 2}]}, {}]},
        {
            "services": {"a": {"ports": {"grpc": 5050, "http": {"port": 80, "targetPort": 8080}}, "headless": True}},
            "hosts": ["*.example.com", {"host": "a.example.com", "path": "/x", "tls": True}],
            "ingress": {
                "rules": [{"host": "a", "http": {"paths": [{"backend": {"service": {"port": {"number": 80}}}}]}}]
            },
        },
    ],
    "modules/configs": [
        {"checkout": {"data": {"A": 1, "b.yaml": "c"}, "files": {"d": "d.bin"}}, "x": {"existing": True}}
    ],
    "modules/secrets": [{"s": {"type": "external", "data": {"a": "ref://b/c"}}, "t": {"existing": True}}],
    "modules/serviceaccounts": [{"a": {"automountToken": False, "imagePullSecrets": ["b"]}}],
    "modules/autoscaling": [{"min": 2, "max": 5, "cpu": 50, "behavior": {"scaleDown": {}}}],
    "modules/k8s_manifest": [
        {"paths": ["a.yaml", "b"], "resources": [{"apiVersion": "v1", "kind": "A", "metadata": {"name": "b"}}]},
        {"_type": "k8s_manifest.K8sManifest", "paths": ["a"]},
    ],
    "modules/monitoring": [
        {"port": 9102, "path": "/stats", "rules": [{"record": "a", "expr": "b"}], "labels": {"a": "b"}},
        {"_type": "monitoring.Prometheus", "port": "http-stats", "operatorMode": True, "interval": "1m30s"},
    ],
    "modules/mysql": [
        {"type": "local", "version": "8.0", "passwordSecret": "a/b.c", "size": 20},
        {"_type": "mysql.MySQL", "type": "cloud", "version": "8.0", "cloud": "aws", "securityIPs": ["10.0.0.0/8"]},
    ],
    "modules/opensearch": [
        {"domainName": "a", "engineVersion": 2.11, "region": "b", "ebsOptions": {"volumeSize": 0}},
        {"_type": "opensearch.OpenSearch", "domainName": "a", "statement": [{"effect": "Deny", "action": ["es:*"]}]},
    ],
    "modules/postgres": [{"type": "local", "version": 16, "databaseName": "store", "username": "keeper"}],
    "modules/inference": [
        {"model": "llama3", "framework": "ollama", "image": "a/b:1", "top_k": 1},
        {"_type": "inference.v1.inference.Inference", "model": "a", "framework": "KubeRay", "num_predict": -2},
    ],
    "modules/opsrule": [{}, {"maxUnavailable": 1}, {"_type": "opsrule.OpsRule", "maxUnavailable": "40"}],
    "modules/disruptionbudget": [{"minAvailable": "50%"}, {"maxUnavailable": 1}],
    "app-configuration": [{"workload": {"x": 1}, "accessories": {"a": {}}, "labels": {"b": "c"}, "enabled": True}],
    "project": [{"name": "shop", "namespace": {"name": "shop-${{ stack.name }}", "create": True}}],
    "stack": [
        {"name": "prod", "workspaces": ["eu", "us"], "entries": ["app.yaml"], "namespace": "shop"},
        {"extensions": [{"kind": "kubernetesNamespace", "kubernetesNamespace": {"namespace": "a"}}]},
    ],
    "workspace": [
        {
            "modules": {
                "service": {"version": 0.1, "configs": {"default": {"a": 1}, "p": {"projectSelector": ["x"], "b": 1}}},
                "mysql": {
                    "configs": {"default": {"importedResources": {"a:b:c:d": "e"}, "healthPolicy": {"kind": "A"}}}
                },
            },
            "context": {"AWS_REGION": "eu-west-1", "owner": {"team": "a"}},
            "secretStore": {
                "provider": {"vault": {"server": "https://v"}},
                "externalSecrets": {"store": {"name": "v"}},
            },
            "images": [{"name": "a", "newTag": 1.5}],
            "secrets": {"allowLiteral": ["a"]},
            "lint": {"host-path": "off"},
            "kubernetesVersion": "1.31",
            "clusterScopedKinds": ["cert-manager.io/ClusterIssuer"],
        },
        *(
            {"secretStore": {"provider": {name: settings}}}
            for name, settings in (
                ("aws", {"region": "a", "profile": "b"}),
                ("alicloud", {"region": "a"}),
                ("vault", {"server": "a", "path": "b", "version": "v1"}),
                ("azure", {"vaultUrl": "a", "tenantId": "b", "environmentType": "ChinaCloud"}),
                ("viettelcloud", {}),
                ("viettelcloud", {"cmpURL": "a", "projectID": "11111111-2222-3333-4444-aaaaaaaaaaaa"}),
                ("fake", {"data": [{"key": "a", "valueMap": {"b": "c"}, "version": "1"}]}),
                ("onpremises", {"name": "a", "attributes": {"b": "c"}}),
            )
        ),
    ],
    "kusion-render": [{"limits": {"maxNodes": 1}, "kubernetesVersions": ["1.30"]}],
}


def server(**changes: Any) -> dict[str, Any]:
    """Return a service whose only container has these fields beside its image."""
    return {"containers": {"server": {"image": "a", **changes}}}


def found(data: Any, name: str, *, pointer: tuple[str, ...] = ()) -> list[tuple[str, tuple[str | int, ...], str, str]]:
    """Return code, pointer, message and help of every problem."""
    diagnostics = Diagnostics()
    good = check(data, name, diagnostics, pointer=pointer)
    assert good == (not diagnostics.items)
    result = []
    for item in diagnostics.items:
        assert isinstance(item.where, Place)
        result.append((item.rule.code, item.where.pointer, item.message, item.help or ""))
    return result


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schema and every schema inside it."""
    gathered: list[dict[str, Any]] = []

    def gather(node: dict[str, Any]) -> dict[str, Any]:
        gathered.append(node)
        return node

    truth.rewrite(schema, gather)
    return gathered


@pytest.mark.parametrize("name", truth.names())
def test_every_schema_is_a_schema(name: str) -> None:
    """Resolved and published schemas are valid JSON Schemas of draft 2020-12."""
    Draft202012Validator.check_schema(truth.load(name))
    Draft202012Validator.check_schema(json.loads(publish.published_text(name)))


@pytest.mark.parametrize("name", truth.names())
def test_every_property_is_described(name: str) -> None:
    """Each property of each schema has a description, which editors and the reference show."""
    root = truth.load(name)
    objects = [node for node in nodes(root) if node.get("type") == "object"]
    bare = [key for node in objects for key, value in node.get("properties", {}).items() if "description" not in value]
    assert bare == []


@pytest.mark.parametrize("name", truth.names())
def test_examples_and_defaults_fit_their_schema(name: str) -> None:
    """What a schema shows as an example or a default is right."""
    root = truth.load(name)
    for node in nodes(root):
        for value in [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]:
            assert list(validator({**node, "$defs": root.get("$defs", {})}).iter_errors(value)) == []


def test_derived_files_are_fresh() -> None:
    """The generated validators, the module table and the published schemas follow from the schemas."""
    files = build.wanted()
    assert [path for path, content in files.items() if build.current(path) != content] == []
    assert build.leftovers(files) == []


def test_every_schema_has_valid_data_here() -> None:
    """The examples below cover every schema."""
    assert sorted(VALID) == sorted(truth.names())


@pytest.mark.parametrize("name", sorted(VALID))
def test_valid_data_fits(name: str) -> None:
    """Data in every documented form is accepted, by the quick and by the authoritative check."""
    for data in VALID[name]:
        assert found(data, name) == []
        assert list(validator(truth.load(name)).iter_errors(data)) == []


VALUES: list[Any] = [None, True, False, 0, 1, -1, 80, 70000, 1.5, 2.0, "", "a", "A b", "10m", "0644", "http\n", [], ["a"],
                     [1], ["a", "a"], {}, {"a": "b"}, {"name": "a"}, {"key": 1}, {"port": 1}]  # fmt: skip


def mutated(data: Any, chance: random.Random) -> Any:
    """Return a copy with a few values replaced, removed, renamed or added."""
    result = copy.deepcopy(data)
    for _ in range(chance.randint(1, 3)):
        parents = containers_of(result)
        parent = chance.choice(parents)
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        action = chance.choice(["replace", "remove", "add"])
        if action == "add" or not keys:
            value = copy.deepcopy(chance.choice(VALUES))
            if isinstance(parent, dict):
                parent[chance.choice(["a", "type", "module", "secret", "config", "port", "data", "content", "A B"])] = (
                    value
                )
            else:
                parent.append(value)
        elif action == "remove":
            del parent[chance.choice(keys)]
        else:
            parent[chance.choice(keys)] = copy.deepcopy(chance.choice(VALUES))
    return result


def containers_of(data: Any) -> list[Any]:
    """Return every map and list inside the data."""
    children = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    own = [data] if isinstance(data, (dict, list)) else []
    return own + [inner for child in children for inner in containers_of(child)]


@pytest.mark.parametrize("name", sorted(VALID))
@settings(derandomize=True, max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_generated_validator_agrees_with_jsonschema(name: str, seed: int) -> None:
    """The quick check accepts exactly what the authoritative one accepts."""
    chance = random.Random(seed)  # noqa: S311 - test data
    data = mutated(chance.choice(VALID[name]), chance)
    try:
        artefacts(name).validate(data)
        quick = True
    except Invalid:
        quick = False
    assert quick == (not list(validator(truth.load(name)).iter_errors(data)))
    assert quick == (not found(data, name))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(text=st.text(alphabet="aZ09-_.mKi MGTe\né²٣", max_size=6))
def test_quick_patterns_accept_only_what_the_pattern_accepts(text: str) -> None:
    """A quick test never accepts what its pattern would refuse."""
    for pattern, quick in QUICK.items():
        if text and quick(text):
            assert re.search(pattern[:-1] + r"\Z", text)


def test_quick_patterns_are_patterns_of_the_schemas() -> None:
    """A quick test whose pattern nobody uses any more is dead."""
    used = {node.get("pattern") for name in truth.names() for node in nodes(truth.load(name))}
    assert set(QUICK) - used == set()
    assert not matches("^a$", "a\n")


BAD: list[tuple[str, Any, str, tuple[str | int, ...], str, str]] = [
    ("modules/service", {**SERVICE, "replica": 3}, "KR203", ("replica",), "unknown key `replica` in service", "did you mean `replicas`?"),
    ("modules/service", {**SERVICE, "image": "a"}, "KR203", ("image",), "unknown key `image`", "belongs under `containers.<name>`"),
    ("modules/service", {**SERVICE, "cpu": 1}, "KR203", ("cpu",), "unknown key", "belongs under `containers.<name>.resources`"),
    ("modules/service", {**SERVICE, "schedule": "@daily"}, "KR203", ("schedule",), "unknown key", "only a job has it"),
    ("modules/service", {**SERVICE, "replicas": "3"}, "KR201", ("replicas",), "must be a whole number, found text `3`", "write it without quotes"),
    ("modules/service", {**SERVICE, "replicas": 2.0}, "KR201", ("replicas",), "must be a whole number, found the number `2.0`", ""),
    ("modules/service", {**SERVICE, "replicas": -1}, "KR206", ("replicas",), "must be at least 0, found `-1`", ""),
    ("modules/service", {**SERVICE, "type": "deployment"}, "KR204", ("type",), "must be `Deployment`", "did you mean `Deployment`?"),
    ("modules/service", {"replicas": 1}, "KR202", (), "service has no `containers`", ""),
    ("modules/service", {"image": "a", "containers": {"web": {"image": "a"}}}, "KR203", ("image",), "unknown key `image`", "belongs under"),
    ("modules/service", {"containers": {"a": {}}}, "KR202", ("containers", "a"), "`a` has no `image`", "add it, as `image: "),
    ("modules/service", {"containers": [{"name": "web"}]}, "KR201", ("containers",), "must be a map, found a list", "`containers: {web: {image: …}}`"),
    ("modules/service", server(env=[{"name": "A", "value": "b"}]), "KR201", ("containers", "server", "env"), "must be a map, found a list", "`env: {A: …}`"),
    ("modules/service", server(env={"A": {"secret": "x", "kye": "k"}}), "KR203", ("containers", "server", "env", "A", "kye"), "unknown key `kye` in `A`", "did you mean `key`?"),
    ("modules/service", server(env={"A": {}}), "KR202", ("containers", "server", "env", "A"), "needs one of `secret`, `config`, `field` or `resource`", ""),
    ("modules/service", server(env={"A": {"valueFrom": {}}}), "KR203", ("containers", "server", "env", "A", "valueFrom"), "unknown key", "{field: PATH}"),
    ("modules/service", server(env={"A": {"secret": "a", "config": "b", "key": "c"}}), "KR207", ("containers", "server", "env", "A", "config"), "`secret` and `config` exclude each other", "keep one of them"),
    ("modules/service", server(env={"1A": "b"}), "KR205", ("containers", "server", "env", "1A"), "key `1A` must be a variable name", ""),
    ("modules/service", server(args=[1]), "KR201", ("containers", "server", "args", 0), "item 1 of `args` must be text, found the number `1`", 'quote it: `"1"`'),
    ("modules/service", server(command="a"), "KR201", ("containers", "server", "command"), "must be a list, found text `a`", ""),
    ("modules/service", server(cpu=1), "KR203", ("containers", "server", "cpu"), "unknown key", "belongs under `resources`"),
    ("modules/service", server(replicas=1), "KR203", ("containers", "server", "replicas"), "unknown key", "beside `containers`"),
    ("modules/service", server(ports={"grpc": 70000}), "KR206", ("containers", "server", "ports", "grpc"), "must be at most 65535", ""),
    ("modules/service", server(resources={"cpu": "1x"}), "KR205", ("containers", "server", "resources", "cpu"), "`100m-200m`, found `1x`", ""),
    ("modules/service", server(livenessProbe={}), "KR202", ("containers", "server", "livenessProbe"), "needs one of `httpGet`", ""),
    ("modules/service", server(dirs={"/a": 3}), "KR201", ("containers", "server", "dirs", "/a"), "must be text or a map", ""),
    ("modules/service", server(files={"/a": {"content": "b", "from": "c"}}), "KR207", ("containers", "server", "files", "/a", "from"), "`content` and `from` exclude each other", ""),
    ("modules/service", {**SERVICE, "secrets": {"a": {"type": "basic", "data": {"pass": "b"}}}}, "KR203", ("secrets", "a", "data", "pass"), "unknown key `pass`", "did you mean `password`?"),
    ("modules/network", {"ports": {"http": 80}}, "KR201", ("ports",), "must be a list, found a map", "write a list"),
    ("modules/configs", {"a": {"data": {"b c": "d"}}}, "KR205", ("a", "data", "b c"), "must be a data key", ""),
    ("modules/configs", {"a": {"existing": True, "data": {}}}, "KR207", ("a", "data"), "exclude each other", ""),
    ("app-configuration", {"replicas": 1}, "KR203", ("replicas",), "unknown key", "belongs under `workload`"),
    ("app-configuration", {"network": {}}, "KR203", ("network",), "unknown key", "`accessories.network`"),
    ("app-configuration", {"lables": {}}, "KR203", ("lables",), "unknown key", "did you mean `labels`?"),
    ("project", {}, "KR202", (), "project.yaml has no `name`", "add it, as `name: shop`"),
    ("project", {"name": "a b"}, "KR205", ("name",), "must be a name: 1 to 100 letters", ""),
    ("project", {"name": "a", "namespace": {"creat": True}}, "KR203", ("namespace", "creat"), "unknown key", "did you mean `create`?"),
    ("stack", {"workspace": "a", "workspaces": ["b"]}, "KR207", ("workspaces",), "`workspace` and `workspaces` exclude each other", ""),
    ("stack", {"workspaces": ["a", "a"]}, "KR206", ("workspaces",), "names an item twice", ""),
    ("workspace", {"secretStore": {"provider": {"fake": {}, "aws": {"region": "a"}}}}, "KR207", ("secretStore", "provider", "fake"), "exclude each other", ""),
    ("workspace", {"secretStore": {"provider": {}}}, "KR202", ("secretStore", "provider"), "needs one of `aws`, `alicloud`, `vault`, `azure`, `viettelcloud`, `fake` or `onpremises`", "add it"),
    ("workspace", {"secretStore": {"provider": None}}, "KR201", ("secretStore", "provider"), "must be a map, found null", "give it a value"),
    ("workspace", {"secretStore": {"provider": {"aws": {}}}}, "KR202", ("secretStore", "provider", "aws"), "`aws` has no `region`", "add it, as `region: eu-west-1`"),
    ("workspace", {"secretStore": {"provider": {"alicloud": {"region": ""}}}}, "KR206", ("secretStore", "provider", "alicloud", "region"), "must not be empty", ""),
    ("workspace", {"secretStore": {"provider": {"vault": {"path": "kv"}}}}, "KR202", ("secretStore", "provider", "vault"), "`vault` has no `server`", "add it, as `server: https"),
    ("workspace", {"secretStore": {"provider": {"vault": {"server": "a", "version": "2"}}}}, "KR204", ("secretStore", "provider", "vault", "version"), "must be `v1` or `v2`", ""),
    ("workspace", {"secretStore": {"provider": {"azure": {"vaultUrl": "a"}}}}, "KR202", ("secretStore", "provider", "azure"), "`azure` has no `tenantId`", "add it, as `tenantId"),
    ("workspace", {"secretStore": {"provider": {"azure": {"vaultUrl": "a", "tenantId": "b", "environmentType": "Public"}}}}, "KR204", ("secretStore", "provider", "azure", "environmentType"), "must be `PublicCloud`", ""),
    ("workspace", {"secretStore": {"provider": {"viettelcloud": {"projectID": "shop"}}}}, "KR205", ("secretStore", "provider", "viettelcloud", "projectID"), "must be a UUID", ""),
    ("workspace", {"secretStore": {"provider": {"fake": {"data": [{"value": "a"}]}}}}, "KR202", ("secretStore", "provider", "fake", "data", 0), "has no `key`", "add it, as `key: database`"),
    ("workspace", {"secretStore": {"provider": {"onpremises": {"atributes": {}}}}}, "KR203", ("secretStore", "provider", "onpremises", "atributes"), "unknown key", "did you mean `attributes`?"),
    ("workspace", {"modules": {"a": {"configs": {"default": {"importedResources": {"b": 1}}}}}}, "KR201", ("modules", "a", "configs", "default", "importedResources", "b"), "must be text", "quote it"),
    ("workspace", {"modules": {"a": {"configs": {"p": {"projectSelector": ["b"], "importedResources": ["c"]}}}}}, "KR201", ("modules", "a", "configs", "p", "importedResources"), "must be a map", ""),
    ("workspace", {"modules": {"a": {"configs": {"default": {"projectSelector": ["b"]}}}}}, "KR203", ("modules", "a", "configs", "default", "projectSelector"), "does not belong in `default`", ""),
    ("workspace", {"lint": {"host-paths": "off"}}, "KR203", ("lint", "host-paths"), "unknown key `host-paths` in `lint`", "did you mean `host-path`?"),
    ("workspace", {"lint": {"host-path": "warning"}}, "KR204", ("lint", "host-path"), "must be `off`, `warn` or `error`", "did you mean `warn`?"),
    ("kusion-render", {"limits": {"max": 1}}, "KR203", ("limits", "max"), "unknown key `max` in `limits`", "allowed here: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "code", "pointer", "message", "advice"), BAD)
def test_problems_have_code_place_and_next_step(
    name: str, data: Any, code: str, pointer: tuple[str | int, ...], message: str, advice: str
) -> None:
    """Each mistake is reported once, at its place, in the user's words."""
    findings = found(data, name)
    assert [(item[0], item[1]) for item in findings] == [(code, pointer)]
    assert message in findings[0][2]
    assert advice in findings[0][3]


def test_every_problem_is_reported_at_once() -> None:
    """One check reports all that is wrong, not just the first."""
    data = {"replicas": "x", "replica": 1, "containers": {"a": {"ports": {"B": 1}}}}
    assert sorted(item[0] for item in found(data, "modules/service")) == ["KR201", "KR202", "KR203", "KR205"]


def test_places_begin_where_the_data_stands() -> None:
    """The caller's pointer leads every place."""
    findings = found({"max": 0}, "modules/autoscaling", pointer=("checkout", "accessories", "scale"))
    assert [item[1] for item in findings] == [("checkout", "accessories", "scale", "max")]


def test_unknown_keys_are_placed_on_the_key() -> None:
    """An unknown key is marked itself, a wrong value at the value."""
    diagnostics = Diagnostics()
    check({"name": 1, "nmae": 2}, "project", diagnostics, document="project")
    marks = {item.where.pointer: (item.where.on_key, item.where.document) for item in diagnostics.items if isinstance(item.where, Place)}  # fmt: skip
    assert marks == {("name",): (False, "project"), ("nmae",): (True, "project")}


@pytest.mark.parametrize("key", ["apiVersion", "kind"])
def test_a_manifest_is_recognised(key: str) -> None:
    """A Kubernetes manifest in place of a layer is called what it is."""
    assert found("Deployment", "app-configuration", pointer=(key,))[0][3] == (
        "this is a Kubernetes manifest, not an AppConfiguration"
    )


def test_secret_values_are_never_shown() -> None:
    """No message repeats a value from beneath a key that holds secrets."""
    data = {
        "secrets": {"a": {"type": "hunter2", "data": {"k": ["hunter2"]}, "immutable": "hunter2"}},
        "containers": {"a": {"image": "b", "env": {"A": {"secret": "hunter2!", "key": "c"}}}},
    }
    findings = found(data, "modules/service")
    assert len(findings) == 4
    assert "hunter2" not in str([item[2:] for item in findings])


def test_a_schema_from_outside_is_checked_without_generated_code() -> None:
    """A third-party module passes its own schema."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"size": {"type": "integer", "multipleOf": 2}},
    }
    diagnostics = Diagnostics()
    assert check({"size": 2, "_type": "queue.Queue"}, "modules/queue", diagnostics, schema=schema)
    assert not check({"size": 3, "sise": 1}, "modules/queue", diagnostics, schema=schema)
    assert [item.rule.code for item in diagnostics.items] == ["KR203", "KR206"]


def test_kusion_types_are_accepted_everywhere_in_apps() -> None:
    """Every map with known keys may carry `_type`, as Kusion's evaluation writes it."""
    data = {
        "_type": "service.Service",
        "containers": {
            "web": {
                "_type": "service.container.Container",
                "image": "a",
                "readinessProbe": {
                    "_type": "service.container.probe.Probe",
                    "probeHandler": {"_type": "service.container.probe.Exec", "command": ["true"]},
                },
            }
        },
    }
    assert found(data, "modules/service") == []
    assert [item[0] for item in found({"name": "a", "_type": "b"}, "project")] == ["KR203"]


def plain(source: str) -> Any:
    """Parse YAML with its `Plain` scalars kept."""
    parsed = parse(source.encode(), "app.yaml", Diagnostics())
    assert parsed is not None
    return parsed.data


def test_text_positions_take_what_was_typed() -> None:
    """Where text is wanted a plain scalar is its source text; elsewhere it is its value."""
    data = plain(
        "containers: {a: {image: b, tty: True, env: {V: 1.10, W: yes, M: 0755}, files: {/c: {mode: 0644}}}}\n"
        "labels: {on: 'x', l: 1e3}\n"
    )
    diagnostics = Diagnostics()
    result: Any = typed(data, "modules/service", diagnostics)
    container = result["containers"]["a"]
    assert diagnostics.items == []
    assert container["env"] == {"V": "1.10", "W": "yes", "M": "0755"}
    assert container["files"] == {"/c": {"mode": "0644"}}
    assert container["tty"] is True
    assert [type(value) for value in container["env"].values()] == [str, str, str]


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("replicas: 010", 'write `"010"` for text or `10` for the number'),
        ("enableServiceLinks: yes", 'write `true` or `false`, or `"yes"` for text'),
        ("replicas: 1_000", 'write `"1_000"` for text, or a plain decimal number'),
    ],
)
def test_ambiguous_scalars_are_refused_where_the_value_counts(source: str, advice: str) -> None:
    """Nobody guesses what YAML 1.1 and 1.2 read differently."""
    diagnostics = Diagnostics()
    typed(plain(source), "modules/service", diagnostics, pointer=("a", "workload"))
    (item,) = diagnostics.items
    assert isinstance(item.where, Place)
    assert (item.rule.code, item.where.pointer[:2], item.help) == ("KR103", ("a", "workload"), advice)


def test_typing_shares_what_it_does_not_change() -> None:
    """Data without such scalars comes back as the same object."""
    data: Any = {"containers": {"a": {"image": "b", "args": ["c"]}}}
    assert typed(data, "modules/service", Diagnostics()) is data


def test_what_belongs_to_modules_is_left_for_them() -> None:
    """An app's blocks and a workspace's module settings keep their scalars until their module types them."""
    app: Any = typed(plain("{workload: {env: yes}, labels: {a: yes}}"), "app-configuration", Diagnostics())
    workspace: Any = typed(
        plain("{modules: {a: {version: 1.10, configs: {default: {b: yes}}}}}"), "workspace", Diagnostics()
    )
    assert (type(app["workload"]["env"]).__name__, type(app["labels"]["a"])) == ("Plain", str)
    assert workspace["modules"]["a"]["version"] == "1.10"
    assert type(workspace["modules"]["a"]["configs"]["default"]["b"]).__name__ == "Plain"


def test_merge_keys_follow_the_schemas() -> None:
    """Lists that merge by key are those that the schemas mark."""
    assert merge_keys("modules/network") == {
        "ports": ("port", "protocol"),
        "services": {"*": {"ports": ("name",)}},
        "ingress": {"rules": ("host",)},
    }
    assert merge_keys("modules/service") == {"tolerations": ("key", "effect"), "hostAliases": ("ip",)}
    assert merge_keys("modules/x", {"properties": {"a": {"x-merge-key": ["b"]}}}) == {"a": ("b",)}


def test_positions_keep_silent_properties_apart_from_the_rest() -> None:
    """A known key without a word of its own is not spoken for by `*`."""
    text = {"type": "string", "x-text": True}
    schema = {"properties": {"a": {"type": "integer"}, "b": text}, "additionalProperties": text}
    assert positions.text_positions(schema) == {"*": True, "a": {}, "b": True}


def published_errors(data: Any) -> list[str]:
    """Return what an editor would mark in a layer."""
    schema = json.loads(publish.published_text("app-configuration"))
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


def test_the_published_layer_accepts_parts() -> None:
    """An editor marks nothing in a layer that only changes, deletes or refers."""
    assert published_errors({
        "$schema": "x",
        "_anchors": [1],
        "x-more": 1,
        "*": {"labels": {"a": "b"}},
        "web": {
            "workload": {"replicas": "${{ context.replicas }}", "containers": {"a": {"env": None, "ports": {"http": 1}}}},
            "accessories": {"network": {"$patch": "replace", "ports": None}, "db": {"module": "mysql", "size": 1}},
        },
    }) == []  # fmt: skip


@pytest.mark.parametrize(
    "app", [{"lables": {}}, {"workload": {"replica": 1}}, {"accessories": {"network": {"port": 80}}}]
)
def test_the_published_layer_marks_mistakes(app: dict[str, Any]) -> None:
    """An editor marks unknown keys and wrong types."""
    assert published_errors({"web": app}) != []


def test_the_good_path_imports_nothing_heavy() -> None:
    """Checking and typing good data imports no jsonschema, json, typing or fastjsonschema."""
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from kusion_render.diagnostics import Diagnostics\n"
        "from kusion_render.schema import check, merge_keys\n"
        "assert check({'containers': {'a': {'image': 'b', 'resources': {'cpu': '1-2'}}}}, 'modules/service', Diagnostics())\n"
        "merge_keys('modules/network')\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    run = subprocess.run([sys.executable, "-S", "-c", code], cwd=root, capture_output=True, text=True, check=True)
    heavy = {"jsonschema", "json", "typing", "fastjsonschema", "inspect", "dataclasses", "pathlib", "importlib"}
    assert not heavy & set(eval(run.stdout))  # noqa: S307 - our own output


def test_the_types_are_those_of_the_packages() -> None:
    """What `_type` may be is what our copies of Kusion's packages have, imported by folder or by file."""
    found = set()
    for name in PACKAGES:
        top = Path(package_folder(name))
        for path in top.rglob("*.k"):
            steps = path.relative_to(top.parent).with_suffix("").parts
            for schema in re.findall(r"^schema (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
                found |= {".".join((*steps[:-1], schema)), ".".join((*steps, schema))}

    assert {f"{name}.{each}" for name, types in TYPES.items() for each in types} <= found
    assert [] == [each for each in found if not is_known(each)]


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("service.Service", True),
        ("network.ingress.ingress_class.IngressClass", True),
        ("acme.Service", True),
        ("", True),
        ("service", False),
        ("service.", False),
        ("service.service", False),
        ("service.container.probe.Service", False),
        ("kam.v1.app_configuration.App", False),
    ],
)
def test_types_of_kusion_are_known(workbench: Workbench, kind: str, known: bool) -> None:  # noqa: FBT001 - a table of cases
    """A `_type` of one of Kusion's packages must be one of its schemas; others are a company's own affair."""
    workbench.app(f'web:\n  _type: "{kind}"\n  workload: {{containers: {{a: {{image: "a:1"}}}}}}\n')

    assert known == ("KR125" not in workbench.run("validate").stdout)
