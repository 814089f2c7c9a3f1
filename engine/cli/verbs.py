"""The command `engine`: its verbs, in the order in which `engine --help` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli.bench import bench
from engine.cli.configs import config, init, validate
from engine.cli.data import check, fetch
from engine.cli.depot import depot
from engine.cli.folders import compare, diff, export, replay, report, verify
from engine.cli.lists import schema, tariffs, trials
from engine.cli.orders import orders
from engine.cli.plans import claims, luck, optimise, run
from engine.cli.sweeps import sweep

if TYPE_CHECKING:
    from collections.abc import Callable

VERBS: Final[tuple[Callable[..., None], ...]] = (
    init,
    validate,
    run,
    sweep,
    optimise,
    claims,
    luck,
    orders,
    depot,
    report,
    export,
    compare,
    verify,
    replay,
    diff,
    config,
    schema,
    tariffs,
    trials,
    bench,
)
"""A verb is called as its function is, and its help is the function's docstring, whose first line is in the list."""
DATA_VERBS: Final[tuple[Callable[..., None], ...]] = (fetch, check)
"""Those below `engine data`."""

app = typer.Typer(
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Portfolios from a YAML file: simulated on real history, compared with buy-and-hold.",
)
data_app = typer.Typer(no_args_is_help=True, help="Fill the local price store; check prices.", rich_markup_mode=None)


def _print_version(*, wanted: bool) -> None:
    """Print what is installed and where it runs, and end."""
    if wanted:
        import platform
        from importlib.metadata import version

        system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
        typer.echo(f"portfolio-engine {version('portfolio-engine')} ({system})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=lambda x: _print_version(wanted=x), help="Print the version."
        ),
    ] = False,
) -> None:
    pass


for _verb in VERBS:
    app.command()(_verb)
for _verb in DATA_VERBS:
    data_app.command()(_verb)
app.add_typer(data_app, name="data")
