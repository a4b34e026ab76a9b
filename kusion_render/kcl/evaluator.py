"""The child process that parses and runs KCL: one for all stacks of a run, killed when it takes too long.

It is forked, so it starts in no time, and gives up all that a program could reach: open files, the environment, the
right to write files. What it is asked and what it answers goes through two pipes.
"""

from __future__ import annotations

import os
import select
import signal
import time

from kusion_render.kcl import engine, wire
from kusion_render.kcl.messages import Complaint, complaints
from kusion_render.kcl.syntax import Syntax

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from kusion_render.kcl.engine import Call

_PARSE: Final = "KclService.ParseFile"
_RUN: Final = "KclService.ExecProgram"
_ERROR: Final = b"ERROR:"
_TOO_DEEP: Final = "recursion limit exceeded"
_HEADER: Final = 8
_REMEMBERED: Final = 512
_GRACE: Final = 2.0
# How an answer begins.
_DONE: Final = b"+"
_RAISED: Final = b"!"
_LARGE: Final = b">"


class Failure(Exception):  # noqa: N818 - the word of this program for what a child came to
    """A program that could not be finished: `what` says why, as a clause about it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what: Final = what


class _Crashed(Failure):
    """The child is gone, and not for the time it took."""


class Outcome:
    """What a program came to: its result as JSON, or what is wrong with it."""

    __slots__ = ("complaints", "result")

    def __init__(self, result: str, found: Sequence[Complaint] = ()) -> None:
        self.result: Final = result
        self.complaints: Final = found


class Evaluator:
    """Asks a child process, which it starts when first asked, and anew after one that had to be killed.

    `seconds` bound one stack, see `begin`; `memory` and `output` are bytes.
    """

    __slots__ = ("_answers", "_child", "_deadline", "_memory", "_output", "_owner", "_parsed", "_questions", "_seconds")

    def __init__(self, *, seconds: int, memory: int, output: int) -> None:
        self._seconds: Final = seconds
        self._memory: Final = memory
        self._output: Final = output
        self._parsed: Final[dict[tuple[str, str], Syntax]] = {}
        self._deadline = 0.0
        self._child = 0
        self._owner = 0
        self._questions = -1
        self._answers = -1

    def __del__(self) -> None:
        self.close()

    def begin(self) -> None:
        """Start the clock of one stack."""
        self._deadline = time.monotonic() + self._seconds

    def parse(self, path: str, source: str) -> Syntax:
        """Parse one file; `path` is absolute, and need not exist.

        Raises:
            Failure: when that takes too long or too much.
        """
        known = self._parsed.get((path, source))
        if known is not None:
            return known
        # An empty source would mean that the file is to be read.
        content = self._ask(_PARSE, wire.message(wire.texts(1, [path]), wire.texts(2, [source or "\n"])))
        if content.startswith(_ERROR):
            raise Failure("makes KCL's parser fail")
        answer = wire.fields(content)
        found = [each for error in answer.get(3, ()) for each in _syntax_errors(error, path)]
        try:
            result = Syntax(_text(answer, 1), found)
        except RecursionError:
            raise Failure("is nested too deeply") from None
        if len(self._parsed) >= _REMEMBERED:
            self._parsed.clear()
        self._parsed[(path, source)] = result
        return result

    def run(
        self,
        folder: str,
        files: Mapping[str, str],
        packages: Mapping[str, str],
        arguments: Mapping[str, str],
        overrides: Sequence[str] = (),
    ) -> Outcome:
        """Run files, texts by path, as one program in this order; `packages` are folders by name.

        All paths are absolute; those of the files need not exist.

        `overrides` are laid over the program, as `web.workload.replicas=2`.

        Raises:
            Failure: when that takes too long or too much.
        """
        question = wire.message(
            wire.texts(1, [folder]),
            wire.texts(2, files),
            # An empty source would mean that the file is to be read.
            wire.texts(3, [source or "\n" for source in files.values()]),
            wire.messages(4, [_pair(name, value) for name, value in arguments.items()]),
            wire.texts(5, overrides),
            wire.flag(6),  # no YAML, the JSON says the same
            wire.flag(9),  # nothing for what is None
            wire.messages(13, [_pair(name, path) for name, path in packages.items()]),
            wire.flag(14),  # `_type`
            wire.texts(19, ["short"]),
        )
        content = self._ask(_RUN, question)
        if content.startswith(_ERROR):
            return Outcome("", complaints(content[len(_ERROR) :].decode("utf-8", "replace")))
        answer = wire.fields(content)
        wrong = _text(answer, 4)
        if _TOO_DEEP in wrong:
            raise Failure("comes to something that is nested too deeply")
        return Outcome("", complaints(wrong)) if wrong else Outcome(_text(answer, 1))

    def close(self) -> None:
        """End the child."""
        if self._child and self._owner == os.getpid():
            os.close(self._questions)
            os.close(self._answers)
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        self._child = 0

    def _ask(self, method: str, body: bytes) -> bytes:
        try:
            kind, answer = self._exchange(method, body)
        except _Crashed:
            # A child may fall over what was asked before, or over itself: only a fresh one tells about this question.
            kind, answer = self._exchange(method, body)
        if kind == _LARGE:
            raise Failure(f"comes to more than {self._output} bytes")
        if kind == _RAISED:
            raise Failure("makes KCL itself fail")
        return answer

    def _exchange(self, method: str, body: bytes) -> tuple[bytes, bytes]:
        if not self._child or self._owner != os.getpid():
            # A worker process does not share the child of the one that forked it.
            self._start()
        try:
            # At one go, for each write wakes the child.
            _write(self._questions, _frame(method.encode()) + _frame(body))
            head = self._read(1 + _HEADER)
            return head[:1], self._read(int.from_bytes(head[1:], "big"))
        except (BrokenPipeError, EOFError):
            raise self._died() from None
        except BaseException:
            # Also when the user stops the run: a child that is at work would go on.
            self.close()
            raise

    def _read(self, count: int) -> bytes:
        content = bytearray()
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while len(content) < count:
            left = self._deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise Failure(self._late())
            more = os.read(self._answers, count - len(content))
            if not more:
                raise EOFError
            content += more
        return bytes(content)

    def _late(self) -> str:
        return f"takes longer than {self._seconds} seconds"

    def _died(self) -> Failure:
        _, status = os.waitpid(self._child, 0)
        os.close(self._questions)
        os.close(self._answers)
        self._child = 0
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            return Failure(self._late())
        if os.WIFEXITED(status):
            return _Crashed("can't be run, KCL's evaluator ends by itself here")
        return _Crashed(f"recurses without end, or takes more than {self._memory} bytes of memory")

    def _start(self) -> None:
        questions, ours = os.pipe()
        answers, theirs = os.pipe()
        child = os.fork()
        if not child:
            # Nothing that the parent was about to do may be done twice.
            try:
                _serve(questions, theirs, self._seconds, self._memory, self._output)
            finally:
                os._exit(1)
        os.close(questions)
        os.close(theirs)
        self._child, self._owner, self._questions, self._answers = child, os.getpid(), ours, answers


def _pair(name: str, value: str) -> bytes:
    return wire.message(wire.texts(1, [name]), wire.texts(2, [value]))


def _text(answer: Mapping[int, Sequence[bytes]], number: int) -> str:
    return answer[number][-1].decode("utf-8", "replace") if number in answer else ""


def _syntax_errors(error: bytes, path: str) -> list[Complaint]:
    """Return what an error says about the form of a file; imports are none of the parser's business here."""
    known = wire.fields(error)
    if "InvalidSyntax" not in _text(known, 2):
        return []
    return [_syntax_error(content, path) for content in known.get(3, ())]


