"""What earlier renders into a folder said of themselves, and whether it still holds: then nothing needs to be compiled.

A receipt (`delivery.receipt`) is believed when every input is as it was, the options and the code that renders are the same,
and the folder holds what its list says, byte for byte. It is written only for a render without a warning, by what comes
along with this program, so that an unchanged run says what a full one would say. See decision 11.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from kusion_render.delivery import ownership, receipt
from kusion_render.delivery.ownership import OWNERSHIP_FILE, TEMPORARY, digest, owned_folders
from kusion_render.delivery.receipt import MOST_INPUTS, Receipt, is_inside, sealed
from kusion_render.diagnostics import Diagnostics
from kusion_render.model import Project, Stack
from kusion_render.modules import MODULES
from kusion_render.rendering import objects_of
from kusion_render.repository import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kusion_render.model import Spec
    from kusion_render.pipeline import Options
    from kusion_render.repository import Repository
    from kusion_render.repository.disk import Source

# What neither makes objects nor judges them: it may change, and every receipt holds.
_APART: Final = frozenset(
    (
        *("cli", "integrations", "report", "diff", "edit", "assignment", "gitio", "conformance"),
        *("scaffold.py", "explain.py", "process.py"),
    )
)
_VERSION: Final = "1"
_TOGETHER: Final = 200


class Made:
    """One render's files by path, and its names; `key` is as users say it and as its folder is called.

    `receipt` is that of its folder, empty where it may have none; `objects` are what it makes, as in a receipt.
    """

    __slots__ = ("files", "key", "named", "objects", "receipt")

    def __init__(
        self, spec: Spec, files: Mapping[str, str | bytes], objects: Sequence[str] = (), receipt: str = ""
    ) -> None:
        self.key: Final = spec.key
        self.named: Final = {
            "project": spec.stack.project.name,
            "stack": spec.stack.name,
            "workspace": spec.workspace.name,
        }
        self.files: Final = files
        self.objects: Final = objects
        self.receipt: Final = receipt

    @property
    def names(self) -> dict[str, bytes]:
        """The files by their names in the render's folder."""
        return {
            path.removeprefix(f"{self.key}/"): content.encode() if isinstance(content, str) else content
            for path, content in self.files.items()
        }


