// Charts over time that follow the period: the same lines as engine/report/charts/time_chart.py draws, from the series.

const NS = "http://www.w3.org/2000/svg";

function element(tag, kind, text, style) {
  const found = document.createElement(tag);
  if (kind) found.className = kind;
  if (text != null) found.textContent = text;
  for (const key in style) found.style.setProperty(key, style[key]);
  return found;
}

function shape(kind, path) {
  const found = document.createElementNS(NS, "path");
  found.setAttribute("class", kind);
  found.setAttribute("d", path);
  return found;
}

function perCent(fraction) {
  return Number((100 * fraction).toFixed(2)) + "%";
}

const SHAPES = ["M5 1a4 4 0 1 0 .01 0Z", "M1 1H9V9H1Z", "M5 .5 9.7 9H.3Z", "M5 0 10 5 5 10 0 5Z", "M3.5 0h3v3.5H10v3H6.5V10h-3V6.5H0v-3h3.5Z"];

function marker(place) {
  const found = document.createElementNS(NS, "svg");
  found.setAttribute("class", `mark c${place % 5}`);
  found.setAttribute("viewBox", "0 0 10 10");
  found.setAttribute("aria-hidden", "true");
  found.append(shape("", SHAPES[(place + Math.floor(place / 5)) % 5]));
  return found;
}

// A line's marker by its number, a layer's square by its class.
function swatch(place) {
  return typeof place === "string" ? element("span", `swatch ${place}`) : marker(place);
}

function shortLabel(text, letters = 22) {
  const all = [...text], front = letters >> 1;
  return all.length <= letters ? text : all.slice(0, front).join("") + "\u2026" + all.slice(all.length - (letters - front - 1)).join("");
}

// The series' values on the days of a grid, its last one carried; NaN before its first and after its last session.
function onDays(series, days) {
  const out = new Float64Array(days.length).fill(NaN), last = series.days.at(-1);
  for (let i = 0, j = -1; i < days.length && days[i] <= last; i++) {
    while (j + 1 < series.days.length && series.days[j + 1] <= days[i]) j++;
    if (j >= 0) out[i] = series.values[j];
  }
  return out;
}

class TimeChart {
  constructor(box, page) {
    Object.assign(this, { box, page, told: JSON.parse(box.dataset.chart), plot: box.querySelector(".plot") });
    this.svg = this.plot.querySelector("svg");
    this.log = this.told.log;
    this.height = this.told.height;
    this.table = box.querySelector(".ends-of-months");
    this.table?.addEventListener("toggle", () => this.fillTable());
  }

  get shown() {
    return this.told.lines.filter((line) => this.page.shows(line));
  }

  // What is drawn for the chosen period: its days, and the values of each line that is shown.
  data() {
    const { page, told } = this, first = page.series.get(told.lines[0].series), opening = page.from <= first.days[0];
    const a = opening ? 0 : upTo(first.days, page.from) - 1, b = upTo(first.days, page.to); // none before the first window
    const days = first.days.subarray(a, Math.max(a, b)), lead = this.rebased(first, days, null);
    this.days = days;
    this.lines = this.shown.map((line) => ({ ...line, values: this.transformed(line, days, lead) }));
    const columns = [...this.lines.map((line) => line.values), told.levels.map(([value]) => value)];
    this.scale = fitScale(columns, this.log && columns.every((c) => c.every((x) => !(x <= 0))), told.base ?? undefined, told.noted ? 0.14 : 0.04);
    this.fresh = true;
  }

  transformed(line, days, lead) {
    const { told, page } = this, series = page.series.get(line.series);
    if (told.transform === "ratio") {
      const over = this.rebased(page.series.get(line.over), days, null), start = over.findIndex(Number.isFinite);
      const factor = start > 0 ? over[start] / lead[start] : 1;
      return lead.map((x, i) => (x / over[i]) * factor);
    }
    if (told.transform === "growth") return this.rebased(series, days, lead);
    const values = onDays(series, days);
    if (told.transform === "held") return values.map((x) => (x > 0 ? x : NaN));
    if (told.transform !== "fall") return values;
    let top = this.opens(series) ? page.capital : -Infinity;
    return values.map((x) => (Number.isNaN(x) ? x : x / (top = Math.max(top, x)) - 1));
  }

  opens(series) {
    return this.page.from <= series.days[0];
  }

  // A level from the capital on; one that begins later than the first line starts where that is then.
  rebased(series, days, lead) {
    const values = onDays(series, days), { capital } = this.page, start = values.findIndex(Number.isFinite);
    let factor = this.opens(series) ? 1 : capital / values[0];
    if (lead && start > 0 && this.opens(series)) factor = lead[start] / capital;
    return factor === 1 ? values : values.map((x) => x * factor);
  }

