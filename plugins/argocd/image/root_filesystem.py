"""Copy this Python and the virtual environment it runs in to an empty folder, the root file system of the image.

    /opt/kusion-render/bin/python root_filesystem.py /image

What is copied: the virtual environment, the interpreter, its standard library less what no render imports, and the
shared libraries that `ldd` names for all of these. Everything keeps its path. No shell, no package manager, no other
program comes along.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Parts of the standard library that no render imports; OpenSSL, SQLite and the terminal's libraries stay away with them.
LEFT_OUT: Final = shutil.ignore_patterns(
    *("__pycache__", "site-packages", "config-*", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tests"),
    *("tkinter", "turtledemo", "_crypt.*", "_curses*", "_dbm.*", "_gdbm.*", "_hashlib.*", "_sqlite3.*", "_ssl.*"),
    *("_test*", "_tkinter.*", "_xxtestfuzz.*", "nis.*", "readline.*", "xx*"),
)
ELF: Final = b"\x7fELF"
# Where the loader finds libraries that lie in other folders than the system's, as Python's own may.
LOADER_CACHE: Final = "/etc/ld.so.cache"
PROGRAM: Final = "kusion-render"


def main(arguments: list[str]) -> int:
    """Fill the folder and return the exit code."""
    if len(arguments) != 1 or sys.prefix == sys.base_prefix:
        sys.stderr.write("usage: VENV/bin/python root_filesystem.py EMPTY-FOLDER\n")
        return 2
    image = Path(arguments[0]).resolve()
    image.mkdir(parents=True)
    copy_python(image)
    for path in [*sorted(libraries(image)), LOADER_CACHE]:
        copy_file(path, image)
    (image / "tmp").mkdir(exist_ok=True)
    make_readable(image)
    return 0 if compile_all(image) else 1


def copy_python(image: Path) -> None:
    """Copy the interpreter, its standard library and the virtual environment, of whose programs only ours stays."""
    interpreter = os.path.realpath(sys.executable)
    standard = sysconfig.get_path("stdlib")
    copy_file(interpreter, image)
    shutil.copytree(standard, below(image, standard), symlinks=True, ignore=LEFT_OUT)
    environment = below(image, sys.prefix)
    shutil.copytree(sys.prefix, environment, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (environment / "bin").iterdir():
        if path.name != PROGRAM:
            path.unlink()
    for name in ("python", "python3", os.path.basename(interpreter)):
        (environment / "bin" / name).symlink_to(interpreter)


def libraries(image: Path) -> set[str]:
    """Return the shared libraries, the loader among them, that the programs and modules in the image are linked to.

    Raises:
        FileNotFoundError: when one of them is not on this machine.
    """
    found: set[str] = set()
    for path in files(image):
        if path.open("rb").read(4) == ELF:
            original = f"/{path.relative_to(image)}"
            said = subprocess.run(["ldd", original], capture_output=True, check=True, text=True).stdout
            if "not found" in said:
                raise FileNotFoundError(f"{original} needs:\n{said}")
            # The interpreter may say where its library lies by way of its own folder, `/usr/local/bin/../lib`.
            found.update(map(os.path.normpath, re.findall(r"(?:^|=>)\s*(/\S+) \(0x", said, re.MULTILINE)))
    return found


def copy_file(path: str, image: Path) -> None:
    """Copy a file to its own path in the image; a link becomes the file it leads to."""
    target = below(image, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def make_readable(image: Path) -> None:
    """Let everyone read everything and nobody but the owner write; `/tmp` is for all."""
    for path in [image, *files(image), *folders(image)]:
        mode = path.stat().st_mode
        path.chmod(mode & 0o755 | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))
    (image / "tmp").chmod(0o1777)


def compile_all(image: Path) -> bool:
    """Compile every source, so that a start reads bytecode although it can't write any.

    The official Python images come without compiled standard library. `unchecked-hash` because the times of files in an
    image mean nothing: what was compiled here is what runs.
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    return bool(
        compileall.compile_dir(
            image, maxlevels=99, quiet=1, workers=0, invalidation_mode=mode, stripdir=image, prependdir="/"
        )
    )


def below(image: Path, path: str) -> Path:
    """Return where an absolute path lies in the image."""
    return image / path.lstrip("/")


def files(image: Path) -> Iterable[Path]:
    """Return all regular files."""
    return [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]


def folders(image: Path) -> Iterable[Path]:
    """Return all folders."""
    return [path for path in image.rglob("*") if path.is_dir() and not path.is_symlink()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
