"""Scopes, orders, limits and quantities: what a cluster knows of kinds, names and amounts."""

from __future__ import annotations

import string
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kusion_render.kubernetes import limits
from kusion_render.kubernetes.limits import name_problem, shorten
from kusion_render.kubernetes.order import KIND_RANK, ordered, sort_key, wave
from kusion_render.kubernetes.quantities import NANO, canonical, compare, is_quantity, parse
from kusion_render.kubernetes.scopes import CLUSTER_SCOPED, KNOWN_KINDS, group, is_cluster_scoped

if TYPE_CHECKING:
    from collections.abc import Callable

steady = settings(derandomize=True, deadline=None)

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
keys = st.sampled_from(["apiVersion", "kind", "metadata", "spec", "name", "labels", "containers", "image", "data", "z"])
objects = st.dictionaries(
    keys, st.recursive(json, lambda inner: st.dictionaries(keys, inner) | st.lists(inner), max_leaves=10)
)
names = st.text(string.ascii_lowercase + string.digits + "-.", min_size=1, max_size=300).filter(
    lambda name: name_problem("ConfigMap", name[:253].strip("-.")) is None and name == name.strip("-.")
)


def manifest(kind: str, name: str = "a", namespace: str = "", **annotations: str) -> dict[str, Any]:
    """Write the head of a manifest."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if annotations:
        metadata["annotations"] = {key.replace("__", "/").replace("_", "."): text for key, text in annotations.items()}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(
    ("api_version", "kind", "extra", "expected"),
    [
        ("v1", "Namespace", (), True),
        ("v1", "PersistentVolume", (), True),
        ("v1", "PersistentVolumeClaim", (), False),
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", (), True),  # at every version
        ("rbac.authorization.k8s.io/v1", "Role", (), False),
        ("networking.k8s.io/v1", "IngressClass", (), True),
        ("networking.k8s.io/v1", "Ingress", (), False),
        ("example.com/v1", "Namespace", (), False),  # somebody else's kind of the same name
        ("example.com/v1", "Tenant", (), False),  # unknown kinds have a namespace
        ("example.com/v1", "Tenant", ("Tenant",), True),
        ("example.com/v1", "Tenant", ("example.com/Tenant",), True),
        ("example.org/v1", "Tenant", ("example.com/Tenant",), False),
    ],
)
def test_scope_is_known_by_group_and_kind(api_version: str, kind: str, extra: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """Built-in kinds are known, custom ones are declared by kind or by group and kind."""
    assert expected is is_cluster_scoped(api_version, kind, extra)


def test_the_version_of_a_known_kind_is_in_its_group() -> None:
    """The two tables agree on groups, and what is cluster-scoped exists, but for what Kubernetes removed or hides."""
    assert all(group(api_version) == api_group for (api_group, _), api_version in KNOWN_KINDS.items())
    assert {kind for _, kind in CLUSTER_SCOPED - KNOWN_KINDS.keys()} == {
        "ComponentStatus",
        "DeviceTaintRule",
        "PodSecurityPolicy",
        "StorageVersion",
    }


def test_objects_come_in_the_order_in_which_they_need_each_other() -> None:
    """Namespaces first, then what pods need, then pods, then what leads to them, then kinds nobody knows."""
    kinds = ["Widget", "Ingress", "Deployment", "Service", "ConfigMap", "ServiceAccount", "Namespace", "Gadget"]

    assert [each["kind"] for each in sorted(map(manifest, kinds), key=sort_key)] == [
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Deployment",
        "Ingress",
        "Gadget",
        "Widget",
    ]


def test_ranks_have_no_gap() -> None:
    """Ranks count up without a gap; what becomes a Secret ranks as one."""
    assert list(range(max(KIND_RANK.values()) + 1)) == sorted(set(KIND_RANK.values()))
    assert KIND_RANK["Secret"] == KIND_RANK["ExternalSecret"]


@given(st.permutations(range(6)))
@steady
def test_the_order_of_input_does_not_matter(permutation: list[int]) -> None:
    """Kind, namespace, name and version decide, whatever came first."""
    expected = [
        manifest("Namespace", "z"),
        manifest("Secret", "a", "one"),
        manifest("Secret", "b", "one"),
        manifest("Secret", "a", "two"),
        manifest("Widget", "a") | {"apiVersion": "a/v1"},
        manifest("Widget", "a") | {"apiVersion": "b/v1"},
    ]

    assert expected == sorted((expected[at] for at in permutation), key=sort_key)


def test_an_earlier_wave_goes_before_a_lower_rank() -> None:
    """Argo CD applies wave by wave, and so the stream reads."""
    first = manifest("Job", argocd_argoproj_io__x="", **{"argocd_argoproj_io__sync-wave": "-1"})

    assert [first, manifest("Namespace")] == sorted([manifest("Namespace"), first], key=sort_key)


@pytest.mark.parametrize(("text", "expected"), [("2", 2), ("-1", -1), ("+3", 3), ("soon", 0), ("", 0), ("--1", 0)])
def test_a_wave_that_is_no_number_is_the_first_one(text: str, expected: int) -> None:
    """As Argo CD reads it."""
    assert expected == wave(manifest("Job", **{"argocd_argoproj_io__sync-wave": text}))


def test_keys_are_in_canonical_order() -> None:
    """Identity first, containers as people write them, `name` first in items, everything else by the alphabet."""
    result = ordered(
        {
            "spec": {
                "template": {
                    "spec": {
                        "volumes": [{"emptyDir": {}, "name": "v"}],
                        "containers": [
                            {
                                "zone": 1,
                                "securityContext": {},
                                "env": [{"value": "1", "name": "B"}, {"value": "2", "name": "A"}],
                                "args": ["b", "a"],
                                "image": "i",
                                "name": "c",
                            }
                        ],
                    },
                    "metadata": {"annotations": {}, "labels": {"b": "1", "a": "2"}},
                }
            },
            "data": {"b": "", "a": ""},
            "metadata": {"creator": 1, "annotations": {"b": "", "a": ""}, "namespace": "n", "name": "m"},
            "kind": "K",
            "apiVersion": "v1",
        }
    )

    assert repr(result) == repr(
        {
            "apiVersion": "v1",
            "kind": "K",
            "metadata": {"name": "m", "namespace": "n", "annotations": {"a": "", "b": ""}, "creator": 1},
            "spec": {
                "template": {
                    "metadata": {"labels": {"a": "2", "b": "1"}, "annotations": {}},
                    "spec": {
                        "containers": [
                            {
                                "name": "c",
                                "image": "i",
                                "args": ["b", "a"],
                                "env": [{"name": "B", "value": "1"}, {"name": "A", "value": "2"}],
                                "securityContext": {},
                                "zone": 1,
                            }
                        ],
                        "volumes": [{"name": "v", "emptyDir": {}}],
                    },
                }
            },
            "data": {"a": "", "b": ""},
        }
    )


def test_an_encrypted_object_keeps_its_order() -> None:
    """SOPS signs values in the order of the file."""
    encrypted: dict[str, Any] = {
        "kind": "Secret",
        "stringData": {"b": "ENC[1]", "a": "ENC[2]"},
        "apiVersion": "v1",
        "sops": {"mac": ""},
    }

    assert repr(encrypted) == repr(ordered(encrypted))


@given(objects)
@steady
def test_ordering_changes_nothing_but_the_order(data: dict[str, Any]) -> None:
    """Nothing is dropped, the input stays, and the order does not depend on the one before."""
    before = repr(data)
    result = ordered(data)

    assert data == result
    assert before == repr(data)
    assert repr(result) == repr(ordered(dict(reversed(result.items()))))


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("ConfigMap", "a.b-c.0", None),
        ("ConfigMap", "a" * 253, None),
        ("ConfigMap", "a" * 254, "it has 254 characters, 253 are allowed"),
        ("ConfigMap", "", "it is empty"),
        ("ConfigMap", "A", "only lower-case letters, digits, `-` and `.` are allowed"),
        ("ConfigMap", "a_b", "only lower-case letters, digits, `-` and `.` are allowed"),
        ("ConfigMap", "ä", "only lower-case letters, digits, `-` and `.` are allowed"),
        ("ConfigMap", "-a", "it must start and end with a letter or digit"),
        ("ConfigMap", "a.", "it must start and end with a letter or digit"),
        ("ConfigMap", "a.-b", "around each `.` there must be a letter or digit"),
        ("ConfigMap", "a..b", "around each `.` there must be a letter or digit"),
        ("Widget", "a.b", None),
        ("Namespace", "0-a", None),
        ("Namespace", "a.b", "only lower-case letters, digits and `-` are allowed"),
        ("Namespace", "a" * 64, "it has 64 characters, 63 are allowed"),
        ("Namespace", "", "it is empty"),
        ("Service", "cart", None),
        ("Service", "0cart", "it must start with a letter"),
        ("CronJob", "a" * 52, None),
        ("CronJob", "a" * 53, "it has 53 characters, 52 are allowed"),
        ("StatefulSet", "a" * 53, "it has 53 characters, 52 are allowed"),
        ("Job", "a" * 64, "it has 64 characters, 63 are allowed"),
        ("ClusterRole", "system:Node", None),
        ("ClusterRole", "a/b", "`/` and `%` are not allowed"),
        ("Role", "..", "`.` and `..` are not allowed"),
        ("Role", "", "it is empty"),
    ],
)
def test_each_kind_has_its_rule_for_names(kind: str, name: str, expected: str | None) -> None:
    """The API server's rules, and the lengths beyond which a controller's own objects are refused."""
    assert expected == name_problem(kind, name)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (limits.port_name_problem, ["http", "h2-c", "1a"], ["", "a" * 16, "8080", "a--b", "-a", "Http", "1-2"]),
        (limits.env_name_problem, ["PORT", "a.b-c", "_x"], ["", "1A", "A B", "..x", ".", "A=B"]),
        (limits.config_key_problem, ["a.yaml", "_", "0", ".env", "a" * 253], ["", ".", "..", "..a", "a/b", "a" * 254]),
        (
            limits.label_key_problem,
            ["a", "A.b_c-d", "x.io/a"],
            ["", "/", "/a", "x.io/", "X.io/a", "a/b/c", "-a", "a" * 64],
        ),
        (limits.label_value_problem, ["", "a", "A.b_c-1", "a" * 63], ["-", "a.", "a b", "a" * 64, "a/b"]),
        (limits.annotation_key_problem, ["X.io/a", "a"], ["x y/a", "a b", "/"]),
        (limits.label_name_problem, ["a", "0-b"], ["", "A", "a.b", "b-"]),
    ],
)
def test_names_inside_of_objects_have_rules(rule: Callable[[str], str | None], good: list[str], bad: list[str]) -> None:
    """What the API server takes passes, everything else gets a reason."""
    assert not [name for name in good if rule(name)]
    assert not [name for name in bad if not rule(name)]


@pytest.mark.parametrize(
    ("name", "budget", "expected"),
    [
        ("checkout", 52, "checkout"),
        ("a" * 20, 20, "a" * 20),
        ("checkout-service-production", 20, "checkout-se-fa55cad0"),
        ("a-b-checkout", 11, "a-ec2d88e8"),
    ],
)
def test_a_long_name_ends_with_the_hash_of_the_whole(name: str, budget: int, expected: str) -> None:
    """A name that fits stays; a hash never changes between releases, for it names objects in clusters."""
    assert expected == shorten(name, budget)


def test_a_budget_leaves_room_for_a_letter() -> None:
    """A name of nothing but a hash may start with a digit."""
    with pytest.raises(ValueError, match="a shortened name needs 10 characters, not 9"):
        shorten("a" * 10, 9)


@given(names, st.integers(10, 253))
@steady
def test_a_shortened_name_is_valid(name: str, budget: int) -> None:
    """It fits, is a name, and comes out again from itself."""
    short = shorten(name, budget)

    assert len(short) <= budget
    assert name_problem("ConfigMap", short) is None
    assert short == shorten(short, budget)


@given(st.lists(names, min_size=2, max_size=10, unique=True), st.integers(10, 60))
@steady
def test_shortened_names_stay_apart(several: list[str], budget: int) -> None:
    """Different names are different when shortened."""
    assert len(several) == len({shorten(name, budget) for name in several})


def test_sizes_are_counted_as_the_api_server_does() -> None:
    """Base64 counts decoded, text in bytes, and an object about as JSON."""
    assert limits.data_size({"kind": "ConfigMap", "data": {"a": "äb"}, "binaryData": {"b": "AAAA"}}) == 6
    assert limits.data_size({"kind": "Secret", "data": {"a": "AAAA"}, "stringData": {"b": "AAAA"}}) == 7
    assert limits.object_size({"a": ["b", 1, None, True]}) == len('{"a":["b",1,null,true]}')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("0.5", "500m"),
        ("500m", "500m"),
        ("1000m", "1"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1.125", "1.125"),  # apimachinery keeps what has a multiple of three decimals
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1536Mi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.1Ki", "102400m"),
        ("1.1Ki", "1126400m"),
        ("1024", "1024"),
        ("1000k", "1M"),
        ("1.5G", "1500M"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1000e3", "1e6"),
        ("12e2", "1200"),
        ("1E", "1E"),
        ("-1.5Gi", "-1536Mi"),
        ("0.1n", "1n"),
        (".5", "500m"),
        ("1.", "1."),
        ("9Ei", "9223372036854775807"),
        ("1e-3", "1e-3"),
        (" 1Gi ", "1Gi"),
        (2, "2"),
        (0.5, "500m"),
        (1e-07, "100e-9"),
        ("", None),
        ("-", None),
        (".", None),
        ("m", None),
        ("1K", None),
        ("1gi", None),
        ("1 Gi", None),
        ("1Gib", None),
        ("1e", None),
        ("1.2.3", None),
        ("1e1.5", None),
        ("0x10", None),
        ("\uff11", None),
        (True, None),
        (None, None),
    ],
)
def test_the_canonical_form_is_what_the_api_server_stores(text: object, expected: str | None) -> None:
    """Checked against apimachinery's `Quantity`, which also kept quirks such as `1.125`."""
    assert expected == canonical(text)
    assert is_quantity(text) is (expected is not None)