  draw() {
    this.data();
    const { told, scale, height, days } = this, ticks = scale.ticks(Math.floor(height / 104));
    this.svg.replaceChildren(...this.shapes(ticks));
    this.plot.querySelector(".y").replaceChildren(...ticks.map((tick) => element("span", "", writeTick(tick, told.style), { bottom: perCent(scale.fraction(tick)) })));
    let end = -1; // of texts that would touch a phone shows the first, as x_texts of engine/report/charts/frame.py
    this.plot.querySelector(".x").replaceChildren(...dateTicks(days).map(([row, text]) => {
      const left = row / Math.max(days.length - 1, 1), lean = left < 0.02 ? "first" : left > 0.98 ? "last" : "", width = (7.7 * text.length + 5) / 140;
      const begin = left - (lean === "first" ? 0 : lean === "last" ? width : width / 2), odd = begin < end;
      if (!odd) end = begin + width;
      return element("span", odd ? `${lean} odd` : lean, text, { left: perCent(left) });
    }));
    this.plot.querySelector(".ends").replaceChildren(...this.ends());
    this.plot.querySelector(".notes")?.replaceChildren(...this.notes());
    this.plot.querySelector(".numbers")?.replaceChildren(...this.numbers());
    this.box.querySelector(".sr").textContent = this.describe();
    this.fillTable();
    this.point(null);
  }

  // The same sentence as describe_lines of engine/report/charts/time_chart.py.
  describe() {
    const { style } = this.told, parts = [];
    this.lines.forEach(({ label, values }, number) => {
      const rows = [...values.keys()].filter((i) => Number.isFinite(values[i]));
      if (!rows.length) return;
      const low = rows.reduce((best, i) => (values[i] < values[best] ? i : best), rows[0]), [first, last] = [rows[0], rows.at(-1)].map((i) => writeFigure(values[i], style));
      parts.push(number ? `${label} ends at ${last}` : `${label} from ${first} to ${last}; lowest ${writeFigure(values[low], style)} on ${isoDay(this.days[low])}`);
    });
    return parts.length ? parts.join("; ") + "." : "Nothing in this period.";
  }

