"""Liquibook called from C++ in the same run: pip installs its headers (package ``liquibook``), a compiler must be had.

``benchmarks/liquibook.cpp`` is compiled against them in a temporary directory. Without headers or compiler there is no
figure, and none of ``modify``: Liquibook takes an order's place in the queue away whenever it is changed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from benchmarks.workload import Fill, Workload

_SOURCE = Path(__file__).with_suffix(".cpp")
_RUNS = 3


def headers() -> Path | None:
    """The directory that ``#include <book/depth_order_book.h>`` is found in; None when the package is not installed."""
    try:
        package = distribution("liquibook")
    except PackageNotFoundError:
        return None
    directory = Path(str(package.locate_file("include/liquibook")))
    return directory if (directory / "book" / "depth_order_book.h").exists() else None


@contextmanager
def program() -> Iterator[Path | None]:
    """The compiled program; None where headers or compiler are missing."""
    found, compiler = headers(), shutil.which("c++")
    if found is None or compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "liquibook"
        subprocess.run([compiler, "-O3", "-march=native", "-w", f"-I{found}", _SOURCE, "-o", built], check=True)
        yield built


def speed(built: Path, workload: Workload) -> float:
    """Operations a second, the best of three.

    Raises:
        AssertionError: it traded otherwise than the reference.
    """
    return len(workload.ops) / min(_run(built, workload) for _ in range(_RUNS))


def _run(program: Path, workload: Workload) -> float:
    """Seconds of CPU that the measured operations took."""
    operations = array("q", [len(workload.warm_up), len(workload.ops)])
    for op in (*workload.warm_up, *workload.ops):
        operations.extend(op)
    output = array(
        "q", subprocess.run([program], input=operations.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    )
    trades = [Fill(*output[place : place + 4]) for place in range(1, len(output), 4)]
    assert trades == workload.fills, "Liquibook traded otherwise than the reference"
    return output[0] / 1e9
