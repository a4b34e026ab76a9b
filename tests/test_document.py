"""Merging plain data: what wins, what deletes, and what never changes."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_render.document import DIRECTIVE, GONE, MISSING, at, dotted, fill, leaves, merge, put, settle

SCALARS: Final = st.one_of(st.booleans(), st.integers(-9, 9), st.text("ab", max_size=2))
# The first letter of a key says what its value is, so that layers agree about it.
PLAIN: Final = st.recursive(
    st.dictionaries(st.sampled_from(["sa", "sb"]), SCALARS, max_size=2),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "sa": SCALARS,
            "sb": SCALARS,
            "la": st.lists(SCALARS, max_size=2),
            "ma": inner,
            "mb": inner,
        },
    ),
    max_leaves=6,
)
PORTS: Final = st.lists(
    st.fixed_dictionaries(
        {"port": st.integers(1, 4)}, optional={"target": st.integers(1, 3), "$patch": st.just("delete")}
    ),
    max_size=3,
    unique_by=lambda item: item["port"],
)
DELETING: Final = st.recursive(
    st.dictionaries(st.sampled_from(["sa", "sb"]), st.none() | SCALARS, max_size=2),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "sa": st.none() | SCALARS,
            "ma": st.none()
            | inner
            | inner.map(lambda data: {**data, "$patch": "replace"})
            | st.just({"$patch": "delete"}),
            "mb": st.none() | inner,
            "ports": PORTS,
        },
    ),
    max_leaves=6,
)
PORT_KEYS: Final[dict[str, Any]] = {"ports": ("port",), "ma": {"ports": ("port",)}, "mb": {"ports": ("port",)}}


def settled(data: Any) -> Any:
    """Return the data without the marks of merging."""
    return settle(data)[0]


def in_order(data: Any) -> Any:
    """Return the data with its ports sorted: where an item stands that was deleted and set again is not promised."""
    if isinstance(data, dict):
        return {key: in_order(value) for key, value in data.items()}
    return sorted(data, key=lambda item: item["port"]) if isinstance(data, list) else data


@given(PLAIN)
def test_an_empty_layer_changes_nothing(data: dict[str, Any]) -> None:
    """The empty map is the identity of merging, from beneath and from above."""
    assert data == merge(data, {})
    assert data == merge({}, data)


@given(PLAIN)
def test_a_layer_over_itself_is_itself(data: dict[str, Any]) -> None:
    """Merging is idempotent."""
    assert data == merge(data, data)


@given(PLAIN, PLAIN, PLAIN)
def test_merging_is_associative(first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]) -> None:
    """Where layers agree which values are maps, it does not matter which two are merged first."""
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


@given(DELETING, DELETING, DELETING)
def test_deletions_reach_layers_that_come_from_beneath_later(
    platform: dict[str, Any], base: dict[str, Any], stack: dict[str, Any]
) -> None:
    """Layers merged first and laid over the platform's give what laying one after the other gives."""
    one_after_the_other = merge(merge(platform, base, PORT_KEYS), stack, PORT_KEYS)
    layers_first = merge(platform, merge(base, stack, PORT_KEYS), PORT_KEYS)

    assert in_order(settled(one_after_the_other)) == in_order(settled(layers_first))


