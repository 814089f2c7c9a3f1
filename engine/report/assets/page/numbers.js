// Numbers as text: the same functions as engine/report/number_format.py, letter for letter.

const MINUS = "\u2212", SPACE = "\u00a0", DASH = "\u2013";

// A number with so many decimals and commas; a tie goes to the even digit; what rounds to zero has no sign.
function fixedPoint(x, digits, sign = "") {
  const size = Math.abs(x);
  let text = size >= 1e21 ? BigInt(size).toString() + (digits ? "." + "0".repeat(digits) : "") : size.toFixed(digits);
  if (size < 1e21) {
    const more = size.toFixed(Math.min(100, digits + 60)), cut = more.indexOf(".") + (digits ? 1 + digits : 0);
    const kept = more.slice(0, cut), rest = more.slice(cut).replace(".", "");
    if (/^50*$/.test(rest) && "02468".includes(kept.at(-1))) text = kept;
  }
  const dot = text.indexOf("."), whole = dot < 0 ? text : text.slice(0, dot);
  text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (dot < 0 ? "" : text.slice(dot));
  return /[1-9]/.test(text) ? (x < 0 ? MINUS : sign) + text : text;
}

function money(x) {
  return x == null ? DASH : fixedPoint(x, Math.abs(x) < 1000 && x !== 0 ? 2 : 0);
}

function percent(x, digits = 2) {
  return x == null ? DASH : fixedPoint(100 * x, digits) + SPACE + "%";
}

function percentagePoints(x, digits = 2) {
  return x == null ? DASH : fixedPoint(100 * x, digits, "+") + SPACE + "pp";
}

function ratio(x) {
  return x == null ? DASH : fixedPoint(x, 3);
}

function count(x) {
  return x == null ? DASH : fixedPoint(Math.trunc(x), 0);
}

function shortNumber(x, sign = "") {
  const size = Math.abs(x).toExponential(5), power = Number(size.slice(size.indexOf("e") + 1));
  const text = fixedPoint(x, Math.min(Math.max(5 - power, 0), 12), sign);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

function shortMoney(x) {
  for (const [unit, letter] of [[1e9, "b"], [1e6, "m"], [1e3, "k"]]) {
    if (Math.abs(x) >= unit) return shortNumber(x / unit) + letter;
  }
  return shortNumber(x);
}

const STYLES = {
  money: [money, shortMoney],
  percent: [percent, (x) => shortNumber(100 * x) + SPACE + "%"],
  points: [percentagePoints, (x) => shortNumber(100 * x, "+") + SPACE + "pp"],
  ratio: [ratio, (x) => shortNumber(x)],
  count: [count, shortMoney],
  seconds: [(x) => shortNumber(x) + " s", (x) => shortNumber(x) + " s"],
};

function writeFigure(x, style) {
  return x == null || Number.isNaN(x) ? DASH : STYLES[style][0](x);
}

function writeTick(x, style) {
  return STYLES[style][1](x);
}
