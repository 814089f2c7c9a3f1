"""The commands of `engine`: each parses, calls and prints."""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from engine import composition
from engine.core.errors import EngineError, OutputError, escape_controls, prefix_errors
from engine.core.failures import answer_failures, end_process
from engine.core.interrupts import end_on_interrupt
from engine.core.waiting import WAITING
from engine.report.waiting_line import WaitingLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.backtest.outputs import RunResult
    from engine.backtest.prices import LoadedPrices
    from engine.composition import AnyRunConfig
    from engine.core.json_files import Json
    from engine.evidence.look_ahead import LookAheadCertificate
    from engine.report.run.frames import Frames

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Portfolios from a YAML file: simulated on real history, compared with buy-and-hold.",
)
data_app = typer.Typer(
    no_args_is_help=True, help="The local price store and the data-quality page.", rich_markup_mode=None
)
app.add_typer(data_app, name="data")

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file; `engine init` writes one.")]
ConfigPaths = Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML files.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="K=V", help="Override a key, as --set window.end=2024-12-31.")
]
OutFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Results go to DIR/<name>/.")]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print summary.json and nothing else.")]

_UsageError: Final = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
"""click's UsageError. typer takes it from click or from its own copy, depending on its version, and exports only this
subclass."""

_OBJECTS_BEFORE_COLLECTION: Final = 50_000
"""New objects before garbage is looked for: most of a command's are modules, which stay; Python's own 700 take 5 %."""


@app.command()
def init(path: Annotated[Path, typer.Argument(metavar="[PATH]")] = Path("portfolio.yaml")) -> None:
    """Write a commented starter config; an existing file is left alone."""
    from importlib import resources

    from engine.core.files import atomic_write

    if path.exists():
        raise OutputError(f"{path}: is there already; name another file")
    atomic_write(path, resources.files("engine.backtest").joinpath("starter.yaml").read_bytes())
    typer.echo(escape_controls(f"{path} written; next: engine validate {path}, engine run {path}"))


@app.command()
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


@app.command()
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
) -> None:
    """Simulate configs, compare with buy-and-hold and benchmarks, print tables, write files and report."""
    from engine.backtest.outputs import RUN_KIND, output_folder, refuse_other_kind, refuse_same_name
    from engine.report.run.terminal import print_run

    moved: list[str] = []
    summaries: list[Json] = []
    documents = [composition.open_document(path, overrides or ()) for path in configs]
    loaded = [composition.select_run(document, variant) for document in documents]
    names = [f"{config.name}-{config.sha256()[:12]}" if variant else config.name for config in loaded]
    refuse_same_name(configs, names)
    folders = [output_folder(out, name) for name in names]
    for folder in folders:
        refuse_other_kind(folder, RUN_KIND)
    for path, config, folder in zip(configs, loaded, folders, strict=True):
        with prefix_errors(path):
            prices, kept = _load_prices(config, keep=keep_prices) if certify or keep_prices else (None, b"")
            result = _run_backtest(config, audit=audit, prices=prices, kept=kept)
        from engine.report.run.page import publish_run  # a config that is refused needs no templates

        publish_run(result, folder)
        tried = _record_trial(result)
        summaries.append(result.summary.to_plain())
        certificate = None
        if certify and prices is not None:
            with prefix_errors(path):
                certificate = _certify(config, prices, result)
            summaries[-1] = {**result.summary.to_plain(), "certificate": certificate.to_plain()}
            moved += [f"{path}: {certificate.moved}"] if certificate.moved else []
        if not json:
            print_run(result, folder, trades=trades, tried=tried, certificate=certificate)
        if audit:
            from engine.backtest.vectorbt_audit import require_agreement

            require_agreement(result, folder)
    if json:
        _print_json(summaries[0] if len(summaries) == 1 else summaries)
    if moved:
        raise EngineError(*moved)