@given(DELETING, DELETING)
def test_merging_leaves_its_inputs_alone(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Neither input changes, nor does settling change the result of a merge."""
    inputs = copy.deepcopy((below, above))
    result = merge(below, above, PORT_KEYS)
    before = copy.deepcopy(result)
    settle(result)

    assert inputs == (below, above)
    assert repr(before) == repr(result)


@given(PLAIN, PLAIN)
def test_the_later_scalar_wins(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Every leaf of the later layer is in the result."""
    result = merge(below, above)

    assert all(at(result, pointer) == value for pointer, value in leaves(above) if value not in ({}, []))


@given(DELETING)
def test_nothing_of_merging_is_left_after_settling(data: dict[str, Any]) -> None:
    """Settled data holds no mark and no `null` but in lists."""
    found = settled(merge(data, data))

    assert not [value for _, value in leaves(found) if value is None or repr(value) == repr(GONE)]
    assert not [pointer for pointer, _ in leaves(found) if DIRECTIVE in pointer]


def test_keys_keep_the_order_of_their_first_layer() -> None:
    """A later layer adds keys at the end and moves none."""
    assert ["a", "b", "c"] == list(merge({"a": 1, "b": 2}, {"c": 3, "a": 4}))


def test_null_deletes() -> None:
    """A `null` above a value takes it away."""
    assert ({"b": 2}, []) == settle(merge({"a": 1, "b": 2}, {"a": None}))


def test_null_that_deletes_nothing_is_told() -> None:
    """A `null` without a value beneath it is no deletion, and its place is returned."""
    assert ({"m": {}}, [("m", "a")]) == settle(merge({"m": {}}, {"m": {"a": None}}))


def test_null_in_a_list_is_data() -> None:
    """Lists may hold `null`."""
    assert ({"l": [None, {"a": None}]}, []) == settle(merge({}, {"l": [None, {"a": None}]}))


def test_a_deleted_map_that_is_set_again_starts_empty() -> None:
    """What was beneath a deletion does not shine through what is set later."""
    layers = merge({"m": {"a": 1}}, {"m": None})

    assert {"m": {"b": 2}} == settled(merge({"m": {"c": 3}}, merge(layers, {"m": {"b": 2}})))


def test_patch_replace_takes_all_that_is_beneath() -> None:
    """`$patch: replace` leaves nothing of lower layers, however late they come."""
    layers = merge({"m": {"a": 1}}, {"m": {"$patch": "replace", "b": 2}})

    assert {"m": {"b": 2}} == settled(merge({"m": {"c": 3}}, layers))


def test_patch_delete_takes_a_map_away() -> None:
    """`$patch: delete` deletes as `null` does."""
    assert ({}, []) == settle(merge({"m": {"a": 1}}, {"m": {"$patch": "delete"}}))


def test_patch_delete_of_nothing_is_told() -> None:
    """A `$patch: delete` without a map beneath it is returned like a `null`."""
    assert ({}, [("m",)]) == settle(merge({}, {"m": {"$patch": "delete"}}))


def test_an_unknown_directive_is_told() -> None:
    """`$patch` says `replace` or `delete`; the place of another word ends with `$patch`."""
    assert [("m", "$patch")] == settle(merge({"m": {}}, {"m": {"$patch": "merge"}}))[1]


def test_lists_replace() -> None:
    """Without a merge key the later list stands."""
    assert {"l": [3]} == merge({"l": [1, 2]}, {"l": [3]})


def test_lists_merge_by_key() -> None:
    """Items whose keys are the same are merged in their place; new ones come last."""
    below = {"l": [{"port": 1, "a": 1}, {"port": 2}]}
    above = {"l": [{"port": 3}, {"port": 1, "b": 2}]}

    assert {"l": [{"port": 1, "a": 1, "b": 2}, {"port": 2}, {"port": 3}]} == merge(below, above, {"l": ("port",)})


def test_an_absent_protocol_is_tcp() -> None:
    """Merge keys see `protocol: TCP` and no protocol as the same."""
    keys = {"l": ("port", "protocol")}

    assert {"l": [{"port": 1, "protocol": "TCP", "a": 1}]} == merge(
        {"l": [{"port": 1, "protocol": "TCP"}]}, {"l": [{"port": 1, "a": 1}]}, keys
    )
    assert len(merge({"l": [{"port": 1}]}, {"l": [{"port": 1, "protocol": "UDP"}]}, keys)["l"]) == 2


def test_an_item_can_be_deleted() -> None:
    """`$patch: delete` with the keys of an item takes it out, of lists that come from beneath later too."""
    layers = merge({"l": [{"port": 1}, {"port": 2}]}, {"l": [{"port": 1, "$patch": "delete"}]}, {"l": ("port",)})

    assert ({"l": [{"port": 2}]}, []) == settle(layers)
    assert {"l": [{"port": 2}]} == settled(merge({"l": [{"port": 1, "old": True}]}, layers, {"l": ("port",)}))


def test_a_deleted_item_does_not_move_the_others() -> None:
    """The numbers of items are the same before and after settling, so that places stay true."""
    below = {"l": [{"port": 1}, {"port": 2}, {"port": 3}]}
    layers = merge(below, {"l": [{"port": 2, "$patch": "delete"}]}, {"l": ("port",)})

    assert [1, 3] == [item["port"] for item in layers["l"][:2]]


def test_deleting_an_item_that_is_not_there_is_told() -> None:
    """The place of an item's `$patch: delete` that found nothing is returned."""
    layers = merge({"l": [{"port": 1}]}, {"l": [{"port": 9, "$patch": "delete"}]}, {"l": ("port",)})

    assert [("l", 1)] == settle(layers)[1]


def test_raw_lists_keep_directives() -> None:
    """What is handed to Kubernetes' own merge keeps its `$patch`."""
    data = {"podSpec": {"containers": [{"name": "web", "$patch": "delete"}]}}

    assert (data, []) == settle(data)


def test_alike_items_of_one_layer_stay_two() -> None:
    """Two items without their keys are not made one."""
    assert {"l": [{"a": 1}, {"a": 2}]} == merge({"l": []}, {"l": [{"a": 1}, {"a": 2}]}, {"l": ("name",)})


def test_scalars_in_a_keyed_list_are_themselves() -> None:
    """An item that is no map is the same as an equal one."""
    assert {"l": [1, 2, 3]} == merge({"l": [1, 2]}, {"l": [2, 3]}, {"l": ("port",)})


def test_filling_adds_no_key() -> None:
    """`fill` lays a map over what beneath has for its keys, and over nothing else."""
    assert {"a": {"x": 1, "y": 2}} == fill({"a": {"x": 1}, "b": {}}, {"a": {"y": 2}})


@given(PLAIN)
def test_leaves_put_together_are_the_data(data: dict[str, Any]) -> None:
    """Every leaf has one place, and all of them make the data."""
    lists = {pointer for pointer, _ in leaves(data) if any(isinstance(step, int) for step in pointer)}
    built: Any = {}
    for pointer, value in leaves(data):
        if pointer and pointer not in lists:
            built = put(built, pointer, value)

    assert all(value == at(data, pointer) for pointer, value in leaves(data))
    assert all(at(built, pointer) == value for pointer, value in leaves(data) if pointer not in lists and pointer)


def test_putting_leaves_the_input_alone() -> None:
    """`put` returns a copy."""
    data = {"a": [{"b": 1}]}

    assert {"a": [{"b": 2}]} == put(data, ("a", "0", "b"), 2)
    assert {"a": [{"b": 1}]} == data


@pytest.mark.parametrize("step", ["1", "-1", "x", "²"])
def test_putting_needs_the_item_of_a_list(step: str) -> None:
    """A step into a list must be the number of one of its items."""
    with pytest.raises(IndexError):
        put({"a": [1]}, ("a", step), 2)


@pytest.mark.parametrize("pointer", [("a", "b", "c"), ("a", 3), ("x",), ("a", -1)])
def test_a_place_that_is_not_there_is_missing(pointer: tuple[str | int, ...]) -> None:
    """`at` answers `MISSING`, also below a scalar and beyond a list."""
    assert MISSING is at({"a": [1, 2]}, pointer)


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ("web.env", ("web", "env")),
        ('web["a.b"].c', ("web", "a.b", "c")),
        ("web.command[0]", ("web", "command", 0)),
    ],
)
def test_places_are_written_as_users_do(written: str, pointer: tuple[str | int, ...]) -> None:
    """Dots part steps, brackets hold numbers and keys with dots."""
    assert written == dotted(pointer)
