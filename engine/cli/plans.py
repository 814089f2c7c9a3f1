"""The verbs of a plan: write its config, check it, run it; its weights, what is claimed of it, and its luck."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn, warn_of_compilation
from engine.cli.options import ConfigPath, ConfigPaths, JsonFlag, OutFolder, Overrides
from engine.core.errors import EngineError, OutputError, escape_controls, prefix_errors

if TYPE_CHECKING:
    from engine.core.json_files import Json


def init(path: Annotated[Path, typer.Argument(metavar="[PATH]")] = Path("portfolio.yaml")) -> None:
    """Write a commented starter config; an existing file is left alone."""
    from importlib import resources

    from engine.core.extras import install_command, is_installed
    from engine.core.files import atomic_write

    if path.exists():
        raise OutputError(f"{path}: is there already; name another file")
    atomic_write(path, resources.files("engine.backtest").joinpath("starter.yaml").read_bytes())
    typer.echo(escape_controls(f"{path} written; next: engine validate {path}, engine run {path}"))
    if not is_installed("skfolio"):
        remedy = f"run `{install_command('sample')}`, or name prices of your own"
        warn(escape_controls(f"{path}: data.source: the sample is not installed; {remedy}"))


def validate(configs: ConfigPaths, overrides: Overrides = None) -> None:
    """Check configs and print their schedule, weights and limits; no prices are read."""
    from engine.report.config_terminal import print_config

    for path in configs:
        document = composition.open_document(path, overrides or ())
        with prefix_errors(path):
            if "sweep" not in document.tree:
                print_config(composition.validate_run(document), str(path))
                continue
            from engine.report.sweep.terminal import print_space

            _, base_config, space = composition.validate_sweep(document)
            print_config(base_config, str(path))
            print_space(space)


def run(
    configs: ConfigPaths,
    out: OutFolder = Path("runs"),
    overrides: Overrides = None,
    json: JsonFlag = False,
    trades: Annotated[bool, typer.Option("--trades", help="Print every trade with its reason.")] = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="Replay the trades in vectorbt; print the largest difference.")
    ] = False,
    variant: Annotated[
        str,
        typer.Option("--variant", metavar="ID", help="Of a sweep: the variant with this id, or at this point."),
    ] = "",
    certify: Annotated[
        bool,
        typer.Option(
            "--certify",
            help="Run again with all closes after each of 50 sessions replaced; exit code 1 if anything before moves.",
        ),
    ] = False,
    keep_prices: Annotated[
        bool,
        typer.Option(
            "--keep-prices", help="Put the closes, events, rates and files that the run read into its folder."
        ),
    ] = False,
    state_at: Annotated[
        str,
        typer.Option(
            "--state-at",
            metavar="DATE",
            help="Also write the account before the session of DATE, from which `engine orders --state` goes on.",
        ),
    ] = "",
) -> None:
    """Simulate configs, compare with buy-and-hold and benchmarks, print tables, write files and report."""
    from engine.backtest.loaded_run import load_and_run
    from engine.backtest.outputs import run_folders
    from engine.depot.flag_values import read_day
    from engine.depot.orders.state_at import account_at
    from engine.evidence.trial_registry import count_run
    from engine.report.depot.state_publication import write_account
    from engine.report.run.terminal import print_run

    day = read_day("--state-at", state_at) if state_at else None
    documents = [composition.open_document(path, overrides or ()) for path in configs]
    loaded = [composition.select_run(document, variant) for document in documents]
    names = [f"{config.name}-{config.sha256()[:12]}" if variant else config.name for config in loaded]
    summaries: list[Json] = []
    moved: list[str] = []
    for path, config, folder in zip(configs, loaded, run_folders(out, configs, names), strict=True):
        warn_of_compilation()
        with prefix_errors(path):
            result, prices = load_and_run(config, keep=keep_prices, audit=audit)
            account = account_at(config, prices, day) if day else None
        from engine.report.run.page import publish_run  # a config that is refused needs no templates

        publish_run(result, folder)
        kept = write_account(config, account, folder) if account else ()
        tried = count_run(result, warn)
        summary, certificate = result.summary.to_plain(), None
        if certify:
            from engine.evidence.look_ahead import certify_run

            with prefix_errors(path):
                certificate = certify_run(config, prices, result.comparison.strategy.ledger)
            summary["certificate"] = certificate.to_plain()
            moved += [f"{path}: {certificate.moved}"] if certificate.moved else []
        summaries.append(summary)
        if not json:
            print_run(result, folder, trades=trades, tried=tried, certificate=certificate)
            for written in kept:
                typer.echo(escape_controls(str(written)))
        if audit:
            from engine.backtest.vectorbt_audit import require_agreement

            require_agreement(result, folder)
    if json:
        print_json(summaries[0] if len(summaries) == 1 else summaries)
    if moved:
        raise EngineError(*moved)


def optimise(
    config: ConfigPath,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Day of the decision; the last one of the window.")
    ] = None,
    out: OutFolder = Path("runs"),
    overrides: Overrides = None,
    json: Annotated[bool, typer.Option("--json", help="Print optimal.json and nothing else.")] = False,
) -> None:
    """Print an optimised strategy's weights for one date, what its limits cost, and the efficient frontier."""
    from engine.backtest.allocation import parse_as_of, propose_weights
    from engine.backtest.outputs import output_folder
    from engine.report.allocation import print_proposal, proposal_json, write_proposal
    from engine.report.held_weights import read_held_weights

    loaded = composition.load_run(config, overrides or ())
    folder = output_folder(out, loaded.name)
    with prefix_errors(config):
        proposal = propose_weights(loaded, parse_as_of(as_of))
    write_proposal(proposal, folder, read_held_weights(folder, loaded.sha256(), proposal.decided))
    if json:
        print_json(proposal_json(proposal))
    else:
        print_proposal(proposal, folder)