UNITS = {
    **{
        suffix: Fraction(10) ** power
        for suffix, power in zip(["n", "u", "m", "", *"kMGTPE"], range(-9, 19, 3), strict=True)
    },
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
    **{f"e{power}": Fraction(10) ** power for power in range(-9, 10)},
}
amounts = st.builds(
    lambda sign, whole, fraction, suffix: (f"{sign}{whole}{fraction}", suffix),
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 5000),
    st.sampled_from(["", ".0", ".5", ".25", ".125", ".001", ".000000001"]),
    st.sampled_from(sorted(UNITS)),
)


@given(amounts)
@steady
def test_a_quantity_is_worth_what_its_suffix_says(amount: tuple[str, str]) -> None:
    """Values are exact, but what is finer than a nano-unit is rounded away from zero."""
    number, suffix = amount
    exact = Fraction(number) * UNITS[suffix] * NANO
    value = parse(number + suffix)

    assert value == (exact if exact.denominator == 1 else int(exact) + (1 if exact > 0 else -1))


@given(amounts, amounts)
@steady
def test_quantities_compare_by_value(left: tuple[str, str], right: tuple[str, str]) -> None:
    """`1Gi` and `1024Mi` are the same, `1G` is less."""
    one, other = (Fraction(number) * UNITS[suffix] for number, suffix in (left, right))
    assume(all((each * NANO).denominator == 1 for each in (one, other)))

    assert compare("".join(left), "".join(right)) == (one > other) - (one < other)


@given(amounts)
@steady
def test_the_canonical_form_is_worth_the_same(amount: tuple[str, str]) -> None:
    """Writing it back once more changes nothing, except at the cap of 64-bit numbers."""
    text = "".join(amount)
    written = canonical(text)

    assert written is not None
    assert written == canonical(written)
    assert parse(text) == parse(written) or abs(parse(text) or 0) > (2**63 - 1) * NANO


def test_what_is_no_quantity_compares_with_nothing() -> None:
    """Neither is more or less."""
    assert compare("1", "much") is None
    assert parse("much") is None


def test_a_monstrous_exponent_takes_no_memory() -> None:
    """It is a quantity as far as its form goes; its value is cut."""
    assert is_quantity("1e999999999999")
    assert compare("1e999999999999", "1E") == 1