@app.command()
def sweep(
    config: ConfigPath,
    out: OutFolder = Path("runs"),
    overrides: Overrides = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            max=256,
            help="Threads, or processes where variants run one by one; 0: one a core.",
        ),
    ] = 0,
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, as tls://host:8786.")
    ] = "",
    tls_ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", metavar="FILE", help="PEM of the CA that signed the cluster's certificates."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="PEM of this client's certificate.")
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", help="PEM of its key, where the certificate's file has none."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that did not end.")] = False,
    json: JsonFlag = False,
    memory: Annotated[int, typer.Option("--memory", metavar="MB", min=1, help="What chunks may take together.")] = 256,
    no_evidence: Annotated[
        bool, typer.Option("--no-evidence", help="Leave out the tests of whether the best is better than luck.")
    ] = False,
) -> None:
    """Run every variant of CONFIG's sweep; print what it shows, write the table and a report."""
    os.environ.setdefault(
        "ARROW_DEFAULT_MEMORY_POOL", "system"
    )  # Arrow's own keeps what it frees: 50 MB of a million rows
    from engine.backtest.outputs import SUMMARY_FILE, SWEEP_KIND, output_folder, refuse_other_kind
    from engine.core.publication import lock_folder
    from engine.report.sweep.page import render_sweep
    from engine.report.sweep.terminal import print_sweep, sweep_progress
    from engine.sweep.computation import prepare
    from engine.sweep.outputs import clean_staging, is_finished
    from engine.sweep.pipeline import SweepOptions, run_sweep
    from engine.sweep.scheduler import Scheduler
    from engine.sweep.summary import SweepSummary

    loaded, base_config, space = composition.validate_sweep(composition.open_document(config, overrides or ()))
    folder = output_folder(out, f"{loaded.name}.{SWEEP_KIND}")
    with lock_folder(folder):  # what a killed sweep left unfinished is finished first
        refuse_other_kind(folder, SWEEP_KIND)
    cluster = Scheduler.from_options(scheduler, tls_ca, tls_cert, tls_key)
    if cluster and (warning := cluster.warning()):
        sys.stderr.write(f"warning: {warning}\n")
    options = SweepOptions(folder, workers, cluster, memory * 1_000_000, resume)
    _announce_compilation()
    with prefix_errors(config), sweep_progress() as progress:
        prepared = prepare(loaded, base_config, space, composition.run_config_class)
        if resume and is_finished(prepared, folder):
            finished = (folder / SUMMARY_FILE).read_text(encoding="utf-8")
            summary = SweepSummary.model_validate_json(finished)
            clean_staging(folder)  # a kill may have come before this, and before the count
            _count_trials(summary.data.sha256, prepared.plan_sha256, summary.sweep.distinct)
            typer.echo(finished.rstrip() if json else f"{folder}: is finished; leave --resume away to sweep anew")
            return
        examine = None if no_evidence else composition.sweep_examination(workers or os.cpu_count() or 1)
        summary = run_sweep(prepared, options, progress, render_sweep, examine)
    tried = _count_trials(summary.data.sha256, prepared.plan_sha256, summary.sweep.distinct)
    if json:
        _print_json(summary.to_plain())
    else:
        print_sweep(summary, space, folder, tried=tried)


@app.command()
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
        _print_json(proposal_json(proposal))
    else:
        print_proposal(proposal, folder)


@app.command()
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
        _announce_compilation()
    with prefix_errors(file):
        checked = check_claims(loaded, composition.build_strategy)
    if out is not None:
        from engine.report.evidence.claims_page import publish_claims

        publish_claims(loaded, checked, out)
    if json:
        _print_json(claims_json(loaded, checked))
    else:
        print_claims(loaded, checked)


@app.command()
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
    _announce_compilation()
    with prefix_errors(config):
        summary = composition.measure_luck(loaded, universe, os.cpu_count() or 1)
    from engine.report.evidence.luck_page import publish_luck  # a config that is refused needs no templates

    publish_luck(loaded, summary, folder)
    if json:
        _print_json(summary.to_plain())
    else:
        print_luck(summary, folder)


@app.command()
def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `engine run`, `engine sweep` or `engine luck` wrote.")
    ],
    dialect: Annotated[
        str,
        typer.Option(
            "--dialect",
            metavar="TOOL",
            help="Print a run's figures beside those of quantstats, ffn, empyrical, vectorbt, portfolio-visualizer or "
            "lean, and why they differ; no report is built.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="With --dialect: print the table as JSON.")] = False,
) -> None:
    """Build the HTML report of a finished run, sweep or luck anew."""
    if dialect or json:
        _report_dialect(folder, dialect, json=json)
        return
    from engine.report.finished_pages import build_finished_report

    path = build_finished_report(folder, lambda line: typer.echo(escape_controls(line), err=True))
    typer.echo(escape_controls(str(path)))


@app.command(name="export")
def export_tables(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `engine run` wrote.")],
    to: Annotated[str, typer.Option("--to", metavar="KIND", help="csv, xlsx, parquet or markdown.")],
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="TABLE",
            help="returns, levels, weights, positions, trades, months, falls, contribution or all.",
        ),
    ] = "all",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where files go; else beside the run, in DIR.export.")
    ] = None,
) -> None:
    """Write the tables of a finished run as files that other programs open."""
    from engine.report.export.outputs import export_run

    for path in export_run(folder, to, what, out):
        typer.echo(escape_controls(str(path)))


