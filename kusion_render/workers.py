"""Work spread over processes: forked, so that they begin with everything that was read so far."""

from __future__ import annotations

import multiprocessing
import signal
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Yield what `work` makes of each item, in the order of the items; `jobs` processes take turns with them.

    Raises:
        RuntimeError: when a process ended before its work was done.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, items)
        return
    context = multiprocessing.get_context("fork")
    count = min(jobs, len(items))
    readers: list[Connection] = []
    processes = []
    try:
        for number in range(count):
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(target=_run, args=(work, items[number::count], writer, [*readers, reader]))
            process.start()
            # Ours must close, or the end of the process would not be seen as the end of its results.
            writer.close()
            readers.append(reader)
            processes.append(process)
        for position in range(len(items)):
            yield _received(readers[position % count])
    finally:
        for reader in readers:
            reader.close()
        for process in processes:
            process.terminate()
            process.join()


def _run(
    work: Callable[[Item], Result], items: Sequence[Item], results: Connection, inherited: list[Connection]
) -> None:
    # Ctrl-C reaches the whole group; the one who started us ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for reader in inherited:
        reader.close()
    try:
        for item in items:
            results.send((work(item), None))
    except BrokenPipeError:
        return  # who asked is gone
    except Exception as error:  # noqa: BLE001 - told where it can be reported
        import traceback

        results.send((None, "".join(traceback.format_exception(error))))


def _received(reader: Connection) -> Any:
    try:
        result, failure = reader.recv()
    except EOFError:
        raise RuntimeError("a worker process ended before its work was done") from None
    if failure is not None:
        raise RuntimeError(f"a worker process failed:\n{failure}")
    return result
