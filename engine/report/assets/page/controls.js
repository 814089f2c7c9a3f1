// What the reader does: fields, buttons, pointer and keys of charts, tables, print, colours.

function enhanceChart(chart, page) {
  const { plot } = chart;
  let start = null, band = null;
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-labelledby", `${chart.box.id}-title`);
  plot.setAttribute("aria-describedby", "chart-keys");
  const end = () => { start = null; band?.remove(); band = null; };
  plot.addEventListener("pointermove", (event) => {
    const row = chart.rowAt(event.clientX);
    page.point(chart.days[row], chart, event.clientY);
    if (start == null) return;
    const places = [start, row].map((one) => one / Math.max(chart.days.length - 1, 1)).sort((a, b) => a - b);
    if (!band) plot.append(band = element("div", "picked"));
    band.style.left = perCent(places[0]);
    band.style.width = perCent(places[1] - places[0]);
  });
  plot.addEventListener("pointerleave", () => { if (start == null) leaveTip(() => page.point(null)); });
  plot.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button) return;
    event.preventDefault();
    plot.focus({ preventScroll: true });
    start = chart.rowAt(event.clientX);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointerup", (event) => {
    const from = start, to = chart.rowAt(event.clientX);
    end();
    if (from != null && Math.abs(to - from) > 4) page.choose(chart.days[Math.min(from, to)], chart.days[Math.max(from, to)]);
  });
  plot.addEventListener("pointercancel", end);
  plot.addEventListener("dblclick", () => page.choose(page.first, page.last));
  plot.addEventListener("blur", () => page.point(null));
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!chart.fresh) chart.data();
    const { days } = chart, last = days.length - 1, step = event.shiftKey ? 21 : 1;
    const row = page.cross == null ? last : Math.max(upTo(days, page.cross) - 1, 0);
    const go = (to) => page.point(days[Math.max(0, Math.min(last, to))], chart, null, true);
    const zoom = (half) => {
      const all = page.levels[0].days, here = upTo(all, days[row]) - 1, day = days[row];
      page.choose(all[Math.max(0, here - half)], all[Math.min(all.length - 1, here + half)]);
      page.point(day, chart);
    };
    const act = {
      ArrowLeft: () => go(page.cross == null ? last : row - step), ArrowRight: () => go(row + step), Home: () => go(0), End: () => go(last),
      "+": () => zoom(Math.max(2, last >> 2)), "=": () => zoom(Math.max(2, last >> 2)), "-": () => zoom(last + 1),
      Escape: () => (page.cross == null ? page.choose(page.first, page.last) : page.point(null)),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}

function enhanceControls(page) {
  for (const key of ["from", "to"]) document.getElementById(key)?.addEventListener("change", () => {
    const texts = ["from", "to"].map((one) => document.getElementById(one).value), days = texts.map(dayOf);
    const wrong = texts.filter((_, k) => days[k] == null).map((text) => `\u201c${text}\u201d is no date: write YYYY-MM-DD.`);
    const fault = wrong[0] ?? page.choose(...days);
    if (fault) page.tell(fault);
  });
  document.querySelectorAll("[data-years]").forEach((button) => button.addEventListener("click", () => {
    const years = Number(button.dataset.years), end = new Date(page.last * 864e5), month = end.getUTCMonth();
    end.setUTCFullYear(end.getUTCFullYear() - years);
    if (end.getUTCMonth() !== month) end.setUTCDate(0); // the 29th of February
    page.choose(years ? Math.max(page.first, end / 864e5) : page.first, page.last);
  }));
  page.buttons.forEach((button) => button.addEventListener("click", () => page.toggleLine(button.dataset.line)));
  const log = document.getElementById("log");
  if (log) {
    log.dataset.first = log.getAttribute("aria-pressed");
    log.addEventListener("click", () => { page.setLog(log.getAttribute("aria-pressed") !== "true"); page.refresh(); });
  }
  const near = new Set(), seen = new IntersectionObserver((changes) => { // a phone has the bar while a chart is in view
    for (const one of changes) if (one.isIntersecting) near.add(one.target); else near.delete(one.target);
    document.documentElement.classList.toggle("charting", near.size > 0);
  });
  page.charts.forEach((chart) => seen.observe(chart.plot));
  addEventListener("hashchange", () => page.readAddress());
  document.addEventListener("tipclosed", () => page.point(null));
}

