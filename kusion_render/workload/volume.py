"""Files and folders of containers, and the volumes they need.

One volume per source and mode; files are mounted one by one by `subPath`, read-only, so they never hide a folder of the
image.
"""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.limits import SUBDOMAIN_LENGTH, shorten
from kusion_render.text import reference, text
from kusion_render.workload.environment import BAD_REFERENCE
from kusion_render.workload.files import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer

CLAIM_NAME_TAKEN: Final = Rule("KR306", "claim-name-taken")

_DEFAULT_MODE: Final = 0o644
_NAME: Final = "abcdefghijklmnopqrstuvwxyz0123456789-"
_KEY: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")


class Volumes:
    """Gathers the volumes of one pod, and the ConfigMaps and claims that its containers' files and folders ask for.

    `owner` is the object name that ConfigMaps and claims are named after; `contents` holds the files of the repository
    that `from` names; `stateful` says that the app's own volumes are a StatefulSet's claim templates instead of claims.
    `claims` and `templates` are the specs to make, by name; `existing` are the claims that live elsewhere, `shared` the
    empty folders that have a name.
    """

    __slots__ = (
        "_names",
        "_paths",
        "_sources",
        "claims",
        "configs",
        "contents",
        "existing",
        "owner",
        "shared",
        "stateful",
        "templates",
    )

    def __init__(self, owner: str, contents: Mapping[str, bytes], *, stateful: bool = False) -> None:
        self.owner: Final = owner
        self.contents: Final = contents
        self.stateful: Final = stateful
        self.existing: Final[dict[str, None]] = {}
        self.shared: Final[dict[str, dict[str, str]]] = {}
        self.templates: Final[dict[str, dict[str, Any]]] = {}
        self._paths: Final[dict[str, str]] = {}
        self.configs: Final[dict[str, dict[str, str | bytes]]] = {}
        self.claims: Final[dict[str, dict[str, Any]]] = {}
        self._sources: Final[dict[tuple[object, ...], dict[str, Any]]] = {}
        self._names: Final[dict[str, tuple[object, ...]]] = {}

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """The pod's volumes in the order of their first use, a StatefulSet's own claims left out."""
        return [volume for volume in self._sources.values() if len(volume) > 1]

    def volume(self, identity: tuple[object, ...], wish: str, source: Mapping[str, Any]) -> str:
        """Return the name of the volume for `identity`, made from `source` on first use and named like `wish`."""
        known = self._sources.get(identity)
        if known is None:
            known = self._sources[identity] = {"name": self._free(label(wish), identity), **source}
        return str(known["name"])

    def own_path(self, name: str, path: str) -> str:
        """Return the path that the app's own volume of this name was first mounted at."""
        return self._paths.setdefault(name, path)

    def _free(self, wish: str, identity: tuple[object, ...]) -> str:
        name, number = wish, 2
        while name in self._names:
            suffix = f"-{number}"
            name, number = wish[: 63 - len(suffix)].rstrip("-") + suffix, number + 1
        self._names[name] = identity
        return name

    def object_volume(
        self,
        kind: str,
        name: str,
        mode: int = _DEFAULT_MODE,
        items: Any = None,
        optional: Any = None,
        *,
        say_mode: bool = False,
    ) -> str:
        """Return the volume of a Secret or ConfigMap (`kind` is `secret` or `config`).

        `mode` is a file mode as a number, `items` Kubernetes' KeyToPath list; `say_mode` writes out the default mode.
        """
        field, naming = ("secret", "secretName") if kind == "secret" else ("configMap", "name")
        source: dict[str, Any] = {naming: name}
        if say_mode or mode != _DEFAULT_MODE:
            source["defaultMode"] = mode
        if items:
            source["items"] = [_item(item) for item in items]
        if optional is not None:
            source["optional"] = optional
        identity = (kind, name, mode, repr(items), optional)
        return self.volume(identity, name, {field: source})


def label(wish: str) -> str:
    """Return the nearest DNS label to a wish: lower case, digits and `-`, at most 63 characters."""
    name = "".join(char if char in _NAME else "-" for char in wish.lower()).strip("-")
    return name[:63].rstrip("-") or "volume"


def mode(value: Any) -> int:
    """Return a file mode written in octal, such as `0644` or `"644"`, as a number; 420 when there is none."""
    return int(text(value), 8) if value is not None else _DEFAULT_MODE


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "mode": mode(item["mode"])} if "mode" in item else dict(item)


def mount_files(
    files: Mapping[str, Any], container: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics
) -> list[dict[str, Any]]:
    """Return the volume mounts of a container's single files, and note the ConfigMap that holds their contents."""
    mounts = []
    for path, config in files.items():
        wanted = mode(config.get("mode"))
        source = config.get("contentFrom")
        if source is not None:
            found = content_from(source, (*place, path, "contentFrom"), diagnostics)
            if found is None:
                continue
            kind, name, key = found
            volume = volumes.object_volume(kind, name, wanted)
        else:
            name = shorten(f"{volumes.owner}-{container}", SUBDOMAIN_LENGTH)
            key = _content_key(path, volumes.configs.setdefault(name, {}))
            volumes.configs[name][key] = content(config, volumes.contents)
            volume = volumes.object_volume("config", name, wanted)
        mounts.append({"name": volume, "mountPath": "/" + path.lstrip("/"), "subPath": key, "readOnly": True})
    return mounts