@app.command()
def compare(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders that `engine run` or `engine sweep` wrote.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write compare.html and compare.json.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON and nothing else.")] = False,
) -> None:
    """Set runs and the plans of sweeps side by side on common sessions, and say how sure their ranks are."""
    from engine.analysis.bootstrap import Evidence
    from engine.evidence.contestants import read_contestants
    from engine.evidence.side_by_side import compare_side_by_side
    from engine.report.compare.terminal import print_side_by_side
    from engine.report.compare.words import side_by_side_json

    _announce_compilation()
    found = compare_side_by_side(read_contestants(folders, composition.prepare_sweep), Evidence())
    written: list[Path] = []
    if out is not None:
        from engine.report.compare.page import publish_side_by_side

        written = publish_side_by_side(found, out)
    if json:
        _print_json(side_by_side_json(found))
        return
    print_side_by_side(found)
    for path in written:
        typer.echo(escape_controls(str(path)))


@app.command()
def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A folder that `engine run` or `engine sweep` wrote, or a price store."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON and nothing else.")] = False,
) -> None:
    """Reproduce published figures on this machine, or replay the files of DIR; exit code 3 when one does not come out.

    A file of DIR that is not as it was written, or a report that the others do not make, is exit code 1.
    """
    import dataclasses

    from engine.backtest.outputs import folder_kind
    from engine.backtest.signed_files import fit_together
    from engine.core.publication import lock_folder
    from engine.data.sources.store_files import stored_files, verify_stored
    from engine.diagnostics.verify import reproduce_figures
    from engine.diagnostics.verify.folder import read_finished, require_agreement, verify_finished
    from engine.report.html_page import require_page
    from engine.report.run.page import render_run
    from engine.report.sweep.page import render_sweep
    from engine.report.verify import print_stored, print_verification
    from engine.sweep.finished_sweep import FinishedSweep

    if folder is not None and not folder_kind(folder) and (stored := stored_files(folder)):
        counts = verify_stored(stored)
        if json:
            _print_json(dict(counts))
        else:
            print_stored(counts, folder)
        return
    _announce_compilation()
    if folder is None:
        figures = list(
            reproduce_figures(
                lambda weights: composition.build_strategy({"kind": "fixed_mix", "weights": dict(weights)})
            )
        )
        unchecked: tuple[str, ...] = ()
    else:
        with lock_folder(folder):  # what a killed run left unfinished is finished first
            finished = read_finished(folder)
            figures, unchecked = verify_finished(finished, composition.prepare_sweep, composition.load_run)
    if json:
        _print_json([{**dataclasses.asdict(one), "holds": one.agrees} for one in figures])
    else:
        print_verification(figures, folder, unchecked)
    if folder is not None:
        require_agreement(figures, folder)
        with fit_together(folder):
            page = render_sweep(finished) if isinstance(finished, FinishedSweep) else render_run(finished)
        require_page(folder, page, finished.manifest)
    elif not all(figure.agrees for figure in figures):
        raise typer.Exit(3)


@app.command()
def replay(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that `engine run`, `engine sweep` or `engine luck` wrote.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print which files are the same as JSON, nothing else.")] = False,
    universe: Annotated[
        str, typer.Option("--universe", metavar="FILE", help="Of `engine luck`: the list it was run with.")
    ] = "",
) -> None:
    """Make what is in DIR again from its config, on the prices that it saw, and compare all files byte for byte.

    A file that comes out otherwise is exit code 1.
    """
    from engine.diagnostics.replay.folder import replay_folder
    from engine.report.replay import print_replay, replay_json

    _announce_compilation()
    replayed = replay_folder(folder, composition.replay_makers(universe, os.cpu_count() or 1))
    if json:
        _print_json(replay_json(replayed))
    else:
        print_replay(replayed)
    replayed.require_same_files()


