"""Projects, stacks and workspaces of a repository, read on demand."""

from __future__ import annotations

import os

from kusion_render import __version__
from kusion_render.diagnostics import Diagnostics, Place, Rule, Span
from kusion_render.document import DIRECTIVE
from kusion_render.model import Project, Stack, Workspace
from kusion_render.origins import in_file
from kusion_render.repository.files import OUTSIDE_ROOT, UNREADABLE
from kusion_render.repository.root import SETTINGS_FILE
from kusion_render.repository.version import satisfies
from kusion_render.schema import check, typed
from kusion_render.suggestion import listing, suggest
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostic, Json
    from kusion_render.kcl import Evaluator
    from kusion_render.repository.files import Files, Record

PROJECT_FILE: Final = "project.yaml"
STACK_FILE: Final = "stack.yaml"
APP_FILE: Final = "app.yaml"
APP_SUFFIX: Final = ".app.yaml"

NO_PROJECT: Final = Rule("KR501", "no-project")
NESTED_PROJECT: Final = Rule("KR502", "nested-project")
DUPLICATE_NAME: Final = Rule("KR503", "duplicate-name")
NO_WORKSPACE: Final = Rule("KR505", "missing-workspace")
VERSION_MISMATCH: Final = Rule("KR507", "required-version")
BAD_NAME: Final = Rule("KR508", "bad-name")
VERSION_SYNTAX: Final = Rule("KR517", "version-syntax")

_UNKNOWN_KEY = "KR203"


def is_name(name: str) -> bool:
    """Tell whether a project, stack or workspace may be called so: a part of a path and of a label."""
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    return plain.isalnum() and plain.isascii() and name[0].isalnum() and name[-1].isalnum() and len(name) <= 100


def _may_be_kusions(item: Diagnostic) -> bool:
    """Tell whether this is a key that we don't know and Kusion may; what is below a key of our own is none."""
    where = item.where
    return item.rule.code == _UNKNOWN_KEY and not (isinstance(where, Place) and where.pointer[:1] == ("lint",))