class Receipts:
    """The receipts in the output at the path `top` of `output`, of renders with `options`.

    `how` is what else the files depend on: the target and its options. `workspace` is the one that renders are put on
    instead of their own. `kept` are the renders that need not be compiled, by name; `folders` those of the output that are
    ours, once all were looked at.
    """

    def __init__(
        self,
        repository: Repository,
        options: Options,
        how: Mapping[str, object],
        output: Source,
        top: str,
        workspace: str | None = None,
    ) -> None:
        self.kept: Final[dict[str, tuple[Target, Receipt]]] = {}
        self.folders: Mapping[str, bool] | None = None
        self._repository: Final = repository
        self._files: Final = repository.files
        self.output: Final = output
        self.top: Final = top
        self._workspace: Final = workspace
        self._basis: Final = _basis(repository, options, {**how, "workspace": workspace})
        self._believed: Final[dict[str, Receipt | None]] = {}

    # Believing

    def stacks(self, jobs: int = 1) -> dict[str, Stack]:
        """Return the stacks, by their folder, whose renders all lie unchanged in the output; `jobs` processes look.

        They are as far known as it takes to name them: their files have not been read as YAML.
        """
        found: dict[str, Stack] = {}
        projects: dict[tuple[str, str], Project] = {}
        self.folders = owned_folders(self.output, self.top or "/")
        self._believe_all(list(self.folders), jobs)
        for folder in self.folders:
            known = self.believed(folder)
            if known is None or known.path in found:
                continue
            name, home, stack, path = known.names
            project = projects.setdefault((name, home), Project(name, home, _join(home, "project.yaml"), {}))
            made = Stack(stack, project, path, _join(path, "stack.yaml"), {}, known.workspaces)
            targets = [
                Target(made, each) for each in (known.workspaces if self._workspace is None else [self._workspace])
            ]
            if all(self._holds(target) is not None for target in targets):
                found[path] = made
        return found

    def _believe_all(self, folders: Sequence[str], jobs: int) -> None:
        if jobs == 1 or len(folders) <= _TOGETHER:
            return
        from kusion_render.workers import spread

        # Neighbours have inputs in common, which one process reads once.
        blocks = [folders[at : at + _TOGETHER] for at in range(0, len(folders), _TOGETHER)]
        for found in spread(lambda block: [(each, self._slim(each)) for each in block], blocks, jobs):
            self._believed.update(found)

    def _slim(self, folder: str) -> Receipt | None:
        known = self.believed(folder)
        return known and Receipt(known.names, known.workspaces, known.workspace, "", (), (), (), known.objects)

    def _holds(self, target: Target) -> Receipt | None:
        known = self.believed(target.key)
        same = known is not None and (known.path, known.workspace) == (target.stack.path, target.workspace)
        return known if same else None

    def believed(self, folder: str) -> Receipt | None:
        """Return the receipt of a folder of the output if it still holds."""
        if folder not in self._believed:
            self._believed[folder] = self._believe(folder)
        return self._believed[folder]

    def _believe(self, folder: str) -> Receipt | None:
        place = f"{self.top}/{folder}"
        content = self.output.own(f"{place}/{OWNERSHIP_FILE}")
        found = receipt.read(content)
        if found is None or found.receipt.key != folder:
            return None
        state = self._state(found.receipt)
        if state is None or not found.is_sealed(state) or not self._is_plain(folder):
            return None
        for name, told in ownership.parse(content).items():
            there = self.output.own(f"{place}/{name}") if "\0" not in name else None
            if there is None or digest(there) != told:
                return None
        return found.receipt

    def _is_plain(self, folder: str) -> bool:
        """Tell whether no link leads to a folder, and nothing lies there that the next render would clear away."""
        if self.folders is not None:
            # The walk follows no links.
            return self.folders.get(folder, False)
        parts = folder.split("/")
        if any(self.output.link(f"{self.top}/{'/'.join(parts[:end])}") for end in range(1, len(parts) + 1)):
            return False
        return not any(name.startswith(TEMPORARY) for name, _ in self.output.entries(f"{self.top}/{folder}"))

    def _state(self, known: Receipt) -> str | None:
        """Return the state of a render's inputs and of all else that it depends on; None if one can't be read now."""
        files = self._files
        found = [self._basis]
        if known.looks and not self._still_looks(known.looks, known.names[1]):
            return None
        for path in known.read:
            told = files.digest(path)
            if told is None:
                return None
            found.append(told)
        for path in known.listed:
            told = files.listing(path)
            if told is None:
                return None
            found.append(told)
        return "\n".join(found) if all(map(files.lacks, known.absent)) else None

    def _still_looks(self, like: str, project: str) -> bool:
        # Whoever wrote the receipt may have named any folder, or none; one that can be listed lies inside the root.
        listed = self._files.listing(project) is not None
        return listed and like == _looked(self._repository.looks_like_kusion(project))

    # Choosing

    def changed(self, targets: Sequence[Target]) -> list[Target]:
        """Return those of the targets that must be compiled; the others are `kept`."""
        for target in targets:
            known = self._holds(target)
            if known is not None:
                self.kept[target.key] = target, known
        for key in self._shared({}):
            del self.kept[key]
        return self._unkept(targets)

    def again(self, targets: Sequence[Target], made: Sequence[Made]) -> list[Target]:
        """Return those of the targets that must be compiled, or none if that is done.

        There are new ones where what was `made` is made by a kept render too: the two are told only together.
        """
        if not self.kept or not made:
            return []
        shared = self._shared({each.key: (each.named["workspace"], each.objects) for each in made})
        for key in shared:
            del self.kept[key]
        return self._unkept(targets) if shared else []

    def _unkept(self, targets: Sequence[Target]) -> list[Target]:
        again = []
        for target in targets:
            if target.key in self.kept:
                continue
            # One that was named by its receipt alone is read now.
            stack = target.stack if target.stack.data else self._repository.stack(target.stack.path, Diagnostics())
            again.append(target if stack is None else Target(stack, target.workspace))
        return again

    def _shared(self, made: Mapping[str, tuple[str, Sequence[str]]]) -> list[str]:
        """Return the kept renders that make what another one, kept or made just now, makes as well."""
        kept = {key: (target.workspace, known.objects) for key, (target, known) in self.kept.items()}
        first: dict[tuple[str, str], str] = {}
        shared: set[tuple[str, str]] = set()
        for workspace, objects in (*made.values(), *kept.values()):
            for each in objects:
                name, _, content = each.partition(":")
                other = first.get((workspace, name))
                if other is None:
                    first[workspace, name] = content
                elif not content or other != content:
                    shared.add((workspace, name))
        if not shared:
            return []
        return [
            key
            for key, (workspace, objects) in kept.items()
            if any((workspace, each.partition(":")[0]) in shared for each in objects)
        ]

    # Issuing

    def seal(self, spec: Spec, files: Mapping[str, str | bytes], diagnostics: Diagnostics) -> Made:
        """Return a render's files with its receipt; called right after it was compiled, by the same process."""
        objects = list(_identities(spec))
        text = "" if diagnostics.items else self._receipt(spec, files, objects)
        return Made(spec, files, objects, text)

    def _receipt(self, spec: Spec, files: Mapping[str, str | bytes], objects: Sequence[str]) -> str:
        names = {path.removeprefix(f"{spec.key}/"): content for path, content in files.items()}
        if not names or any("/" in name for name in names) or not spec.modules <= MODULES.keys():
            return ""
        if not self._repository.retrace(spec.stack):
            return ""
        record, stack = self._files.record, spec.stack
        made = Receipt(
            (stack.project.name, stack.project.path, stack.name, stack.path),
            stack.workspaces,
            spec.workspace.name,
            "".join(_looked(answer) for answer, _ in record.looks.values()),
            record.read,
            record.absent,
            record.listed,
            objects,
        )
        paths = (*made.read, *made.absent, *made.listed)
        state = self._state(made) if made.inputs <= MOST_INPUTS and all(map(is_inside, paths)) else None
        if state is None:
            return ""
        digests = {name: digest(text.encode() if isinstance(text, str) else text) for name, text in names.items()}
        return sealed(made.text(), ownership.listing(digests), state)


