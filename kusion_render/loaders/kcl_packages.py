"""The files of a KCL program: its entries, and those of every package they import, read through our own door.

KCL's rules say where an import leads: below the folder of the nearest `kcl.mod`, relative to the file when it begins with
a dot, or to a package by name. Whatever may be meant is read, and KCL chooses; it sees nothing else.
"""

from __future__ import annotations

import os
import posixpath

from kusion_render.diagnostics import Rule, Span
from kusion_render.kcl import BENEATH, KUSIONS, PACKAGES, Failure, is_system_module, package_folder, refusals
from kusion_render.loaders.kcl_mod import KCL_MOD, join, read_mod
from kusion_render.repository.files import OUTSIDE_ROOT
from kusion_render.suggestion import listing, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.kcl import Evaluator, Import, Syntax
    from kusion_render.loaders.kcl_mod import KclMod
    from kusion_render.repository import Files

SYNTAX: Final = Rule("KR132", "kcl-syntax")
NO_PACKAGE: Final = Rule("KR134", "kcl-package")
REFUSED: Final = Rule("KR135", "kcl-refused")
LIMIT: Final = Rule("KR136", "kcl-limit")
_VENDOR: Final = "vendor"


class Program:
    """What was collected: contents by path from the root, parsed files, folders of packages by name.

    `roots` are folders that imports start from; `packages` are paths from the root, `own` the absolute ones of those that
    come with us. `imported` says whether an import leads to a file of the repository.
    """

    __slots__ = ("contents", "imported", "own", "packages", "roots", "syntax")

    def __init__(self) -> None:
        self.contents: Final[dict[str, bytes]] = {}
        self.syntax: Final[dict[str, Syntax]] = {}
        self.packages: Final[dict[str, str]] = {}
        self.own: Final[dict[str, str]] = {}
        self.roots: Final[set[str]] = set()
        self.imported = False


def collect(
    files: Files, entries: Sequence[tuple[str, Span | None]], evaluator: Evaluator, diagnostics: Diagnostics
) -> Program:
    """Return a program's files; what can't be read, parsed, found or allowed is reported."""
    collection = _Collection(files, evaluator, diagnostics)
    for file, where in entries:
        collection.roots[file] = collection.root_of(posixpath.dirname(file))
        collection.read(file, where)
    collection.package([(file, collection.roots[file]) for file, _ in entries])
    while collection.pending:
        collection.package(collection.pending.pop())
    return collection.program


def members(files: Files, folder: str) -> list[str]:
    """Return the files of a folder that KCL takes for one package, by name; none where there is no such folder."""
    try:
        names, _ = files.entries(folder)
    except OSError:
        return []
    chosen = sorted(name for name in names if name.endswith(".k") and not name.startswith("_"))
    return [join(folder, name) for name in chosen if not name.endswith("_test.k")]