class Repository:
    """A repository at `files.root`; everything it finds is checked, and remembered for the run."""

    __slots__ = ("_checks", "_looks", "_projects", "_unknown_keys", "evaluator", "files", "settings")

    def __init__(self, files: Files, diagnostics: Diagnostics) -> None:
        self.files: Final = files
        # The child process that runs KCL: the loaders start one when a stack asks for it, and it serves all.
        self.evaluator: Evaluator | None = None
        self._checks: Final[dict[str, tuple[dict[str, Any] | None, Sequence[Diagnostic]]]] = {}
        self._looks: Final[dict[str, tuple[bool, Record]]] = {}
        self._projects: Final[dict[str, tuple[Project | None, Sequence[Diagnostic]]]] = {}
        self._unknown_keys: Final[dict[str, Sequence[Diagnostic]]] = {}
        self.settings: Final[Mapping[str, Any]] = self._settings(diagnostics)

    def _settings(self, diagnostics: Diagnostics) -> Mapping[str, Any]:
        if not self.files.exists(SETTINGS_FILE):
            return {}
        data = self._checked(SETTINGS_FILE, "kusion-render", diagnostics) or {}
        self.report_unknown_keys(SETTINGS_FILE, "native", diagnostics)
        self.files.lower_limits(data.get("limits") or {})
        if "requiredVersion" in data:
            self._check_version(text(data["requiredVersion"]), diagnostics)
        return data

    def _check_version(self, required: str, diagnostics: Diagnostics) -> None:
        fits = satisfies(__version__, required)
        place = self.files.span(SETTINGS_FILE, ("requiredVersion",))
        if fits is None:
            diagnostics.report(
                VERSION_SYNTAX,
                f"`{required}` says no versions",
                place,
                help="write such as `>=1.2, <2`, `^1.2`, `~1.2.3` or `1.2.3`",
            )
        elif not fits:
            diagnostics.report(
                VERSION_MISMATCH,
                f"this repository asks for kusion-render `{required}`, this is {__version__}",
                place,
                help="install a version that fits, or change `requiredVersion`",
            )

    def _checked(self, file: str, schema: str, diagnostics: Diagnostics) -> dict[str, Any] | None:
        """Return a file's content, None if it is wrong; its problems are reported each time it is asked for."""
        known = self._checks.get(file)
        if known is None:
            found = Diagnostics()
            known = self._checks[file] = (self._check(file, schema, found), found.items)
        diagnostics.items.extend(known[1])
        return known[0]

    def _check(self, file: str, schema: str, diagnostics: Diagnostics) -> dict[str, Any] | None:
        parsed = self.files.yaml(file, diagnostics)
        if parsed is None:
            return None
        found = Diagnostics()
        data: Json = parsed.data if parsed.data is not None else {}
        if parsed.has_plain:
            data = typed(data, schema, found)
        check(data, schema, found)
        if found.items:
            positions = self.files.positions(file)
            placed = [in_file(item, positions, file) for item in found.items]
            unknown = [item for item, bare in zip(placed, found.items, strict=True) if _may_be_kusions(bare)]
            self._unknown_keys[file] = unknown
            others = [item for item in placed if item not in unknown]
            diagnostics.items.extend(others)
            if any(item.severity == "error" for item in others):
                return None
        assert isinstance(data, dict)  # noqa: S101 - Files.yaml answers maps only
        return data

    def report_unknown_keys(self, file: str, compatibility: str, diagnostics: Diagnostics) -> None:
        """Report keys of a file that its schema doesn't know: errors, but warnings for a Kusion repository."""
        for item in self._unknown_keys.get(file, ()):
            diagnostics.report(
                item.rule,
                item.message,
                item.where,
                help=item.help,
                related=item.related,
                severity="warning" if compatibility == "kusion" else None,
            )

    def folders(self, below: str = "") -> Iterator[tuple[str, frozenset[str]]]:
        """Walk folders in a stable order; yield each path with the names of its files.

        Hidden folders and links to folders are no place for projects.
        """
        pending = [below]
        while pending:
            folder = pending.pop()
            try:
                names, inner = self.files.entries(folder)
            except PermissionError:
                continue  # not ours to read: what lies in there is no part of the repository for us
            yield folder, names
            visible = [name for name in reversed(inner) if not name.startswith(".")]
            pending.extend(f"{folder}/{name}" if folder else name for name in visible)

    def stack_folders(self, below: str = "") -> list[str]:
        """Return the folders with `stack.yaml` at and below a folder, sorted."""
        return sorted(folder for folder, names in self.folders(below) if STACK_FILE in names)

    def project_folders(self) -> list[str]:
        """Return the folders with `project.yaml`, sorted."""
        return sorted(folder for folder, names in self.folders() if PROJECT_FILE in names)

    def project(self, folder: str, diagnostics: Diagnostics) -> Project | None:
        """Return the project in `folder`, or None after a diagnostic."""
        known = self._projects.get(folder)
        if known is None:
            found = Diagnostics()
            known = self._projects[folder] = (self._project(folder, found), found.items)
        diagnostics.items.extend(known[1])
        return known[0]

    def _project(self, folder: str, diagnostics: Diagnostics) -> Project | None:
        file = f"{folder}/{PROJECT_FILE}" if folder else PROJECT_FILE
        data = self._checked(file, "project", diagnostics)
        self._refuse_nested(folder, file, diagnostics)
        if data is None or not self._is_named("project", data.get("name", ""), file, diagnostics):
            return None
        return Project(data["name"], folder, file, data)

    def _is_named(self, kind: str, name: str, file: str, diagnostics: Diagnostics) -> bool:
        if is_name(name):
            return True
        diagnostics.report(
            BAD_NAME,
            f"`{name}` can't be a {kind}'s name" if name else f"this {kind} has no name",
            self.files.span(file, ("name",)),
            help="say `name: NAME` with letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit; "
            "names become folders and labels",
        )
        return False

    def _refuse_nested(self, folder: str, file: str, diagnostics: Diagnostics) -> None:
        outer = self.project_folder(os.path.dirname(folder)) if folder else None
        if outer is not None:
            diagnostics.report(
                NESTED_PROJECT,
                f"project `{folder}` lies inside project `{outer or '.'}`",
                Span(file),
                help="put projects side by side; a folder that holds a stack needs only stack.yaml",
            )

    def project_folder(self, folder: str) -> str | None:
        """Return the nearest folder upward, within the root, that holds `project.yaml`."""
        while True:
            if self.files.exists(f"{folder}/{PROJECT_FILE}" if folder else PROJECT_FILE):
                return folder
            if not folder:
                return None
            folder = os.path.dirname(folder)

    def stack(self, folder: str, diagnostics: Diagnostics) -> Stack | None:
        """Return the stack in `folder` with the names of its workspaces, or None after a diagnostic."""
        file = f"{folder}/{STACK_FILE}" if folder else STACK_FILE
        data = self._checked(file, "stack", diagnostics)
        home = self.project_folder(folder)
        if home is None:
            diagnostics.report(
                NO_PROJECT,
                "this stack belongs to no project",
                Span(file),
                help=f"add a {PROJECT_FILE} in a folder above it",
            )
            return None
        project = self.project(home, diagnostics)
        if data is None or project is None:
            # Nothing gets as far as to ask for these.
            for each in (file, f"{home}/{PROJECT_FILE}" if home else PROJECT_FILE):
                self.report_unknown_keys(each, str(self.settings.get("compatibility")), diagnostics)
            return None
        name = data.get("name") or os.path.basename(folder)
        if not self._is_named("stack", name, file, diagnostics):
            return None
        return Stack(name, project, folder, file, data, self._workspace_names(name, data))

    def retrace(self, stack: Stack) -> bool:
        """Have the record hold what finding `stack` depends on; tell whether it was found without a problem."""
        project = stack.project
        found = Diagnostics()
        self.files.exists(SETTINGS_FILE)
        self.files.record.read.update((stack.file, project.file))
        again = self.stack(stack.path, found)
        if project.path:
            self.project_folder(os.path.dirname(project.path))
        return again is not None and not found.items

    def _workspace_names(self, stack: str, data: Mapping[str, Any]) -> Sequence[str]:
        given = data.get("workspaces") or ([data["workspace"]] if data.get("workspace") else None)
        if given:
            return list(dict.fromkeys(given))
        return [next((name for name in (stack, "default") if self.files.exists(f"workspaces/{name}.yaml")), "")]

    def workspace_names(self) -> list[str]:
        """Return the names of all workspaces, sorted."""
        try:
            names, _ = self.files.entries("workspaces")
        except OSError:
            return []
        return sorted(name[:-5] for name in names if name.endswith(".yaml") and not name.startswith("."))

    def workspace(self, name: str, diagnostics: Diagnostics, where: Span | None = None) -> Workspace | None:
        """Return a workspace, or None after a diagnostic; `""` is the empty one.

        `where` is the place that names it.
        """
        if not name:
            return Workspace("", "", {})
        file = f"workspaces/{name}.yaml"
        # A name that is a path would ask for files elsewhere.
        if not is_name(name) or not self.files.exists(file):
            self._report_missing(name, diagnostics, where)
            return None
        data = self._checked(file, "workspace", diagnostics)
        parsed = self.files.yaml(file, Diagnostics())
        if data is None or parsed is None:
            return None
        deletes = parsed.has_null or DIRECTIVE in (self.files.text(file) or "")
        return Workspace(name, file, data, parsed, deletes=deletes)

    def _report_missing(self, name: str, diagnostics: Diagnostics, where: Span | None) -> None:
        names = self.workspace_names()
        diagnostics.report(
            NO_WORKSPACE,
            f"workspace `{name}` does not exist",
            where,
            help=suggest(name, names, f"add workspaces/{name}.yaml; {listing(names)}"),
        )

    def looks_like_kusion(self, project: str) -> bool:
        """Tell whether any app file of the project in a folder is KCL, or says the `_type` that evaluated KCL has.

        Asked only where nobody says which compatibility is meant: it reads the project's other stacks too.
        """
        known = self._looks.get(project)
        if known is None:
            record = self.files.record
            self.files.start_record()
            known = self._looks[project] = (self._looks_like_kusion(project), self.files.record)
            self.files.record = record
        self.files.record.looks[project] = known
        return known[0]

    def _looks_like_kusion(self, project: str) -> bool:
        for folder, names in self.folders(project):
            if "kcl.mod" in names or any(name.endswith(".k") for name in names):
                return True
            for name in sorted(names):
                if name == APP_FILE or name.endswith(APP_SUFFIX):
                    content = self.files.content(f"{folder}/{name}" if folder else name, Diagnostics()) or b""
                    if b"_type" in content and b"kam." in content:
                        return True
        return False

    def app_files(self, stack: Stack, diagnostics: Diagnostics) -> list[tuple[str, Span | None]]:
        """Return the files that a stack's layers are read from, in merge order, and the place that names each.

        Where the stack says no `entries`, `main.k` stands for a program in KCL, whose files `kcl.mod` says.
        """
        return self._entries(stack) if "entries" in stack.data else self._usual_files(stack, diagnostics)

    def _entries(self, stack: Stack) -> list[tuple[str, Span | None]]:
        found: list[tuple[str, Span | None]] = []
        for at, entry in enumerate(stack.data["entries"]):
            path = os.path.normpath(os.path.join(self.files.path(stack.path), entry))
            file = self.files.relative(path)
            # A path that leaves the root is kept as written: the door refuses it and says so.
            found.append((entry if file is None else file, self.files.span(stack.file, ("entries", at))))
        return found

    def _usual_files(self, stack: Stack, diagnostics: Diagnostics) -> list[tuple[str, Span | None]]:
        base = f"{stack.project.path}/base" if stack.project.path else "base"
        found: list[tuple[str, Span | None]] = []
        for folder in (base, stack.path) if base != stack.path else (stack.path,):
            # KCL of a base is no layer by itself: it counts where a stack's `entries` name it.
            files = self._app_files(folder, diagnostics)
            found.extend((file, None) for file in files if folder == stack.path or not file.endswith(".k"))
        return found

    def _app_files(self, folder: str, diagnostics: Diagnostics) -> list[str]:
        if not self.files.inside(self.files.path(folder)):
            self.files.record.read.add(folder)
            diagnostics.report(
                OUTSIDE_ROOT,
                f"`{folder}` leads outside the repository",
                Span(folder),
                help="keep every folder a render lists inside the repository; links must stay inside too",
            )
            return []
        try:
            files, folders = self.files.entries(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            diagnostics.report(
                UNREADABLE,
                f"`{folder}` cannot be listed: {(error.strerror or 'no reason given').lower()}",
                Span(folder),
                help="check the folder's mode",
            )
            return []
        # Something with an app file's name that is no file is to be complained of, not passed by.
        names = files.union(folders)
        apps = sorted(name for name in names if name.endswith(APP_SUFFIX) and not name.startswith("."))
        ordered = ([APP_FILE] if APP_FILE in names else []) + apps
        if "kcl.mod" in names or "main.k" in names:
            ordered.append("main.k")
        return [f"{folder}/{name}" if folder else name for name in ordered]