  // The data of the period as a table, where it is open: the last session of each month.
  fillTable() {
    if (!this.table?.open) return;
    if (!this.fresh) this.data();
    const { days, lines, told } = this, table = element("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    const cell = (row, kind, text, scope) => { const one = element(scope ? "th" : "td", kind, text); if (scope) one.scope = scope; row.append(one); };
    cell(head, "", "Date", "col");
    lines.forEach((line) => cell(head, "n", line.label, "col"));
    for (let i = 0; i < days.length; i++) if (i + 1 === days.length || monthOf(days[i]) !== monthOf(days[i + 1])) {
      const row = body.insertRow();
      cell(row, "", isoDay(days[i]), "row");
      lines.forEach((line) => cell(row, "n", writeFigure(line.values[i], told.style)));
    }
    const box = element("div", "scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${this.box.querySelector("figcaption").textContent}: data`);
    box.append(table);
    this.table.replaceChildren(this.table.firstElementChild, box);
  }

  shapes(ticks) {
    const { told, scale, height, days } = this, at = (value) => Math.floor((1 - scale.fraction(value)) * height + 0.5);
    const across = (value, kind) => shape(kind, `M0 ${at(value)}H${WIDTH}`);
    const shapes = ticks.map((tick) => across(tick, "grid"));
    if (told.base != null) shapes.push(across(told.base, "base"));
    for (const [value] of told.levels) shapes.push(across(value, "cap"));
    for (const line of this.lines.toReversed()) {
      const runs = pathsOf(line.values, scale, height), floor = told.base == null ? height : at(told.base);
      if (told.fill === line.place) shapes.push(shape(`area c${line.place % 5}`, runs.map((run) => `${run.line}L${run.last} ${floor}H${run.first}Z`).join("")));
      shapes.push(shape(`line c${line.place % 5}`, runs.map((run) => run.line).join("")));
    }
    for (const day of told.marked) {
      const row = upTo(days, day) - 1;
      if (row >= 0 && days[row] === day) shapes.push(shape("marked", `M${Math.floor((row * WIDTH) / Math.max(days.length - 1, 1) + 0.5)} ${height}v-12`));
    }
    return shapes;
  }

  ends() {
    const found = [];
    for (const one of this.lines) {
      const last = one.values.findLast(Number.isFinite);
      if (last !== undefined) found.push({ text: this.told.noted ? writeFigure(last, this.told.style) : one.label, place: one.place, at: this.scale.fraction(last) });
    }
    for (const [value, text] of this.told.levels) found.push({ text, at: this.scale.fraction(value) });
    return this.labels(found);
  }

  // Texts beside the line's ends, none over another, and the markers; see engine/report/charts/labels.py.
  labels(found) {
    const marks = [], line = 17;
    for (const [members, centre] of spreadLabels(found.map((one) => one.at), line / (this.plot.clientHeight || 1))) {
      const half = Math.floor((members.length * line) / 2);
      members.forEach((which, k) => {
        const one = found[which], span = element("span", "", null, { bottom: `calc(clamp(${half}px,${perCent(centre)},100% - ${half}px) + ${half - line * k - 8}px)` });
        span.title = one.text;
        if (members.length > 1 || typeof one.place === "string") { if (one.place !== undefined) span.append(swatch(one.place)); }
        else if (one.place !== undefined) {
          const mark = element("i", "", null, { bottom: perCent(one.at) });
          mark.append(marker(one.place));
          marks.push(mark);
        }
        span.append(shortLabel(one.text));
        marks.push(span);
      });
    }
    return marks;
  }

  // The lowest and the highest value of the first line, at their places.
  notes() {
    const { days, scale } = this, values = this.lines[0]?.values, out = [];
    if (!values || days.length < 2) return out;
    const rows = [...values.keys()].filter((i) => Number.isFinite(values[i]));
    const low = rows.reduce((best, i) => (values[i] < values[best] ? i : best), rows[0]), high = rows.reduce((best, i) => (values[i] > values[best] ? i : best), rows[0]);
    for (const [row, kind] of [[low, "low"], [high, "high"]]) {
      const left = row / (days.length - 1);
      out.push(element("span", `${kind} ${left < 0.25 ? "first" : left > 0.75 ? "last" : ""}`, `${writeFigure(values[row], this.told.style)} on ${isoDay(days[row])}`, { left: perCent(left), bottom: perCent(scale.fraction(values[row])) }));
    }
    return out;
  }

  // Texts at the first line, on days of the period.
  numbers() {
    const { days, lines, told, scale } = this, own = lines.find((line) => line.series === told.lines[0].series);
    return told.numbered.flatMap(([day, text]) => {
      const row = upTo(days, day) - 1;
      if (!own || days[row] !== day) return [];
      return [element("b", "", text, { left: perCent(row / Math.max(days.length - 1, 1)), bottom: perCent(scale.fraction(own.values[row])) })];
    });
  }

  rowAt(clientX) {
    if (!this.fresh) this.data();
    const { left, width } = this.plot.getBoundingClientRect();
    return Math.round(Math.min(1, Math.max(0, (clientX - left) / width)) * (this.days.length - 1));
  }

  // A rule at the last session on or before the day, and a marker on each line; nothing for null.
  point(day, spots = true) {
    this.plot.querySelectorAll(".rule, .spotlight").forEach((one) => one.remove());
    if (day == null) return;
    if (!this.fresh) this.data();
    if (!(day >= this.days[0])) return;
    const row = Math.max(upTo(this.days, day) - 1, 0), left = perCent(row / Math.max(this.days.length - 1, 1));
    this.plot.append(element("div", "rule", null, { left }));
    for (const line of spots ? this.lines : []) if (Number.isFinite(line.values[row])) {
      const spot = element("div", "spotlight", null, { left, bottom: perCent(this.scale.fraction(line.values[row])) });
      spot.append(marker(line.place));
      this.plot.append(spot);
    }
    return row;
  }

  // [label, text, place] of each line at a row, the highest first.
  said(row) {
    const found = this.lines.filter((line) => Number.isFinite(line.values[row]));
    found.sort((one, other) => other.values[row] - one.values[row]);
    return found.map((line) => [line.label, writeFigure(line.values[row], this.told.style), line.place]);
  }
}

// Layers on each other, as engine/report/charts/stacked_chart.py draws them.
class StackedChart extends TimeChart {
  data() {
    const { page, told } = this, first = page.series.get(told.lines[0].series);
    const a = this.opens(first) ? 0 : upTo(first.days, page.from) - 1, days = first.days.subarray(a, Math.max(upTo(first.days, page.to), a + 1));
    const top = new Float64Array(days.length);
    this.lines = told.lines.map((line) => {
      const values = onDays(page.series.get(line.series), days).map((x) => x || 0);
      values.forEach((x, i) => { top[i] += x; });
      return { ...line, values, tops: top.map((x) => Math.min(x, told.highest)) };
    });
    this.scale = new Scale(0, told.highest, false);
    this.days = days;
    this.fresh = true;
  }

  shapes() {
    const { height, scale } = this;
    return this.lines.toReversed().map(({ tops, place }) =>
      shape(`layer ${place}`, pathsOf(tops, scale, height).map((run) => `${run.line}L${run.last} ${height}H${run.first}Z`).join("")));
  }

  ends() {
    const seen = this.lines.filter(({ values }) => values.at(-1) >= 0.0005);
    return this.labels(seen.map(({ label, place, values, tops }) =>
      ({ text: `${label} ${writeFigure(values.at(-1), "percent")}`, place, at: this.scale.fraction(tops.at(-1) - values.at(-1) / 2) })));
  }

  describe() {
    return `On ${isoDay(this.days.at(-1))}: ${this.lines.map(({ label, values }) => `${label} ${writeFigure(values.at(-1), "percent")}`).join(", ")}.`;
  }

  point(day) {
    return super.point(day, false);
  }

  said(row) {
    return this.lines.filter((line) => line.values[row] >= 0.0005).toReversed().map(({ label, values, place }) => [label, writeFigure(values[row], "percent"), place]);
  }
}
