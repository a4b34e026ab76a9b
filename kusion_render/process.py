"""The one door to outside programs: argument lists, a named environment, a time limit, bounded output; never a shell.

What starts a program says everything that it may know: nothing is inherited but what the given environment holds.
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess  # noqa: TID251 - this is the door
import tempfile
import time
from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import ToolError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import IO

SECONDS: Final = 60.0
OUTPUT_BYTES: Final = 256 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_LAST_BYTES: Final = 8 * 1024
_LAST_LINES: Final = 12
_USER_OF_URL: Final = re.compile(r"(?<=://)[^/@\s']+(?=@)")


class Finished:
    """How a program ended and what it said; `errors` is the end of its stderr."""

    __slots__ = ("errors", "exit_code", "output")

    def __init__(self, exit_code: int, output: bytes, errors: str) -> None:
        self.exit_code: Final = exit_code
        self.output: Final = output
        self.errors: Final = errors


def find(program: str, environment: Mapping[str, str]) -> str:
    """Return the absolute path of a program.

    Parts of `PATH` that are not absolute are passed over: they would find a program in the repository.

    Raises:
        ToolError: when it is missing.
    """
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, program)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise ToolError(f"`{program}` is not installed, or not in PATH\nhelp: install it, then run this again")


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: str | None = None,
    given: bytes = b"",
    seconds: float = SECONDS,
    output_bytes: int = OUTPUT_BYTES,
    accept: Collection[int] | None = (0,),
    help: str = "",  # noqa: A002 - the word users read in the report
) -> Finished:
    """Run a program to its end and return how it ended; `given` is its stdin.

    `accept` are the exit codes that are no failure, None: all. `help` is the next step that a failure names.

    Raises:
        ToolError: when it is missing, fails, takes longer than `seconds`, or says more than `output_bytes`.
    """
    command = [find(arguments[0], environment), *arguments[1:]]
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environment),
        )
    except (OSError, ValueError) as error:
        raise failure(arguments, f"cannot be started: {error}", "", help) from error
    exchange = _Exchange(process, given, time.monotonic() + seconds, output_bytes)
    try:
        trouble = exchange.run()
    finally:
        _end(process)
    errors = bytes(exchange.errors).decode(errors="replace")
    if trouble:
        raise failure(arguments, trouble.format(seconds=seconds), errors, help)
    if accept is not None and process.returncode not in accept:
        raise failure(arguments, _ended(process.returncode), errors, help)
    return Finished(process.returncode, bytes(exchange.output), errors)


def failure(arguments: Sequence[str], what: str, errors: str, help: str = "") -> ToolError:  # noqa: A002 - as above
    """Return the error that says what was run, its last words and the next step; no password of a URL is in it."""
    lines = [line.rstrip() for line in errors.splitlines() if line.strip()][-_LAST_LINES:]
    words = [f"`{' '.join(arguments)}` {what}", *(f"    {line}" for line in lines)]
    if help:
        words.append(f"help: {help}")
    return ToolError(without_passwords("\n".join(words)))


def without_passwords(text: str) -> str:
    """Return a text with the user and password of its URLs replaced by stars."""
    return _USER_OF_URL.sub("***", text)


def _ended(exit_code: int) -> str:
    return f"was ended by signal {-exit_code}" if exit_code < 0 else f"failed with exit code {exit_code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process behind, whatever has happened."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue  # it has gone, and what was not yet written with it
    if process.poll() is None:
        process.kill()
    process.wait()


class _Exchange:
    """Feeds a program and takes what it says, within bounds."""

    def __init__(self, process: subprocess.Popen[bytes], given: bytes, deadline: float, output_bytes: int) -> None:
        self._process: Final = process
        self._given = memoryview(given)
        self._deadline: Final = deadline
        self._output_bytes: Final = output_bytes
        self.output: Final = bytearray()
        self.errors: Final = bytearray()

    def run(self) -> str:
        """Return what went wrong, or nothing."""
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        with selectors.DefaultSelector() as selector:
            for stream, event in zip(streams, (selectors.EVENT_WRITE, selectors.EVENT_READ, selectors.EVENT_READ)):  # noqa: B905 - three and three
                assert stream is not None  # noqa: S101 - all three are pipes
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, event)
            while selector.get_map():
                left = self._deadline - time.monotonic()
                if left <= 0:
                    return "took longer than {seconds:g} seconds"
                for key, _ in selector.select(left):
                    stream = key.fileobj  # type: ignore[assignment]  # it is one of the three
                    assert stream is not None  # noqa: S101 - as above
                    if not self._step(stream):
                        selector.unregister(stream)
                        stream.close()
                if len(self.output) > self._output_bytes:
                    return f"printed more than {self._output_bytes} bytes"
        return self._wait()

    def _wait(self) -> str:
        try:
            self._process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return "took longer than {seconds:g} seconds"
        return ""

    def _step(self, stream: IO[bytes]) -> bool:
        """Move what can be moved now; tell whether the stream stays open."""
        if stream is self._process.stdin:
            try:
                self._given = self._given[os.write(stream.fileno(), self._given[:_CHUNK]) :]
            except BrokenPipeError:
                return False  # it has read enough
            return bool(self._given)
        content = os.read(stream.fileno(), _CHUNK)
        if stream is self._process.stdout:
            self.output.extend(content)
        else:
            self.errors.extend(content)
            del self.errors[:-_LAST_BYTES]
        return bool(content)


class Conversation:
    """A program that stays, is asked, and answers; a context manager, or ended by `close`."""

    __slots__ = ("_arguments", "_buffer", "_errors", "_process", "_seconds")

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float = SECONDS) -> None:
        self._arguments: Final = arguments
        self._seconds: Final = seconds
        self._buffer = bytearray()
        # A file takes any amount of complaints; a pipe that nobody reads would stop the program.
        self._errors: Final = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the program
        self._process: Final = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            [find(arguments[0], environment), *arguments[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=dict(environment),
            bufsize=0,
        )

    def ask(self, question: bytes) -> None:
        """Send a short question.

        Raises:
            ToolError: when the program has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - a pipe
        try:
            self._process.stdin.write(question)
        except OSError as error:
            raise self._failure("has ended") from error

    def line(self) -> bytes:
        """Return the next line of the answer, without its end."""
        while b"\n" not in self._buffer:
            self._more()
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer = bytearray(rest)
        return line

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes of the answer."""
        while len(self._buffer) < count:
            self._more()
        content = bytes(self._buffer[:count])
        del self._buffer[:count]
        return content

    def _more(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(self._seconds):
                raise self._failure(f"gave no answer for {self._seconds:g} seconds")
        content = os.read(self._process.stdout.fileno(), _CHUNK)
        if not content:
            raise self._failure("ended too early")
        self._buffer.extend(content)

    def _failure(self, what: str) -> ToolError:
        self._errors.seek(0)
        return failure(self._arguments, what, self._errors.read()[-_LAST_BYTES:].decode(errors="replace"))

    def close(self) -> None:
        """End the program."""
        _end(self._process)
        self._errors.close()
