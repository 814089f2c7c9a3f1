"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const formats = { percent: ".2%", ratio: ".3f", money: ",.0f", count: ",d", days: ",d" };

  function shade(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function axis(extra) {
    return Object.assign(
      {
        gridcolor: shade("--line"), zeroline: false, linecolor: shade("--line"), automargin: true,
        tickfont: { color: shade("--soft"), size: 12 }, fixedrange: coarse,
      },
      extra
    );
  }

  function layout(extra) {
    return Object.assign(
      {
        margin: { l: 8, r: 8, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, color: shade("--ink"), size: 13 },
        showlegend: false, dragmode: coarse ? false : "zoom",
        hoverlabel: { bgcolor: shade("--card"), bordercolor: shade("--line"), font: { color: shade("--ink"), size: 12 } },
      },
      extra
    );
  }

  function draw(id, traces, look) {
    Plotly.react(id, traces, look, { displayModeBar: false, responsive: true });
  }

  function chosen(id) {
    return Number(document.getElementById(id).value);
  }

  function fill(id, names, start) {
    const select = document.getElementById(id);
    names.forEach((name, place) => {
      const option = document.createElement("option");
      option.value = String(place);
      option.textContent = decode(name);
      select.append(option);
    });
    select.value = String(start);
    return select;
  }

  // Names are written for the chart library, which reads entities; a select shows text as it is.
  function decode(text) {
    return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#x27;/g, "'").replace(/&amp;/g, "&");
  }

  function drawDistribution() {
    const figure = data.figures[chosen("figure")];
    const format = formats[figure.style];
    const middles = figure.counts.map((_, k) => (figure.edges[k] + figure.edges[k + 1]) / 2);
    const bars = {
      type: "bar", x: middles, y: figure.counts, width: figure.counts.map((_, k) => figure.edges[k + 1] - figure.edges[k]),
      marker: { color: shade("--c0"), opacity: 0.55, line: { width: 0 } }, hovertemplate: "%{x}: %{y:,} variants<extra></extra>",
    };
    const marks = data.marks.filter((mark) => mark.values[figure.key] !== null && mark.values[figure.key] !== undefined);
    const shapes = marks.map((mark, place) => ({
      type: "line", x0: mark.values[figure.key], x1: mark.values[figure.key], yref: "paper", y0: 0, y1: 1,
      line: { color: shade("--c" + ((place + 1) % 10)), width: 2, dash: place ? "dot" : "solid" },
    }));
    const annotations = marks.map((mark, place) => ({
      x: mark.values[figure.key], yref: "paper", y: 1 - 0.1 * (place % 5), text: mark.name, showarrow: false, xanchor: "left",
      xshift: 4, font: { size: 11, color: shade("--c" + ((place + 1) % 10)) },
    }));
    draw("chart-distribution", [bars], layout({
      bargap: 0, shapes, annotations,
      xaxis: axis({ tickformat: format, hoverformat: format, showgrid: false }), yaxis: axis({ tickformat: ",d", nticks: 5 }),
    }));
  }

  function heat(a, b) {
    const straight = data.heat.find((one) => one.a === a && one.b === b);
    if (straight) return { map: straight, turned: true };
    const turned = data.heat.find((one) => one.a === b && one.b === a);
    return turned ? { map: turned, turned: false } : null;
  }

  function transpose(rows) {
    return rows.length ? rows[0].map((_, k) => rows.map((row) => row[k])) : [];
  }

  function drawMap() {
    const across = chosen("across"), down = chosen("down");
    const figure = data.figures[chosen("mean")];
    const found = heat(across, down);
    const names = [data.views[across], data.views[down]];
    const means = found ? found.map.means[figure.key] : [];
    const z = found && found.turned ? transpose(means) : means;
    const format = formats[figure.style];
    draw("chart-map", [{
      type: "heatmap", x: names[0].labels, y: names[1].labels, z, zhoverformat: format, xgap: 1, ygap: 1,
      colorscale: [[0, shade("--c4")], [0.5, shade("--tint")], [1, shade("--c0")]], hoverongaps: false,
      colorbar: { tickformat: format, outlinewidth: 0, thickness: 12, tickfont: { color: shade("--soft"), size: 11 } },
      hovertemplate: names[0].name + " %{x}<br>" + names[1].name + " %{y}<br>" + figure.title + " %{z}<extra></extra>",
    }], layout({
      xaxis: axis({ type: "category", showgrid: false, title: { text: names[0].name, font: { size: 12 } } }),
      yaxis: axis({ type: "category", showgrid: false, title: { text: names[1].name, font: { size: 12 } } }),
      annotations: found ? [] : [{ text: "Choose two different axes", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }],
    }));
  }

  // Variants in five groups by rank, each group one trace whose lines are kept apart by gaps.
  function drawLines() {
    const stands = data.lines.stands;
    const order = data.lines.rank.map((_, k) => k).sort((a, b) => data.lines.rank[a] - data.lines.rank[b]);
    const groups = 5;
    const traces = [];
    for (let g = 0; g < groups; g += 1) {
      const x = [], y = [];
      order.slice(Math.floor((g * order.length) / groups), Math.floor(((g + 1) * order.length) / groups)).forEach((k) => {
        stands.forEach((stand, place) => { x.push(place); y.push(stand.at[k]); });
        x.push(null);
        y.push(null);
      });
      traces.push({
        type: "scatter", mode: "lines", x, y, hoverinfo: "skip", connectgaps: false,
        line: { width: 1, color: shade("--c0") }, opacity: 0.06 + 0.5 * (g / (groups - 1)) ** 2,
      });
    }
    const annotations = [];
    const shapes = [];
    stands.forEach((stand, place) => {
      shapes.push({ type: "line", x0: place, x1: place, y0: 0, y1: 1, line: { color: shade("--line"), width: 1 } });
      annotations.push({ x: place, y: 1.09, text: stand.name.split(".").slice(-1)[0], showarrow: false, font: { size: 12 } });
      const figure = data.figures.find((one) => one.key === stand.figure);
      const ticks = stand.ticks || stand.ends.map(([at, value]) => [at, written(value, figure.style)]);
      ticks.forEach(([at, text]) => {
        annotations.push({ x: place, y: at, text, showarrow: false, xanchor: "left", xshift: 4, font: { size: 10, color: shade("--soft") } });
      });
    });
    draw("chart-lines", traces, layout({
      annotations, shapes, hovermode: false,
      xaxis: axis({ visible: false, range: [-0.1, stands.length - 0.6], fixedrange: true }),
      yaxis: axis({ visible: false, range: [-0.05, 1.14], fixedrange: true }),
    }));
    document.getElementById("sampled").textContent = data.lines.of.toLocaleString("en");
  }

  function written(value, style) {
    if (style === "percent") return (100 * value).toFixed(1) + " %";
    if (style === "ratio") return value.toFixed(3);
    return Math.round(value).toLocaleString("en");
  }

  function drawAll() {
    drawDistribution();
    drawMap();
    drawLines();
  }

  const figures = data.figures.map((figure) => figure.title);
  const views = data.views.map((view) => view.name);
  fill("figure", figures, 0).addEventListener("change", drawDistribution);
  fill("mean", figures, 0).addEventListener("change", drawMap);
  const first = data.heat.length ? data.heat[data.heat.length - 1] : { a: 0, b: 0 };
  fill("across", views, first.b).addEventListener("change", drawMap);
  fill("down", views, first.a).addEventListener("change", drawMap);

  document.querySelectorAll("table.rows").forEach((table) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = table.querySelectorAll("thead th");
    const key = (row, column) => {
      const text = row.cells[column].textContent;
      const number = parseFloat(text.replace(/[,+]/g, "").replace("\u2212", "-"));
      return Number.isNaN(number) ? text : number;
    };
    heads.forEach((head, column) => {
      head.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "descending" : "ascending");
        rows.sort((a, b) => {
          const x = key(a, column), y = key(b, column);
          return (x < y ? -1 : x > y ? 1 : 0) * (up ? -1 : 1);
        });
        body.append(...rows);
      });
    });
  });

  drawAll();
  dark.addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((node) => Plotly.Plots.resize(node)));
})();