def _syntax_error(content: bytes, path: str) -> Complaint:
    known = wire.fields(content)
    line, column = wire.numbers(known[2][-1]) if 2 in known else (1, 0)
    return Complaint("InvalidSyntax", " ".join(_text(known, 1).split()), path, max(1, line), column + 1)


def _write(pipe: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _frame(content: bytes) -> bytes:
    return len(content).to_bytes(_HEADER, "big") + content


def _read_frame(pipe: int) -> bytes:
    return _read_all(pipe, int.from_bytes(_read_all(pipe, _HEADER), "big"))


def _read_all(pipe: int, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        more = os.read(pipe, count - len(content))
        if not more:
            raise EOFError
        content += more
    return bytes(content)


def _serve(questions: int, answers: int, seconds: int, memory: int, output: int) -> None:
    """Answer until nobody asks any more; runs in the child."""
    call = engine.load()
    _confine(questions, answers, memory)
    while True:
        try:
            name, body = _read_frame(questions), _read_frame(questions)
        except EOFError:
            return
        # Where the parent is gone, nobody else would end this.
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
        kind, answer = _answer(call, name, body)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if len(answer) > output:
            kind, answer = _LARGE, b""
        _write(answers, kind + _frame(answer))


def _answer(call: Call, name: bytes, body: bytes) -> tuple[bytes, bytes]:
    try:
        return _DONE, bytes(call(name, body))
    except BaseException:  # noqa: BLE001 - a panic of the evaluator is no `Exception`
        return _RAISED, b""


def _mapped() -> int:
    """Return how much memory is mapped already, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _confine(questions: int, answers: int, memory: int) -> None:
    """Give up what a program has no use for: open files, the environment, signals, memory, written files."""
    import gc
    import resource

    # What the parent left to be collected may need threads and files that are not here.
    gc.disable()
    # Ctrl-C reaches the whole group; the one who started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    keep = sorted((questions, answers))
    os.closerange(3, keep[0])
    os.closerange(keep[0] + 1, keep[1])
    os.closerange(keep[1] + 1, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.chdir("/")
    for what, most in (
        (resource.RLIMIT_AS, memory + _mapped()),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (bound, bound))
        except (OSError, ValueError):
            continue  # not every system knows each of them
