// Figures of a period: the formulas of engine/analysis/metrics.py. One that does not exist is null.

const TINY = 1e-12, YEAR = 365.25, SHORT = 365;

// Rows of a series: those between its last close on or before the first day and the last on or before the end.
// A period that reaches back to the opening begins with the capital. Null where fewer than two sessions are left.
function periodOf(series, capital, from, to) {
  const { days, values } = series, opening = from <= days[0], a = opening ? 0 : upTo(days, from) - 1, b = upTo(days, to) - 1;
  return b > a ? { days, values, a, b, opening, base: opening ? capital : values[a] } : null;
}

function moments(returns, free = 0) {
  let sum = 0, low = 0, squares = 0;
  for (const r of returns) { sum += r - free; low += Math.min(r - free, 0) ** 2; }
  const mean = sum / returns.length;
  for (const r of returns) squares += (r - free - mean) ** 2;
  return { mean, low: Math.sqrt(low / returns.length), sd: returns.length > 1 ? Math.sqrt(squares / (returns.length - 1)) : null };
}

function returnsOf(values, rows) {
  const out = new Float64Array(rows.length - 1);
  for (let i = 1; i < rows.length; i++) out[i - 1] = values[rows[i - 1]] > 0 ? values[rows[i]] / values[rows[i - 1]] - 1 : 0;
  return out;
}

function growthAYear(growth, days) {
  return days >= SHORT ? growth ** (YEAR / days) - 1 : null; // a part of a year is never annualised
}

function rowsBetween(a, b) {
  return Int32Array.from({ length: b - a + 1 }, (_, i) => a + i);
}

function monthOf(day) {
  const date = new Date(day * 864e5);
  return 12 * date.getUTCFullYear() + date.getUTCMonth();
}

// What one portfolio did; ``free`` is the rate a session, null where it is not known.
function figuresOf(period, free, periods) {
  const { days, values, a, b, base, opening } = period;
  const own = moments(returnsOf(values, rowsBetween(a, b))), over = free ? moments(returnsOf(values, rowsBetween(a, b)), free) : own;
  let top = base, deepest = 0, best = -Infinity, worst = Infinity, before = base;
  for (let i = opening ? a : a + 1; i <= b; i++) {
    top = Math.max(top, values[i]);
    deepest = Math.min(deepest, values[i] / top - 1);
    if (i < b && monthOf(days[i]) === monthOf(days[i + 1])) continue;
    const change = before > 0 ? values[i] / before - 1 : 0;
    [best, worst, before] = [Math.max(best, change), Math.min(worst, change), values[i]];
  }
  const total = values[b] / base - 1, cagr = growthAYear(1 + total, days[b] - days[a]), year = Math.sqrt(periods);
  return {
    final_value: values[b], total_return: total, cagr, max_drawdown: deepest, best_month: best, worst_month: worst,
    volatility: own.sd == null ? null : own.sd * year,
    sharpe: free != null && over.sd > TINY ? (over.mean / over.sd) * year : null,
    sortino: free != null && over.low > TINY ? (over.mean / over.low) * year : null,
    calmar: cagr != null && deepest < -TINY ? cagr / -deepest : null,
  };
}

// Rows of both on the days that both have.
function commonRows(mine, theirs) {
  const left = [], right = [];
  for (let i = mine.a, j = theirs.a; i <= mine.b && j <= theirs.b;) {
    const gap = mine.days[i] - theirs.days[j];
    if (gap === 0) { left.push(i); right.push(j); }
    if (gap <= 0) i++;
    if (gap >= 0) j++;
  }
  return [left, right];
}

// What one portfolio did beside another over the sessions both have.
function differencesOf(mine, theirs, periods) {
  const [left, right] = commonRows(mine, theirs);
  if (left.length < 2) return {};
  const opening = mine.opening && theirs.opening && !left[0] && !right[0];
  const grown = (one, rows) => one.values[rows.at(-1)] / (opening ? one.base : one.values[rows[0]]);
  const span = mine.days[left.at(-1)] - mine.days[left[0]], own = returnsOf(mine.values, left), other = returnsOf(theirs.values, right);
  const rates = [growthAYear(grown(mine, left), span), growthAYear(grown(theirs, right), span)];
  const gap = moments(own.map((r, i) => r - other[i])), x = moments(own), y = moments(other);
  let products = 0;
  own.forEach((r, i) => { products += (r - x.mean) * (other[i] - y.mean); });
  products /= own.length - 1;
  return {
    difference: rates[0] == null || rates[1] == null ? null : rates[0] - rates[1],
    tracking_error: gap.sd == null ? null : gap.sd * Math.sqrt(periods),
    information_ratio: gap.sd > TINY ? (gap.mean / gap.sd) * Math.sqrt(periods) : null,
    beta: y.sd > TINY ? products / y.sd ** 2 : null,
    correlation: x.sd > TINY && y.sd > TINY ? Math.min(Math.max(products / (x.sd * y.sd), -1), 1) : null,
  };
}

const FIGURE_STYLES = {
  final_value: "money", total_return: "percent", cagr: "percent", volatility: "percent", sharpe: "ratio", sortino: "ratio",
  max_drawdown: "percent", calmar: "ratio", best_month: "percent", worst_month: "percent", difference: "points",
  tracking_error: "percent", information_ratio: "ratio", beta: "ratio", correlation: "ratio",
};
