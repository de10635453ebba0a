"""``tradesim-tui bench``: the checkout's benchmarks by the names of what they measure."""

from __future__ import annotations

import subprocess
import sys
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from net.errors import StartupError

CHECKOUT = Path(__file__).resolve().parents[1]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class Bench(Enum):
    """What can be measured, and by which module of ``benchmarks``."""

    ENGINE = "engine"
    GATEWAY = "gateway"
    FANOUT = "fanout"
    SIMULATE = "simulate"


MODULES = {
    Bench.ENGINE: "matching",
    Bench.GATEWAY: "order_latency",
    Bench.FANOUT: "fanout",
    Bench.SIMULATE: "simulation",
}


def bench(
    context: typer.Context,
    what: Annotated[
        Bench | None, typer.Argument(show_default=False, help="Left out: all of them, a few minutes.")
    ] = None,
) -> None:
    """Measure this machine: matching, order to response, fan-out of books, simulation.

    Only in a checkout with the extra `dev`. What follows the name goes to the benchmark:
    `tradesim-tui bench fanout --clients 1000`; `tradesim-tui bench fanout -- --help` lists its flags.
    """
    require_checkout(CHECKOUT)
    for chosen in (what,) if what is not None else Bench:
        typer.echo(f"== {chosen.value}")
        command = [sys.executable, "-m", f"benchmarks.{MODULES[chosen]}", *context.args]
        status = subprocess.run(command, cwd=CHECKOUT, check=False).returncode
        if status:
            raise typer.Exit(status)


def require_checkout(root: Path) -> None:
    """Raise ``StartupError`` where the benchmarks are not, or cannot run."""
    if not (root / "benchmarks" / "matching.py").is_file():
        raise StartupError("the benchmarks are not part of an installed package: run this in a checkout of the source")
    if find_spec("psutil") is None:
        raise StartupError("the benchmarks need psutil: pip install -e '.[dev]'")
