"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const narrow = window.matchMedia("(max-width: 760px)");
  const hidden = new Set();
  const charts = {};
  let logarithmic = false;

  function shade(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function colour(place) {
    return shade("--c" + (place % 10));
  }

  // ---- series ------------------------------------------------------------------------------------------------------

  function firstOf(series) {
    return series.findIndex((x) => x !== null);
  }

  // A portfolio that begins later starts at the strategy's level of that day.
  function growth(place) {
    const level = data.portfolios[place].level;
    const own = data.portfolios[0].level;
    const start = firstOf(level);
    const factor = place > 0 && start > firstOf(own) && own[start] ? own[start] / data.capital : 1;
    return factor === 1 ? level : level.map((x) => (x === null ? null : x * factor));
  }

  // The capital counts as a level, so the opening costs are a drawdown.
  function drawdown(level) {
    let high = data.capital;
    return level.map((x) => {
      if (x === null) return null;
      high = Math.max(high, x);
      return x / high - 1;
    });
  }

  // ---- looks -------------------------------------------------------------------------------------------------------

  function axis(extra) {
    return Object.assign(
      {
        gridcolor: shade("--line"), zeroline: false, linecolor: shade("--line"), automargin: true,
        tickfont: { color: shade("--soft"), size: 12 }, fixedrange: coarse,
      },
      extra
    );
  }

  function layout(yaxis, extra) {
    return Object.assign(
      {
        margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, color: shade("--ink"), size: 13 },
        showlegend: false, hovermode: "x unified", dragmode: coarse ? false : "zoom",
        hoverlabel: {
          bgcolor: shade("--card"), bordercolor: shade("--line"), namelength: 28,
          font: { color: shade("--ink"), size: 12 },
        },
        xaxis: axis({ type: "date", showgrid: false, ticks: "outside", tickcolor: shade("--line"), nticks: narrow.matches ? 5 : 12, hoverformat: "%Y-%m-%d" }),
        yaxis: axis(Object.assign({ side: "left", nticks: 6 }, yaxis)),
        uirevision: "keep",
      },
      extra
    );
  }

  function lines(series, hoverformat) {
    return data.portfolios.map((portfolio, place) => ({
      type: "scatter", mode: "lines", x: data.dates, y: series(portfolio, place), name: portfolio.name,
      line: { color: colour(place), width: place === 0 ? 2.4 : 1.4, shape: "linear" },
      visible: !hidden.has(place), connectgaps: false, yhoverformat: hoverformat,
    })).reverse(); // the strategy is drawn last, on top
  }

  // Core assets in one hue, capped ones in colours of their own, cash in grey.
  function assetColours() {
    const core = data.weights.assets.filter((one) => one.cap === null && !one.cash).length;
    let cores = 0;
    let caps = 0;
    return data.weights.assets.map((one) => {
      if (one.cash) return shade("--c8");
      if (one.cap !== null) return colour([1, 2, 3, 4, 5, 6, 7, 9][caps++ % 8]);
      const share = core > 1 ? cores++ / (core - 1) : 0;
      const light = dark.matches ? 34 + 30 * share : 40 + 38 * share;
      return "hsl(" + shade("--core-h") + ", " + shade("--core-s") + ", " + light + "%)";
    });
  }

  // ---- figures -----------------------------------------------------------------------------------------------------

  function figureGrowth() {
    return [lines((_, place) => growth(place), ",.0f"),
      layout({ type: logarithmic ? "log" : "linear", tickformat: "~s", dtick: undefined })];
  }

  function figureValue() {
    const paid = {
      type: "scatter", mode: "lines", x: data.dates, y: data.paid, name: "Paid in", yhoverformat: ",.0f",
      line: { color: shade("--soft"), width: 1.4, dash: "dot", shape: "hv" },
    };
    return [[paid].concat(lines((portfolio) => portfolio.value, ",.0f")), layout({ tickformat: "~s" })];
  }

  function figureDrawdown() {
    const traces = lines((portfolio) => drawdown(portfolio.level), ".2%");
    const own = traces[traces.length - 1];
    own.fill = "tozeroy";
    own.fillcolor = own.line.color + "22";
    own.line.width = 1.6;
    return [traces, layout({ tickformat: ".0%", rangemode: "tozero" })];
  }

  function weightDates() {
    return data.weights.dates || data.dates;
  }

  function figureWeights() {
    const colours = assetColours();
    const traces = data.weights.assets.map((one, place) => ({
      type: "scatter", mode: "lines", stackgroup: "w", x: weightDates(), y: one.weight, name: one.name,
      line: { width: 0.5, color: colours[place] }, fillcolor: colours[place], yhoverformat: ".2%",
    }));
    return [traces, layout({ tickformat: ".0%", range: [0, 1], fixedrange: true })];
  }

  function figureCaps() {
    const colours = assetColours();
    const traces = [];
    const caps = new Set();
    data.weights.assets.forEach((one, place) => {
      if (one.cap === null) return;
      caps.add(one.cap);
      traces.push({
        type: "scatter", mode: "lines", x: weightDates(), name: one.name, yhoverformat: ".2%",
        y: one.weight.map((x) => (x === 0 ? null : x)), // not held: no line
        line: { color: colours[place], width: 1.4 },
      });
    });
    const shapes = Array.from(caps).map((cap) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: cap, y1: cap, line: { color: shade("--bad"), width: 1.5, dash: "dash" },
    }));
    const annotations = Array.from(caps).map((cap) => ({
      xref: "paper", x: 1, xanchor: "left", y: cap, yanchor: "middle", showarrow: false,
      text: "cap " + +(100 * cap).toPrecision(4) + " %", font: { color: shade("--bad"), size: 12 },
    }));
    const margin = { l: 8, r: 66, t: 8, b: 8 };
    return [traces, layout({ tickformat: ".1~%", rangemode: "tozero" }, { shapes, annotations, margin })];
  }

  const figures = {
    "chart-growth": figureGrowth, "chart-value": figureValue, "chart-drawdown": figureDrawdown,
    "chart-weights": figureWeights, "chart-caps": figureCaps,
  };

  // ---- drawing -----------------------------------------------------------------------------------------------------

  const config = { displayModeBar: false, responsive: true, showTips: false, doubleClick: "reset" };

  function draw(id) {
    const node = document.getElementById(id);
    if (!node) return;
    const [traces, look] = figures[id]();
    Plotly.react(node, traces, look, config);
    if (!charts[id]) {
      charts[id] = node;
      node.on("plotly_relayout", (change) => follow(id, change));
    }
  }

  function drawAll() {
    Object.keys(figures).forEach(draw);
    assetLegend();
  }

  // Zooming one chart zooms all of them.
  let following = false;
  function follow(source, change) {
    if (following) return;
    const update = {};
    if (change["xaxis.autorange"]) update["xaxis.autorange"] = true;
    else if (change["xaxis.range[0]"]) update["xaxis.range"] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    else return;
    following = true;
    const others = Object.keys(charts).filter((id) => id !== source);
    Promise.all(others.map((id) => Plotly.relayout(charts[id], update))).finally(() => { following = false; });
  }

  function assetLegend() {
    const place = document.getElementById("asset-legend");
    const colours = assetColours();
    place.replaceChildren(...data.weights.assets.map((one, number) => {
      const key = document.createElement("span");
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.style.background = colours[number];
      key.append(dot, one.title);
      return key;
    }));
  }

  document.querySelectorAll(".legend button").forEach((button) => {
    button.addEventListener("click", () => {
      const place = Number(button.dataset.place);
      if (hidden.has(place)) hidden.delete(place); else hidden.add(place);
      button.setAttribute("aria-pressed", String(!hidden.has(place)));
      ["chart-growth", "chart-value", "chart-drawdown"].forEach(draw);
    });
  });

  ["linear", "log"].forEach((id) => {
    document.getElementById(id).addEventListener("click", () => {
      logarithmic = id === "log";
      document.getElementById("log").setAttribute("aria-pressed", String(logarithmic));
      document.getElementById("linear").setAttribute("aria-pressed", String(!logarithmic));
      draw("chart-growth");
    });
  });

  // ---- tables that sort and filter: events, trades -----------------------------------------------------------------

  function key(row, column) {
    const text = row.cells[column].textContent;
    const number = Number(text.replace(/[,+]/g, "").replace("\u2212", "-"));
    return Number.isNaN(number) ? text : number;
  }

  document.querySelectorAll("table.rows").forEach((table) => {
    const section = table.closest("section");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = table.querySelectorAll("thead th");

    heads.forEach((head, column) => {
      head.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort((a, b) => {
          const x = key(a, column), y = key(b, column);
          return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
        });
        body.append(...rows);
      });
    });

    section.querySelector("input[type=search]").addEventListener("input", (event) => {
      const wanted = event.target.value.toLowerCase();
      let shown = 0;
      rows.forEach((row) => {
        const keep = row.textContent.replace(/\u2212/g, "-").toLowerCase().includes(wanted);
        row.hidden = !keep;
        shown += keep;
      });
      section.querySelector(".shown").textContent = shown.toLocaleString("en");
    });
  });

  drawAll();
  dark.addEventListener("change", drawAll);
  narrow.addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((node) => Plotly.Plots.resize(node)));
})();
