"""The ``tax:`` of a config: what it says, what it leaves as it was, and one line for each fault."""

from __future__ import annotations

import pytest
from rich.console import Console

from engine import composition
from engine.backtest.plan_words.sentence import describe_plan
from engine.core.errors import ConfigError
from engine.core.yaml_document import parse_document
from engine.report import config_terminal
from tests.support.configs import config

UNTAXED = """
name: plan
data: {source: {kind: yahoo}}
window: {start: 2018-01-02, end: 2024-03-08}
account: {currency: EUR}
strategy: {kind: buy_and_hold, weights: {SPY: 60%, VB: 20%, CRS: 20%}}
compare: {benchmarks: [IWM]}
"""
GERMANY = """
tax:
  kind: germany
  assets:
    SPY: {fund: equity, income: distributing}
    VB: {fund: equity, income: accumulating, withheld_inside: 15%}
    CRS: {stock: US}
    IWM: {fund: equity, income: distributing}
"""
UNITED_STATES = """
tax: {kind: united_states, rates: {ordinary: 24%, long_term: 15%}, assets: {
  SPY: {fund: us}, VB: {fund: us, qualified: 95%}, CRS: {stock: US}, IWM: {fund: us}}}
"""
FLAT = "tax: {kind: flat, gains: 27.5%, income: 27.5%}"


def faults(text: str, *overrides: str) -> list[str]:
    """Return the faults that `engine validate` prints."""
    document = parse_document(text, "plan.yaml")
    for assignment in overrides:
        document.override(assignment)
    with pytest.raises(ConfigError) as caught:
        composition.validate_run(document)
    return str(caught.value).splitlines()


def told(text: str, *overrides: str) -> str:
    """Return what `engine validate` prints of a valid plan."""
    document = parse_document(text, "plan.yaml")
    for assignment in overrides:
        document.override(assignment)
    out = Console(record=True, width=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config_terminal, "console", lambda: out)
        config_terminal.print_config(composition.validate_run(document), "plan.yaml")
    return out.export_text()


def test_a_plan_without_taxes_says_and_hashes_what_it_did() -> None:
    """``none``, written or not, is in no resolved config and changes no hash."""
    written, left_out = config(UNTAXED + "tax: {kind: none}"), config(UNTAXED)
    assert "tax" not in left_out.canonical()
    assert written.canonical() == left_out.canonical()
    assert written.sha256() == left_out.sha256()
    assert config(UNTAXED + FLAT).before_tax.sha256() == left_out.sha256()


@pytest.mark.parametrize("tax", [GERMANY, UNITED_STATES, FLAT])
def test_the_resolved_tax_reads_back_as_itself(tax: str) -> None:
    """Every default spelled out, days of a year and rates too."""
    plan = config(UNTAXED + tax)
    again = type(plan).model_validate(plan.canonical())
    assert again.tax == plan.tax
    assert again.sha256() == plan.sha256()


def test_all_that_lack_attributes_are_named_in_one_line_to_paste() -> None:
    """Benchmarks too; funds are proposed as funds."""
    assert faults(UNTAXED + "tax: {kind: germany, assets: {SPY: {fund: equity, income: distributing}}}") == [
        "plan.yaml:8: tax.assets: no attributes of VB, CRS, IWM; paste and correct assets: {VB: {fund: equity, income: "
        "distributing}, CRS: {stock: US}, IWM: {fund: equity, income: distributing}}"
    ]


@pytest.mark.parametrize(
    ("tax", "overrides", "line"),
    [
        (
            GERMANY,
            ["account.currency=USD"],
            "germany counts in EUR, and the account is in USD; write account.currency: EUR",
        ),
        (UNITED_STATES, [], "united_states counts in USD, and the account is in EUR; write account.currency: USD"),
        (
            FLAT,
            ["data.source={kind: sample}"],
            "closes of data.source: sample are adjusted, in which dividends are untaxed gains; name a source of closes",
        ),
        (
            FLAT,
            ["data.source={kind: files, path: x, closes: adjusted}"],
            "closes of data.source: files are adjusted, in which dividends are untaxed gains; name a source of closes",
        ),
        (GERMANY, ["window.start=2004-01-02"], "tax.base_rate: no base rate was published for 2004 to 2006; write"),
        (GERMANY, ["tax.law=of_the_year", "window.start=2017-01-03"], "tax.law: of_the_year cannot tax 2017"),
        (
            UNITED_STATES,
            ["account.currency=USD", "tax.law=of_the_year", "window.start=2012-01-03"],
            "tax.law: the law is known from 2013 on",
        ),
        (GERMANY, ["tax.church=7%"], "tax.church:"),
        (GERMANY, ["tax.lots=hifo"], "tax.lots: found 'hifo'"),
        (GERMANY, ["account.shares=whole", "data.dividends=reinvest"], "data.dividends: reinvest makes fractions"),
        (UNITED_STATES, ["tax.lots=average"], "tax.lots: average cost is for funds only; give CRS"),
        (FLAT, ["tax.losses=all"], "tax.losses:"),
        (FLAT, ["tax.kind=austria"], "tax: unknown kind 'austria'"),
    ],
)
def test_each_fault_is_one_line_with_its_remedy(tax: str, overrides: list[str], line: str) -> None:
    """Key, found, expected, what to write; nothing else is wrong."""
    found = faults(UNTAXED + tax, *overrides)
    assert len(found) == 1, found
    assert line in found[0]
    assert "; " in found[0]


def test_validate_says_the_tax_in_words() -> None:
    """Whose law, what each asset is to it, what stands in for what, what dividends do, what the twin is."""
    page = told(UNTAXED + GERMANY)
    for line in (
        "Germany, today's law in every year: income tax of 25 % and solidarity surcharge, the allowance of one person",
        "VB: equity fund, accumulating, 30 % of returns exempt, 15 % of its dividends withheld inside; stands in for a UCITS",
        "fund, which you would have to buy",
        "CRS: stock (US), 15 % of its dividends withheld abroad",
        "dividends after tax buy more of what paid them",
        "beside every portfolio stands itself before tax, with dividends in full",
    ):
        assert line in page
    assert "Taxes" not in told(UNTAXED)


@pytest.mark.parametrize(
    ("tax", "words"),
    [
        (GERMANY, "; taxed as in Germany."),
        (UNITED_STATES.replace("kind: united_states", "kind: united_states, account: roth"), "in a roth account."),
        (FLAT, "; gains are taxed at 27.5 %, income at 27.5 %."),
        ("", "; trading is free."),
    ],
)
def test_the_sentence_of_a_plan_names_its_tax(tax: str, words: str) -> None:
    """What it does not tell of the law is listed beside it."""
    described = describe_plan(config(UNTAXED + tax).canonical(), "2018-01-02")
    assert described.sentence.endswith(words)
    assert ("tax.assets.VB.withheld_inside" in described.as_configured) == (tax == GERMANY)
