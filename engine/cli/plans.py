"""The verbs of a plan: run it; its weights, what is claimed of it, and its luck."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn
from engine.cli.options import ConfigPath, ConfigPaths, JsonFlag, OutFolder, Overrides
from engine.core.errors import EngineError, escape_controls, prefix_errors
from engine.library.compilation_warning import warn_of_compilation

if TYPE_CHECKING:
    from engine.core.json_files import Json


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
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    state_at: Annotated[
        str,
        typer.Option(
            "--state-at",
            metavar="DATE",
            help="Also write the account before the session of DATE, from which `engine orders --state` goes on.",
        ),
    ] = "",
) -> None:
    """Simulate configs beside buy-and-hold; write files and a report.

    Prints the plan in a sentence, a verdict, the figures of every portfolio, and what the data cannot show; --trades
    and --json print more, or all of it. Writes summary.json, tables as Parquet and CSV, report.html and manifest.json
    into DIR/<name>/.

    Exit code 1 when the config, its prices or the account do not allow the run; 3 when --audit finds a difference.

    Example: engine run plan.yaml --set strategy.cap=2.5% --open
    """
    from engine.backtest.loaded_run import load_and_run
    from engine.backtest.manifest import REPORT_FILE
    from engine.backtest.output_folders import run_folders
    from engine.cli.browser import open_page
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
        if open_report and (unopened := open_page(folder / REPORT_FILE)):
            warn(unopened)
        kept = write_account(config, account, folder) if account else ()
        tried = count_run(result, warn)
        summary, certificate = result.summary.to_plain(), None
        if certify:
            from engine.composition import run_config_class
            from engine.evidence.look_ahead import certify_run

            with prefix_errors(path):
                certificate = certify_run(config, prices, result.comparison.strategy.ledger, run_config_class)
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
    """Print optimised weights for one date, and what limits cost.

    Of a config with `strategy: {kind: optimised}`. Also prints the efficient frontier and how far each limit is from
    binding; writes optimal.json and optimal.html into DIR/<name>/.

    Example: engine optimise plan.yaml --as-of 2024-01-02
    """
    from engine.backtest.allocation import parse_as_of, propose_weights
    from engine.backtest.output_folders import output_folder
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
    """Check the sentences of an article on data.

    Each is computed in every way it can be meant: prices or total returns, which days, which rates. Prints what is
    claimed, what is measured, and whether it holds, does not, or cannot be told.

    Example: engine claims configs/claims/small_caps.yaml --out page
    """
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
    """Say how much of a result is luck: date, start, names, history.

    Runs the plan with every month and session to rebalance on, from every start, with other names drawn from its own
    list or FILE, and through drawn histories. Writes a report and summary.json into DIR/<name>.luck/.

    Example: engine luck plan.yaml --universe configs/universe_dated.csv
    """
    from engine.backtest.output_folders import LUCK_KIND, output_folder, refuse_other_kind
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