def claims(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file, as configs/claims/small_caps.yaml.")],
    overrides: Overrides = None,
    json: Annotated[bool, typer.Option("--json", help="Print every reading as JSON and nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write claims.json and claims.html.")
    ] = None,
) -> None:
    """Check the sentences of FILE on data, each in every way it can be meant; print claimed, measured, verdict."""
    from engine.evidence.claims.check import check_claims
    from engine.report.evidence.claims_terminal import claims_json, print_claims

    loaded = composition.load_claims(file, overrides or ())
    if loaded.tickers:  # arithmetic needs no kernel
        warn_of_compilation()
    with prefix_errors(file):
        checked = check_claims(loaded, composition.build_strategy)
    if out is not None:
        from engine.report.evidence.claims_page import publish_claims

        publish_claims(loaded, checked, out)
    if json:
        print_json(claims_json(loaded, checked))
    else:
        print_claims(loaded, checked)


def luck(
    config: ConfigPath,
    out: OutFolder = Path("runs"),
    overrides: Overrides = None,
    json: JsonFlag = False,
    universe: Annotated[
        str,
        typer.Option("--universe", metavar="FILE", help="Names that others are drawn from; else the plan's own list."),
    ] = "",
) -> None:
    """Say how much of CONFIG's result is luck: when it rebalances and begins, which names it has, which history."""
    from engine.backtest.outputs import LUCK_KIND, output_folder, refuse_other_kind
    from engine.report.evidence.luck_terminal import print_luck

    loaded = composition.load_run(config, overrides or ())
    folder = output_folder(out, f"{loaded.name}.{LUCK_KIND}")
    refuse_other_kind(folder, LUCK_KIND)
    warn_of_compilation()
    with prefix_errors(config):
        summary = composition.measure_luck(loaded, universe, os.cpu_count() or 1)
    from engine.report.evidence.luck_page import publish_luck  # a config that is refused needs no templates

    publish_luck(loaded, summary, folder)
    if json:
        print_json(summary.to_plain())
    else:
        print_luck(summary, folder)