class _Collection:
    """Follows imports, each package once."""

    def __init__(self, files: Files, evaluator: Evaluator, diagnostics: Diagnostics) -> None:
        self._files: Final = files
        self._evaluator: Final = evaluator
        self._diagnostics: Final = diagnostics
        self._mods: Final[dict[str, KclMod]] = {}
        self._met: Final[set[tuple[str, str]]] = set()
        self.pending: Final[list[list[tuple[str, str]]]] = []
        self.roots: Final[dict[str, str]] = {}
        self.program: Final = Program()

    def root_of(self, folder: str) -> str:
        """Return the folder that a file's imports start from: the nearest upward with `kcl.mod`, else its own."""
        above = folder
        while not above.startswith(("/", "..")):
            if self._files.exists(join(above, KCL_MOD)):
                self.program.roots.add(above)
                return above
            if not above:
                break
            above = posixpath.dirname(above)
        self.program.roots.add(folder)
        return folder

    def read(self, file: str, where: Span | None) -> bool:
        """Read and parse one file; tell whether it went well."""
        if file in self.program.contents:
            return True
        content = self._files.content(file, self._diagnostics, where)
        if content is None:
            return False
        self.program.contents[file] = content
        try:
            # No path below this one can exist.
            parsed = self._evaluator.parse(f"{os.devnull}/{file}", content.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            self._diagnostics.report(SYNTAX, "this is not UTF-8", Span(file, line), help="save the file as UTF-8")
            return False
        except Failure as failure:
            self._diagnostics.report(
                LIMIT, f"`{file}` {failure.what}", Span(file), help="write it more simply, or split it"
            )
            return False
        self.program.syntax[file] = parsed
        # After the first error of a line, the others come from it.
        for line, each in {each.line: each for each in reversed(parsed.complaints)}.items():
            span = Span(file, line, each.column)
            self._diagnostics.report(SYNTAX, each.message, span, help="see KCL's grammar, or run `kcl fmt`")
        return not parsed.complaints

    def package(self, members: Sequence[tuple[str, str]]) -> None:
        """Check the files of one package, each with the root of its imports, and follow these."""
        known = [(file, root) for file, root in members if file in self.program.syntax]
        refused = set()
        for refusal in refusals((file, self.program.syntax[file]) for file, _ in known):
            refused.add((refusal.file, refusal.line))
            self._diagnostics.report(
                REFUSED,
                f"`{refusal.what}` is refused: it {refusal.why}",
                Span(refusal.file, refusal.line, refusal.column),
                help="a render depends on the repository alone; write the value down, or hand it over with `-D`",
            )
        for file, root in known:
            for each in self.program.syntax[file].imports:
                if not is_system_module(each.path) and (file, each.line) not in refused:
                    self._follow(file, root, each)

    def _follow(self, file: str, root: str, imported: Import) -> None:
        path = imported.path
        where = Span(file, imported.line, imported.column, imported.line, imported.column + len(path))
        plain = path.lstrip(".")
        steps = plain.replace(".", "/")
        ups = len(path) - len(plain)
        base = join(posixpath.dirname(file), "../" * (ups - 1) + steps) if ups else join(root, steps)
        # KCL looks beside the file, too, where that lies outside of any `kcl.mod`.
        if not self._add(base, root, where) and (ups or not self._named(plain, root, where)):
            if ups:
                help_ = f"there must be a folder {base}/ with `.k` files, or {base}.k"
                self._diagnostics.report(NO_PACKAGE, f"there is no package `{path}` here", where, help=help_)
            else:
                self._report_unknown(plain, root, where)

    def _add(self, base: str, root: str, where: Span) -> bool:
        """Add the package at a path, a folder or a file; tell whether there is one."""
        if base.startswith(("/", "..")) or not self._files.inside(self._files.path(base)):
            help_ = "keep every package inside the repository; links must stay inside too"
            self._diagnostics.report(OUTSIDE_ROOT, f"`{base}` leads outside the repository", where, help=help_)
            return True
        found = members(self._files, base)
        if base and self._files.exists(base + ".k"):
            found.append(base + ".k")
        if (base, root) not in self._met and found:
            self._met.add((base, root))
            self.program.imported = True
            for file in found:
                self.read(file, where)
            self.pending.append([(file, root) for file in found])
        return bool(found)

    def _named(self, path: str, root: str, where: Span) -> bool:
        """Add a package by its name, the first part of a path: a dependency by path, a vendored one, or ours.

        Kusion's are always ours, for what it publishes does not compile.
        """
        name, _, rest = path.partition(".")
        steps = rest.replace(".", "/")
        mod = self._mod(root)
        folder = mod.paths.get(name) or self.program.packages.get(name)
        if folder is None and name not in KUSIONS:
            folder = self._vendored(name, mod)
        if folder is None and name in PACKAGES:
            for each in (name, BENEATH.get(name, name)):
                self.program.own[each] = package_folder(each)
            inside = os.path.join(package_folder(name), steps)
            return os.path.isdir(inside) or os.path.isfile(inside + ".k")
        if folder is None:
            return False
        self.program.packages[name] = folder
        self.program.roots.add(folder)
        return self._add(join(folder, steps), folder, where)

    def _vendored(self, name: str, mod: KclMod) -> str | None:
        for place in dict.fromkeys((join(mod.folder, _VENDOR), _VENDOR)):
            try:
                _, folders = self._files.entries(place)
            except OSError:
                continue
            wanted = (name, f"{name}_{mod.versions.get(name, '')}")
            found = [each for each in folders if each in wanted] or [
                each for each in folders if each.startswith(name + "_")
            ]
            if found:
                return join(place, found[-1])
        return None

    def _mod(self, folder: str) -> KclMod:
        known = self._mods.get(folder)
        if known is None:
            known = self._mods[folder] = read_mod(self._files, folder, self._diagnostics)
        return known

    def _report_unknown(self, path: str, root: str, where: Span) -> None:
        name, _, rest = path.partition(".")
        mod = self._mod(root)
        if name in PACKAGES and rest:
            known = sorted(_parts_of(name))
            help_ = suggest(path, known, f"`{name}` has {listing(known)}")
        elif name in mod.paths:
            help_ = f"there must be a folder {join(mod.paths[name], rest.replace('.', '/'))}/ with `.k` files"
        else:
            known = sorted({*PACKAGES, *mod.paths})
            vendor = f"vendor it below {join(root, _VENDOR)}/, or give its path in {KCL_MOD}; {listing(known)}"
            # What kcl.mod names as well is no slip of the pen.
            help_ = vendor if name in mod.versions else suggest(path, known, vendor)
        said = " that is at hand" if name in mod.versions else ""
        self._diagnostics.report(NO_PACKAGE, f"there is no package `{path}`{said}", where, help=help_)


def _parts_of(name: str) -> Iterable[str]:
    """Yield what can be imported of one of our packages."""
    top = package_folder(name)
    for folder, _, found in os.walk(top):
        for file in found:
            if file.endswith(".k"):
                steps = [name, *os.path.relpath(os.path.join(folder, file[:-2]), top).split(os.sep)]
                # A file that is called as its folder is the folder's.
                yield ".".join(steps[:-1] if steps[-1] == steps[-2] else steps)