def content_from(source: str, place: Pointer, diagnostics: Diagnostics) -> tuple[str, str, str] | None:
    """Read a file's `contentFrom`: `secret` or `config`, the object's name, and the key; None after KR303."""
    bare = source[2:-1] if source.startswith("${") and source.endswith("}") else source
    for kind in ("secret", "config"):
        found = reference(bare, kind)
        if found is not None and found[0] and found[1] and "/" not in found[1]:
            return kind, *found
    diagnostics.report(
        BAD_REFERENCE,
        f"`contentFrom` of `{place[-2]}` does not name one key of one Secret or ConfigMap",
        Place(place),
        help="write `secret://NAME/KEY` or `config://NAME/KEY`",
    )
    return None


def content(config: Mapping[str, Any], contents: Mapping[str, bytes]) -> str | bytes:
    """Return what a file's `content` or `from` says is in it."""
    if "from" in config:
        return readable(contents.get(config["from"], b""))
    return text(config.get("content", ""))


def _content_key(path: str, taken: Mapping[str, object]) -> str:
    names = (path.rstrip("/").rpartition("/")[2], path.strip("/").replace("/", "_"))
    keys = ["".join(char if char in _KEY else "_" for char in name) or "_" for name in names]
    number = 2
    while keys[0] in taken:
        if len(keys) == 1:
            keys.append(f"{keys[0]}_{number}")
            number += 1
        keys.pop(0)
    return keys[0]


def mount_folders(
    dirs: Mapping[str, Any], volumes: Volumes, place: Pointer, diagnostics: Diagnostics
) -> list[dict[str, Any]]:
    """Return the volume mounts of a container's folders."""
    mounts = []
    for path, value in dirs.items():
        config = value if isinstance(value, dict) else {}
        name = _folder(path, value, volumes, (*place, path), diagnostics)
        if name is None:
            continue
        mount: dict[str, Any] = {"name": name, "mountPath": "/" + path.lstrip("/")}
        if config.get("subPath"):
            mount["subPath"] = config["subPath"]
        if config.get("readOnly"):
            mount["readOnly"] = True
        if config.get("mountPropagation"):
            mount["mountPropagation"] = config["mountPropagation"]
        mounts.append(mount)
    return mounts


def _folder(path: str, value: Any, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str | None:
    short = label(path.rstrip("/").rpartition("/")[2])
    if isinstance(value, dict):
        for form, make in _FORMS.items():
            if form in value:
                return make(value, path, short, volumes, place, diagnostics)
    elif value == "emptyDir":
        return volumes.volume(("emptyDir", path), short, {"emptyDir": {}})
    elif isinstance(value, str):
        for kind in ("secret", "config"):
            found = reference(value, kind)
            if found is not None and found[0]:
                return volumes.object_volume(kind, found[0])
    diagnostics.report(
        BAD_REFERENCE,
        f"what is mounted at `{path}` can't be read",
        Place(place),
        help="write `emptyDir`, `secret://NAME`, `config://NAME`, or a map with `claim`, `volume` or `source`",
    )
    return None


def _object(value: Any, path: str, short: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str:
    del path, short, place, diagnostics  # one signature for all forms
    kind = "secret" if "secret" in value else "config"
    return volumes.object_volume(kind, value[kind], mode(value.get("mode")), value.get("items"), value.get("optional"))


def _empty(value: Any, path: str, short: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str:
    options = value["emptyDir"]
    source = {"medium": options["medium"]} if options.get("medium") else {}
    if options.get("size") is not None:
        source["sizeLimit"] = text(options["size"])
    name = options.get("name")
    if not name:
        return volumes.volume(("emptyDir", path, *source.items()), short, {"emptyDir": source})
    if volumes.shared.setdefault(name, source) != source:
        _report_taken(name, place, diagnostics)
    return volumes.volume(("shared", name), name, {"emptyDir": source})


def _raw(value: Any, path: str, short: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str:
    del place, diagnostics  # one signature for all forms
    return volumes.volume(("source", path, repr(value["source"])), short, value["source"])


def _claim(value: Any, path: str, short: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str:
    del path, short  # a claim is named outright
    name = value["claim"]
    if value.get("size") is not None:
        _make_claim(name, value, volumes.claims, place, diagnostics)
    else:
        volumes.existing[name] = None
    return volumes.volume(("claim", name), name, {"persistentVolumeClaim": {"claimName": name}})


def _own_claim(value: Any, path: str, short: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics) -> str:
    wanted = value["volume"]
    key = wanted.get("name") or short
    name = key if volumes.stateful else shorten(f"{volumes.owner}-{key}", SUBDOMAIN_LENGTH)
    if not wanted.get("name") and volumes.own_path(name, path) != path:
        _report_taken(name, place, diagnostics)
    _make_claim(name, wanted, volumes.templates if volumes.stateful else volumes.claims, place, diagnostics)
    source = {} if volumes.stateful else {"persistentVolumeClaim": {"claimName": name}}
    return volumes.volume(("template" if volumes.stateful else "claim", name), key, source)


def _make_claim(
    name: str, wanted: Mapping[str, Any], claims: dict[str, dict[str, Any]], place: Pointer, diagnostics: Diagnostics
) -> None:
    spec: dict[str, Any] = {"accessModes": list(wanted.get("accessModes") or ["ReadWriteOnce"])}
    if wanted.get("storageClass") is not None:
        spec["storageClassName"] = wanted["storageClass"]
    spec["resources"] = {"requests": {"storage": text(wanted["size"])}}
    if claims.setdefault(name, spec) != spec:
        _report_taken(name, place, diagnostics)


def _report_taken(name: str, place: Pointer, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        CLAIM_NAME_TAKEN,
        f"two different volumes would be called `{name}`",
        Place(place),
        help="give one of them another name, or mount the same one with the same size, class, access modes and medium",
    )


_FORMS: Final = {
    "secret": _object,
    "config": _object,
    "emptyDir": _empty,
    "claim": _claim,
    "volume": _own_claim,
    "source": _raw,
}
