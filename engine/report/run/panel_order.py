"""The order of the panels of a run's page; one without content is absent."""

from __future__ import annotations

from typing import Final

from engine.report.run.panel import PanelMaker
from engine.report.run.panels.certainty import certainty_panel
from engine.report.run.panels.checks import checks_panel
from engine.report.run.panels.comparison import comparison_panel
from engine.report.run.panels.contribution import contribution_panel
from engine.report.run.panels.costs import costs_panel
from engine.report.run.panels.currencies import currencies_panel
from engine.report.run.panels.definitions import definitions_panel
from engine.report.run.panels.distribution import distribution_panel
from engine.report.run.panels.events import events_panel
from engine.report.run.panels.falls import falls_panel
from engine.report.run.panels.fees import fees_panel
from engine.report.run.panels.flows import flows_panel
from engine.report.run.panels.gate import gate_panel
from engine.report.run.panels.growth import growth_panel
from engine.report.run.panels.limits import limits_panel
from engine.report.run.panels.optimiser import optimiser_panel
from engine.report.run.panels.parts import parts_panel
from engine.report.run.panels.published import published_panel
from engine.report.run.panels.rebalances import rebalances_panel
from engine.report.run.panels.risk import risk_panel
from engine.report.run.panels.rolling import rolling_panel
from engine.report.run.panels.start_years import start_years_panel
from engine.report.run.panels.taxes import taxes_panel
from engine.report.run.panels.trades import trades_panel
from engine.report.run.panels.weights import weights_panel
from engine.report.run.panels.years import years_panel

PANELS: Final[tuple[PanelMaker, ...]] = (
    growth_panel,
    comparison_panel,
    certainty_panel,
    parts_panel,
    start_years_panel,
    rebalances_panel,
    falls_panel,
    years_panel,
    rolling_panel,
    contribution_panel,
    currencies_panel,
    risk_panel,
    weights_panel,
    gate_panel,
    optimiser_panel,
    costs_panel,
    fees_panel,
    taxes_panel,
    flows_panel,
    distribution_panel,
    published_panel,
    events_panel,
    trades_panel,
    limits_panel,
    checks_panel,
    definitions_panel,
)
