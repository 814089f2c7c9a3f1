// The packed series of engine/report/charts/packed_data.py, and dates as days since 1970-01-01.

const STEP = { level: 1e-8, share: 2e-5, number: 1e-7 };

function isoDay(day) {
  return new Date(day * 864e5).toISOString().slice(0, 10);
}

// The day of a date, null where the text is none: February has no 30th.
function dayOf(text) {
  const found = /^\s*(\d{4}-\d{2}-\d{2})\s*$/.exec(text), at = found ? Date.parse(found[1]) : NaN;
  return Number.isNaN(at) || isoDay(at / 864e5) !== found[1] ? null : at / 864e5;
}

// How many of the ascending days are at or before the day.
function upTo(days, day) {
  let low = 0, high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (days[middle] <= day) low = middle + 1; else high = middle;
  }
  return low;
}

function readPlanes(raw, at, size, planes) {
  const out = new Float64Array(size);
  for (let k = planes - 1; k >= 0; k--) for (let i = 0; i < size; i++) out[i] = 256 * out[i] + raw[at + k * size + i];
  return out;
}

// Every series by name: {label, kind, days (n,), values (n,)}, from its own first session to its last.
function unpackSeries(meta, raw) {
  let at = 0;
  const grids = meta.grids.map((grid) => {
    const steps = readPlanes(raw, at, grid.count, 2), days = new Int32Array(grid.count);
    at += 2 * grid.count;
    for (let i = 0, day = grid.first; i < grid.count; i++) days[i] = day += steps[i];
    return days;
  });
  const found = new Map();
  for (const one of meta.series) {
    const coded = readPlanes(raw, at, one.count, one.planes), extra = one.spent ? 1 : 0;
    at += one.count * one.planes;
    const values = new Float64Array(one.count + extra); // a level of 0 has no logarithm: it ends the series
    for (let i = 0, sum = 0; i < one.count; i++) {
      sum += coded[i] % 2 ? -(coded[i] + 1) / 2 : coded[i] / 2;
      values[i] = one.kind === "level" ? meta.capital * Math.exp(sum * STEP.level) : sum * STEP[one.kind];
    }
    const days = grids[one.grid].subarray(one.from, one.from + one.count + extra);
    found.set(one.name, { ...one, days, values, periods: one.periods ?? meta.periods });
  }
  return found;
}

async function readSeries() {
  const meta = JSON.parse(document.getElementById("meta").textContent);
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return [meta, unpackSeries(meta, new Uint8Array(await new Response(stream).arrayBuffer()))];
}
