// The page: the chosen period and lines, from fields, buttons, pointer, keys and the address.

class Page {
  constructor(meta, series) {
    Object.assign(this, { meta, series, capital: meta.capital, hidden: new Set(), cross: null });
    const levels = [...series.values()].filter((one) => one.kind === "level");
    this.levels = levels;
    this.first = Math.min(...levels.map((one) => one.days[0]));
    this.last = Math.max(...levels.map((one) => one.days.at(-1)));
    [this.from, this.to] = [this.first, this.last];
    this.buttons = [...document.querySelectorAll("[data-line]")];
    for (const button of this.buttons) if (button.getAttribute("aria-pressed") === "false") this.hidden.add(button.dataset.line);
    this.hiddenFirst = [...this.hidden].join();
    this.charts = [...document.querySelectorAll("[data-chart]")].map((box) => new (box.dataset.chart.includes('"transform":"stack"') ? StackedChart : TimeChart)(box, this))
      .filter((chart) => chart.told.lines.every((line) => series.has(line.series) && (!line.over || series.has(line.over))));
    this.cells = [...document.querySelectorAll("[data-figure]")].map((cell) => [cell, [...cell.childNodes]]);
    this.note = document.getElementById("period-note");
  }

  get whole() {
    return this.from <= this.first && this.to >= this.last;
  }

  shows(line) {
    return this.buttons.some((button) => button.dataset.line === line.series) ? line.over !== "" || !this.hidden.has(line.series) : line.shown;
  }

  figures(name) {
    const { meta, series } = this, one = series.get(name), lead = this.levels[0];
    const [period, first] = [one, lead].map((each) => periodOf(each, this.capital, this.from, this.to));
    if (!period) return {};
    if (one.daily && period.days[period.a] < one.daily) return {}; // weekly levels have no daily figures
    const same = one !== lead && first && one.periods === lead.periods;
    return { ...figuresOf(period, meta.rate, one.periods), ...(same ? differencesOf(first, period, one.periods) : {}) };
  }

  // Whole windows have the figures of the run itself, letter for letter.
  fillCells() {
    const found = new Map();
    for (const [cell, written] of this.cells) {
      const { figure, of } = cell.dataset;
      if (!this.series.has(of)) continue;
      if (!found.has(of)) found.set(of, this.figures(of));
      const value = found.get(of)[figure] ?? null;
      cell.dataset.value = value ?? "";
      cell.replaceChildren(...(this.whole ? written : [writeFigure(value, FIGURE_STYLES[figure] ?? "ratio")]));
    }
  }

  // Returns what is wrong with a period in words, "" where it was taken.
  choose(from, to, remember = true) {
    if (from > to) return `${isoDay(from)} is after ${isoDay(to)}.`;
    if (!periodOf(this.levels[0], this.capital, from, to)) return `From ${isoDay(from)} to ${isoDay(to)} there are fewer than two sessions.`;
    [this.from, this.to] = [Math.max(from, this.first), Math.min(to, this.last)];
    this.refresh(remember);
    return "";
  }

  refresh(remember = true) {
    document.documentElement.classList.toggle("part", !this.whole);
    this.point(null);
    this.charts.forEach((chart) => chart.draw());
    this.fillCells();
    const { days, a, b } = periodOf(this.levels[0], this.capital, this.from, this.to);
    const reach = `${isoDay(days[a])} to ${isoDay(days[b])}, ${count(b - a + 1)} sessions`;
    for (const [key, day] of [["from", this.from], ["to", this.to]]) {
      const field = document.getElementById(key);
      if (field) field.value = isoDay(day);
    }
    this.tell(this.whole ? "" : `${reach}. Intervals and panels marked so are of the whole window.`);
    if (remember) this.writeAddress();
  }

  tell(text) {
    if (this.note) this.note.textContent = text;
  }

  writeAddress() {
    const parts = this.whole ? [] : [`from=${isoDay(this.from)}`, `to=${isoDay(this.to)}`], log = document.getElementById("log");
    if ([...this.hidden].join() !== this.hiddenFirst) parts.push("hide=" + [...this.hidden].map(encodeURIComponent).join());
    if (log && log.dataset.first !== log.getAttribute("aria-pressed")) parts.push(`log=${log.getAttribute("aria-pressed") === "true" ? 1 : 0}`);
    if (parts.length || location.hash.includes("=")) history.replaceState(null, "", parts.length ? "#" + parts.join("&") : location.pathname + location.search);
  }

  readAddress() {
    if (!location.hash.includes("=")) return;
    const asked = new Map(location.hash.slice(1).split("&").map((part) => [part.split("=")[0], part.split("=").slice(1).join("=")])), wrong = [];
    const read = (key, other) => {
      if (!asked.has(key)) return other;
      const day = dayOf(asked.get(key));
      if (day == null) wrong.push(`${key} is no date (YYYY-MM-DD)`);
      return day ?? other;
    };
    const from = read("from", this.first), to = read("to", this.last), log = document.getElementById("log");
    if (asked.has("hide")) {
      const names = new Set(asked.get("hide").split(",").filter(Boolean).map((name) => { try { return decodeURIComponent(name); } catch { return name; } }));
      const known = this.buttons.filter((button) => names.has(button.dataset.line));
      if (known.length < names.size) wrong.push("a line of hide is not in this page");
      if (known.length < this.buttons.length) { this.hidden = new Set(known.map((button) => button.dataset.line)); this.press(); }
      else wrong.push("one line has to stay");
    }
    if (log && asked.has("log") && "01".includes(asked.get("log"))) this.setLog(asked.get("log") === "1");
    const fault = this.choose(from, to, false) || wrong.join("; ");
    if (fault) { this.refresh(false); this.tell(`The address was read in part: ${fault}`); }
  }

  press() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(!this.hidden.has(button.dataset.line)));
  }

  toggleLine(name) {
    if (!this.hidden.has(name) && this.hidden.size + 1 === this.buttons.length) return say("The last line cannot be hidden.");
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.press();
    this.refresh();
  }

  setLog(on) {
    const button = document.getElementById("log"), growth = this.charts.filter((chart) => chart.told.transform === "growth");
    const fits = growth.every((chart) => { chart.data(); return chart.lines.every((line) => line.values.every((x) => !(x <= 0))); });
    if (on && !fits) return this.tell("A level of 0 has no place on a log scale.");
    growth.forEach((chart) => { chart.log = on; });
    button.setAttribute("aria-pressed", String(on));
  }

  // A rule through all charts at a day; the tip is that of ``chart``.
  point(day, chart, y, aloud) {
    this.cross = day;
    let row;
    for (const one of this.charts) { const found = one.point(day); if (one === chart) row = found; }
    if (day == null) return hideTip();
    const lines = chart.said(row), date = isoDay(chart.days[row]), { left, top, width } = chart.plot.getBoundingClientRect();
    showTip(lineTip(date, lines), left + (width * row) / Math.max(chart.days.length - 1, 1), y ?? top + 40);
    if (aloud) say([date, ...lines.map(([label, text]) => `${label} ${text}`)].join(", "));
  }
}