def _looked(answer: bool) -> str:  # noqa: FBT001 - the one thing it says
    return "kusion" if answer else "native"


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _identities(spec: Spec) -> Iterator[str]:
    """Yield digests of what only one render on a workspace may make or claim."""
    for known, content in objects_of(spec):
        shared = "" if content is None else f":{_short(content, 32)}"
        yield _short(known, 12) + shared
    levels = spec.workspace.data.get("lint") or {}
    if "error" in levels.values():
        from kusion_render.lint import claims_of, gate

        manifests = [(resource.id, resource.attributes) for resource in spec.resources]
        # A render may claim a thing twice, and that is told by itself.
        yield from sorted({_short((each.rule.code, each.key), 12) for each in claims_of(manifests, gate(levels))})


def _short(value: object, length: int) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:length]


def _basis(repository: Repository, options: Options, how: Mapping[str, object]) -> str:
    """Return the digest of all but the inputs: the program, its options, the bounds on what is read."""
    limits = repository.files.limits
    said = {
        "options": {name: getattr(options, name) for name in options.__slots__},
        "limits": {name: getattr(limits, name) for name in limits.__slots__},
        "how": how,
    }
    return digest(json.dumps([semantics(), _told(said)]).encode())


def _told(value: Any) -> Any:  # Any: JSON in and out
    """Return a value with the types of what it holds: `0755` and `"0755"` are not the same setting."""
    if isinstance(value, dict):
        return ["map", [[key, _told(each)] for key, each in sorted(value.items())]]
    if isinstance(value, (list, tuple)):
        return ["list", [_told(each) for each in value]]
    return [type(value).__name__, str(value)]


def semantics() -> str:
    """Return a digest of the code and the schemas that make objects or judge them, and of the form of receipts.

    It is taken of the files themselves: a number would have to be raised by hand, and a forgotten one makes a false answer.
    """
    top = os.path.dirname(__file__)
    found = [_VERSION]
    for path in sorted(_sources(top)):
        with open(path, "rb") as stream:
            content = stream.read().replace(b"\r\n", b"\n")
        found.append(f"{os.path.relpath(path, top).replace(os.sep, '/')} {digest(content)}")
    return digest("\n".join(found).encode())


def _sources(top: str) -> Iterator[str]:
    for folder, inner, names in os.walk(top):
        if folder == top:
            inner[:] = [name for name in inner if name not in _APART]
            names = [name for name in names if name not in _APART]  # noqa: PLW2901 - the rest of them
        inner[:] = [name for name in inner if name != "__pycache__"]
        yield from (os.path.join(folder, name) for name in names if name.endswith((".py", ".pyc", ".json")))
