// Scales, ticks and paths: the same functions as engine/report/charts/scales.py and paths.py.

const WIDTH = 1160, COLUMNS = WIDTH / 2;

function powerOfTen(x) {
  let found = Math.floor(Math.log10(x));
  if (Number("1e" + (found + 1)) <= x) found += 1;
  return Number("1e" + found) > x ? found - 1 : found;
}

class Scale {
  constructor(low, high, log) {
    Object.assign(this, { low, high, log });
    const f = log ? Math.log : (x) => x, bottom = f(low), length = f(high) - bottom;
    this.fraction = log ? (v) => (Math.log(Math.max(v, low)) - bottom) / length : (v) => (v - bottom) / length;
  }

  ticks(wanted) {
    if (this.log) {
      const found = logTicks(this.low, this.high);
      if (found.length > 2) return found;
    }
    const rough = (this.high - this.low) / Math.max(wanted, 1), unit = Number("1e" + powerOfTen(rough)), out = [];
    const step = unit * [1, 2, 2.5, 5, 10].find((one) => unit * one >= rough);
    for (let k = Math.ceil(this.low / step - 1e-9); k <= Math.floor(this.high / step + 1e-9); k++) out.push(k * step);
    return out;
  }
}

function logTicks(low, high) {
  const parts = high / low <= 30 ? [1, 1.5, 2, 3, 5, 7] : high / low <= 3000 ? [1, 2, 5] : [1], out = [];
  for (let e = powerOfTen(low); e <= powerOfTen(high); e++) for (const part of parts) {
    const tick = Number("1e" + e) * part;
    if (low <= tick && tick <= high) out.push(tick);
  }
  return out;
}

function fitScale(columns, log, anchor, room) {
  let low = anchor ?? Infinity, high = anchor ?? -Infinity;
  for (const column of columns) for (const x of column) if (Number.isFinite(x)) { low = Math.min(low, x); high = Math.max(high, x); }
  if (low > high) [low, high] = [0, 1];
  if (log) {
    const factor = high / low < 3 ? 1 + room : 1 + 2 * room;
    return new Scale(low / factor, high * factor, true);
  }
  const space = room * (high - low) || 0.01 * Math.abs(high) || 1;
  return new Scale(anchor === low && high > low ? low : low - space, anchor === high && high > low ? high : high + space, false);
}

// [row, text] of what is written below: years, months, or the first and the last date.
function dateTicks(days) {
  if (!days.length) return [];
  const n = days.length, first = monthOf(days[0]), last = monthOf(days[n - 1]), span = last - first, out = [];
  if (n < 2 || span < 3) return [...new Set([0, n - 1])].map((row) => [row, isoDay(days[row])]);
  const years = span > 24, step = years ? [1, 2, 5, 10, 20].find((one) => span / 12 / one <= 7) ?? 50 : [1, 2, 3, 6].find((one) => span / one <= 5) ?? 12;
  for (let month = years ? 12 * (Math.floor(first / 12) + 1) : first + 1; month <= last; month += years ? 12 : 1) {
    const number = years ? month / 12 : month, row = upTo(days, Date.UTC(Math.floor(month / 12), month % 12, 1) / 864e5 - 1);
    const here = years ? Math.floor(monthOf(days[row]) / 12) : monthOf(days[row]); // not where the whole period has no session
    if (number % step === 0 && here === number) out.push([row, isoDay(days[row]).slice(0, years ? 4 : 7)]);
  }
  return out;
}

// Rows that are drawn of each unbroken run: of every column of the picture the lowest and the highest, and both ends.
function keptRuns(values) {
  const n = values.length, runs = [];
  for (let a = 0; a < n;) {
    if (!Number.isFinite(values[a])) { a++; continue; }
    let end = a;
    while (end + 1 < n && Number.isFinite(values[end + 1])) end++;
    const rows = new Set();
    for (let i = a; i <= end;) {
      const column = Math.floor((i * COLUMNS) / n);
      let low = i, high = i, j = i;
      for (; j <= end && (n <= 2 * COLUMNS ? j === i : Math.floor((j * COLUMNS) / n) === column); j++) {
        if (values[j] < values[low]) low = j;
        if (values[j] > values[high]) high = j;
      }
      if (i === a) rows.add(a);
      rows.add(Math.min(low, high)).add(Math.max(low, high));
      i = j;
    }
    runs.push([...rows.add(end)]);
    a = end + 1;
  }
  return runs;
}

function pathsOf(values, scale, height) {
  const step = WIDTH / Math.max(values.length - 1, 1);
  return keptRuns(values).map((rows) => {
    const x = rows.map((row) => Math.floor(row * step + 0.5)), y = rows.map((row) => Math.floor((1 - scale.fraction(values[row])) * height + 0.5));
    let moves = "";
    for (let i = 1; i < x.length; i++) moves += (i > 1 ? " " : "") + (x[i] - x[i - 1]) + (y[i] < y[i - 1] ? "" : " ") + (y[i] - y[i - 1]);
    return { line: `M${x[0]} ${y[0]}` + (moves ? "l" + moves : "h0"), first: x[0], last: x.at(-1) };
  });
}

// Stacks of labels from the top down, [members, centre]; see engine/report/charts/labels.py.
function spreadLabels(fractions, gap) {
  const inside = (centre, length) => (length < 1 ? Math.min(Math.max(centre, length / 2), 1 - length / 2) : 0.5), stacks = [];
  const order = fractions.map((_, k) => k).sort((a, b) => fractions[b] - fractions[a]);
  for (const which of order) {
    let members = [which], centre = inside(fractions[which], gap);
    while (stacks.length && stacks.at(-1)[1] - centre < (gap * (stacks.at(-1)[0].length + members.length)) / 2 - 1e-12) {
      members = stacks.pop()[0].concat(members);
      centre = inside(members.reduce((sum, k) => sum + fractions[k], 0) / members.length, gap * members.length);
    }
    stacks.push([members, centre]);
  }
  return stacks;
}