@app.command()
def diff(
    one: Annotated[Path, typer.Argument(metavar="A", help="A folder that `engine run` wrote.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    figure: Annotated[
        str, typer.Option("--figure", metavar="NAME", help="The strategy's figure that is taken apart, as final_value.")
    ] = "cagr",
    json: Annotated[bool, typer.Option("--json", help="Print the parts of all figures as JSON, nothing else.")] = False,
) -> None:
    """Say where the difference between two runs comes from: each key, revised prices and versions switched alone.

    Prices are the kept ones (`engine run --keep-prices`), or those of the configs' sources while they are the same.
    """
    from engine.analysis.metrics_table import METRICS
    from engine.backtest.finished_run import read_run
    from engine.core.did_you_mean import did_you_mean
    from engine.diagnostics.replay.attribution import attribute_difference
    from engine.report.run_difference import difference_json, print_difference

    if figure not in METRICS:
        raise OutputError(f"--figure {figure}: no figure of a run; {did_you_mean(figure, list(METRICS))}")
    _announce_compilation()
    found = attribute_difference(read_run(one), read_run(other), composition.validate_plain)
    if json:
        _print_json(difference_json(found, (one, other)))
    else:
        print_difference(found, (one, other), figure)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a config, for editors."""
    _print_json(composition.json_schema())


@app.command()
def tariffs(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print the brokers' tariffs that `costs: {kind: broker, tariff: NAME}` can name."""
    from engine.portfolio.tariffs import load_tariffs
    from engine.report.tariffs import print_tariffs

    if json:
        _print_json(
            {name: tariff.model_dump(mode="json", exclude_none=True) for name, tariff in load_tariffs().items()}
        )
    else:
        print_tariffs(load_tariffs())


@app.command()
def trials(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print how many plans and variants were tried on which prices on this machine."""
    from engine.evidence.trial_registry import read_registries
    from engine.report.evidence.trials_terminal import print_trials, trials_json

    registries = read_registries()
    if json:
        _print_json(trials_json(registries))
    else:
        print_trials(registries)


@data_app.command()
def fetch(
    config: ConfigPath,
    overrides: Overrides = None,
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Read again what the store has, too.")] = False,
) -> None:
    """Fill the local price store with what CONFIG needs."""
    from engine.backtest.prices import load_checked
    from engine.report.data_terminal import print_fetch

    loaded, request = composition.load_request(config, overrides or ())
    with prefix_errors(config):
        print_fetch(loaded.data.source, request, refresh=refresh)
        if loaded.data.fx.kind == "yahoo":
            load_checked(loaded, request)  # which fetches the pairs of the currencies that the closes are in


@data_app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="CONFIG|FILE", help="A YAML file, or a file or folder of prices.")],
    overrides: Overrides = None,
) -> None:
    """Print the quality page of a config's prices, or how a bare file is read; exit code 1 when a run would stop."""
    if path.suffix.lower() not in {".yaml", ".yml"}:
        _check_file(path, overrides or ())
        return
    from engine.backtest.prices import load_members, prepare_closes, quality_findings
    from engine.report.data_terminal import print_quality

    loaded, request = composition.load_request(path, overrides or ())
    with prefix_errors(path):
        closes, _ = load_members(loaded.data, request)
        findings = quality_findings(closes, loaded.data.calendar, loaded.window)
        print_quality(closes, findings, loaded.window)
        if any(finding.severity == "error" for finding in findings):
            raise typer.Exit(1)
        prepare_closes(loaded, closes, request)  # what a run does next refuses what it cannot convert


def _check_file(path: Path, overrides: Sequence[str]) -> None:
    """Print how a bare price file is read; what refuses it, or a part of it, is printed last."""
    from engine.backtest.file_check import check_file
    from engine.report.file_terminal import print_file_check

    found = check_file(path, overrides)
    print_file_check(found)
    if found.refusal is not None:
        raise found.refusal
    if any(finding.severity == "error" for finding in found.findings):
        raise typer.Exit(1)


@app.command()
def bench(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write bench.json and bench.html.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=100, help="How often everything is timed.")] = 5,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=256, help="Threads of the lanes; all cores if not given.")
    ] = None,
    peers: Annotated[bool, typer.Option("--peers/--no-peers", help="Time other engines too, where installed.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Time this engine beside others on the same jobs, on this machine; a minute or two."""
    from engine.diagnostics.bench.measure import time_jobs
    from engine.report.bench import bench_json, print_bench, publish_bench, timing_progress

    with timing_progress() as say:
        threads = threads or os.cpu_count() or 1
        report = time_jobs(composition.build_strategy, rounds=rounds, threads=threads, peers=peers, say=say)
    if out is not None:
        publish_bench(report, out)
    if json:
        _print_json(bench_json(report))
    else:
        print_bench(report)


def run_frames(config: str | Path, overrides: Sequence[str]) -> Frames:
    """Return a config's run as frames: what ``engine.run`` promises."""
    from engine.report.run.frames import Frames

    loaded = composition.load_run(Path(config), overrides)
    with prefix_errors(config):
        result = _run_backtest(loaded, audit=False)
    _record_trial(result)
    return Frames.from_run(result)


def main() -> int:
    """Run the verb of the command line; return 0 fine, 1 the user's fault, 3 a bug, 130 interrupted."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    WAITING.listener = WaitingLine()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # asking every installed package for one takes 20 ms
    return answer_failures(_run_command)


def _run_command() -> int:
    """Run the verb and return its exit code; words that make no command end as every other fault, in one line."""
    try:
        code = app(standalone_mode=False)
    except SystemExit:  # typer's answer to a closed pipe, as `| head` leaves it: the reader has what it wanted
        return 0
    except _UsageError as error:
        verb = error.ctx.command_path if error.ctx else "engine"
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return 1
        sys.stderr.write(f"error: {escape_controls(error.format_message().rstrip('.'))}; see `{verb} --help`\n")
        return 1
    return code if isinstance(code, int) else 0


def script() -> None:
    """Run the verb and end the process."""
    end_on_interrupt()
    end_process(main)


def _report_dialect(folder: Path, name: str, *, json: bool) -> None:
    """Print what another tool would say of a run."""
    from engine.report.run.dialect import dialect_json, print_dialect, read_dialect

    if not name:
        raise OutputError("--json: goes with --dialect; a report is a page, and its figures are in summary.json")
    found = read_dialect(folder, name)
    if json:
        _print_json(dialect_json(*found))
    else:
        print_dialect(*found)


def _print_json(data: Json) -> None:
    from engine.core.json_files import to_json

    sys.stdout.buffer.write(to_json(data))


def _load_prices(config: AnyRunConfig, *, keep: bool) -> tuple[LoadedPrices, bytes]:
    """Return a config's prices and, to be kept, the content of a file with all that was read."""
    from engine.backtest.prices import load_prices

    if not keep:
        return load_prices(config), b""
    from engine.backtest.kept_file import kept_bytes
    from engine.backtest.kept_prices import load_and_keep

    prices, kept = load_and_keep(config)
    return prices, kept_bytes(kept)


def _certify(config: AnyRunConfig, prices: LoadedPrices, result: RunResult) -> LookAheadCertificate:
    from engine.evidence.look_ahead import certify_run

    return certify_run(config, prices, result.comparison.strategy.ledger)


def _run_backtest(
    config: AnyRunConfig, *, audit: bool, prices: LoadedPrices | None = None, kept: bytes = b""
) -> RunResult:
    import dataclasses

    from engine.backtest import workflow

    _announce_compilation()
    result = dataclasses.replace(workflow.run_backtest(config, prices), kept=kept)
    if audit:
        from engine.backtest.vectorbt_audit import audit_run

        result = audit_run(result)
    return result


@cache
def _announce_compilation() -> None:
    """Tell once, should a kernel be compiled, why nothing else seems to happen."""
    from engine.simulation.kernel.jit import CACHE_REFUSAL, announce_compilation

    remedy = "name a folder of your own in NUMBA_CACHE_DIR"
    often = f"every time: {escape_controls(CACHE_REFUSAL)}; {remedy}" if CACHE_REFUSAL else "once for this installation"
    announce_compilation(lambda: sys.stderr.write(f"compiling numerical kernels (10 to 30 s), {often}\n"))


def _record_trial(result: RunResult) -> int:
    from engine.backtest.plan_identity import plan_sha256

    closes = result.summary.data.sha256
    return _count_trials(closes, plan_sha256(result.config, closes), 1)


def _count_trials(data_sha256: str, plan_sha256: str, variants: int) -> int:
    """Return how many variants were tried on the data, these included; of a registry that was edited, say so."""
    from engine.evidence.trial_registry import record_trials

    try:
        return record_trials(data_sha256, plan_sha256, variants)
    except EngineError as error:
        sys.stderr.write(f"warning: {error}\n")
        return 0