// Paper has all lines, and the whole window unless the reader wants the chosen period.
function enhancePrint(page) {
  let kept = null;
  addEventListener("beforeprint", () => {
    kept = [page.from, page.to, page.hidden];
    if (document.getElementById("print-whole")?.checked ?? true) [page.from, page.to] = [page.first, page.last];
    page.hidden = new Set();
    page.refresh(false);
  });
  addEventListener("afterprint", () => {
    if (kept) [page.from, page.to, page.hidden] = kept;
    kept = null;
    page.refresh(false);
  });
}

function enhanceTable(table) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim(), number = Number(text.replace(/[,+%\u00a0\s]|pp$/g, "").replace(MINUS, "-"));
    return text === DASH || text === "" ? null : Number.isNaN(number) ? text : number;
  };
  heads.forEach((head, column) => {
    const button = element("button", "", head.textContent.trim());
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending", order = down ? -1 : 1;
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((one, other) => {
        const x = key(one, column), y = key(other, column);
        return x === null || y === null ? (x === null) - (y === null) : (x < y ? -1 : x > y ? 1 : 0) * order; // what is not there is last
      });
      body.append(...rows);
    });
  });
  const section = table.closest("section"), search = section?.querySelector("input[type=search]"), shown = section?.querySelector(".shown");
  search?.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    let left = 0;
    for (const row of rows) left += !(row.hidden = !row.textContent.replaceAll(MINUS, "-").toLowerCase().includes(wanted));
    if (shown) shown.textContent = count(left);
  });
}

// What scrolls in a box of its own can be scrolled by keys too.
function enhanceScrollers() {
  const boxes = [...document.querySelectorAll(".wide, .scroll, pre")];
  const look = () => boxes.forEach((box) => {
    const scrolls = box.checkVisibility() && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    if (!scrolls || box.tabIndex === 0) return;
    box.tabIndex = 0;
    if (box.hasAttribute("role")) return;
    const heading = [...(box.closest("section, main") ?? document).querySelectorAll("h1, h2, h3")].findLast((one) => one.compareDocumentPosition(box) & 4);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", heading?.textContent ?? "Table");
  });
  look();
  new ResizeObserver(look).observe(document.body);
}

function enhancePage() {
  enhanceScrollers();
  document.querySelectorAll("[data-marks]").forEach(enhanceMarks);
  document.querySelectorAll("table.rows").forEach(enhanceTable);
  document.querySelectorAll("#print, [data-print]").forEach((button) => button.addEventListener("click", () => print()));
  document.querySelectorAll("[data-scheme-next]").forEach((button) => button.addEventListener("click", () => {
    const root = document.documentElement, all = ["auto", "light", "dark"], next = all[(all.indexOf(root.dataset.scheme ?? "auto") + 1) % 3];
    root.dataset.scheme = next;
    button.textContent = `Colours: ${next}`;
  }));
  addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
}

(async () => {
  const root = document.documentElement;
  try { // the static page is painted first
    await new Promise((go) => { new PerformanceObserver(go).observe({ type: "paint", buffered: true }); setTimeout(go, 600); });
    if (document.getElementById("data")) {
      const page = new Page(...(await readSeries()));
      page.charts.forEach((chart) => enhanceChart(chart, page));
      enhanceControls(page);
      enhancePrint(page);
      page.readAddress();
      if (page.whole) page.fillCells();
    }
    enhancePage();
    root.classList.add("live");
    root.dataset.live = String(Math.round(performance.now()));
  } catch { // what this browser cannot do is left away: the page is whole without it
    root.classList.add("still");
  }
})();
