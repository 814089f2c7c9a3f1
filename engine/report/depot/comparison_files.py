"""What was done beside the plan as files: a page, for programs (JSON), for a spreadsheet (CSV)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.backtest.output_folders import DEPOT_KIND
from engine.core.json_files import Json, to_json
from engine.depot.comparison.records import ComparedFigure, DepotComparison, Deviation, DifferencePart
from engine.report.depot.comparison_page import render_depot_comparison
from engine.report.export.csv_file import csv_bytes
from engine.report.export.table import ExportColumn, ExportTable
from engine.report.owned_folder import publish_owned


def write_comparison(comparison: DepotComparison, out: Path) -> Path:
    """Write the files of a comparison into ``out``/name/end, readable by their owner alone; return that folder.

    Raises
    ------
    OutputError
        When a file would be replaced that is another's, or was changed since.

    """
    folder, hashes = out / comparison.name / comparison.end, comparison.sha256
    for made in (folder.parent, folder):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {
        "depot.html": render_depot_comparison(comparison).encode(),
        "depot.json": to_json(comparison_json(comparison)),
        "parts.csv": csv_bytes(_parts_table(comparison)),
        "deviations.csv": csv_bytes(_deviations_table(comparison)),
        "equity.csv": csv_bytes(_equity_table(comparison)),
    }
    config, data = hashes.get("config", ""), hashes.get("data", "")
    publish_owned(folder, files, DEPOT_KIND, "engine depot", config=config, data=data, private=True)
    return folder


def comparison_json(comparison: DepotComparison) -> dict[str, Json]:
    """Return a comparison as JSON-ready data; what is absent is null."""
    figures: list[Json] = [_figure_json(one) for one in comparison.figures]
    parts: list[Json] = [_part_json(one) for one in comparison.parts]
    hashes: dict[str, Json] = dict(comparison.sha256)
    return {
        "name": comparison.name,
        "start": comparison.start,
        "end": comparison.end,
        "currency": comparison.currency,
        "figures": figures,
        "difference": comparison.difference,
        "parts": parts,
        "notes": list(comparison.notes),
        "warnings": list(comparison.warnings),
        "sha256": hashes,
    }


def _figure_json(figure: ComparedFigure) -> Json:
    return {
        "label": figure.label,
        "kind": figure.kind,
        "mine": figure.mine,
        "plan": figure.plan,
        "plan_after_tax": figure.plan_after_tax,
    }


def _part_json(part: DifferencePart) -> Json:
    deviations: list[Json] = [_deviation_json(one) for one in part.deviations]
    return {"kind": part.kind, "label": part.label, "money": part.money, "deviations": deviations}


def _deviation_json(one: Deviation) -> Json:
    return {"date": one.date, "ticker": one.ticker or None, "money": one.money, "words": one.words}


def _parts_table(comparison: DepotComparison) -> ExportTable:
    parts = comparison.parts
    return ExportTable(
        "parts",
        (
            ExportColumn("part", "text", [one.kind for one in parts]),
            ExportColumn("label", "text", [one.label for one in parts]),
            ExportColumn("money", "number", [one.money for one in parts]),
            ExportColumn("currency", "text", [comparison.currency for _ in parts]),
            ExportColumn("deviations", "count", [len(one.deviations) for one in parts]),
        ),
    )


def _deviations_table(comparison: DepotComparison) -> ExportTable:
    found = [(part.kind, one) for part in comparison.parts for one in part.deviations]
    return ExportTable(
        "deviations",
        (
            ExportColumn("part", "text", [kind for kind, _ in found]),
            ExportColumn("date", "text", [one.date for _, one in found]),
            ExportColumn("ticker", "text", [one.ticker for _, one in found]),
            ExportColumn("money", "number", [one.money for _, one in found]),
            ExportColumn("what", "text", [one.words for _, one in found]),
        ),
    )


def _equity_table(comparison: DepotComparison) -> ExportTable:
    return ExportTable(
        "equity",
        (
            ExportColumn.of_dates("date", comparison.dates),
            ExportColumn.of_numbers("mine", np.asarray(comparison.mine)),
            ExportColumn.of_numbers("plan", np.asarray(comparison.plan)),
            ExportColumn.of_numbers("flow", np.asarray(comparison.flows)),
        ),
    )
