// The tip beside a chart's point, and the line that is read aloud: at most one in 200 ms.

const tip = document.getElementById("tip"), spoken = document.getElementById("said");
let speaking = 0, closing = 0;

function say(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { spoken.textContent = text; }, 200);
}

function hideTip() {
  clearTimeout(closing);
  tip.hidden = true;
}

// Beside the point at x, y of the window, never over it, and inside the window.
function showTip(content, x, y) {
  clearTimeout(closing);
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect(), right = x + 14 + width <= innerWidth - 8 || x < width + 22;
  tip.style.left = `${Math.max(4, right ? Math.min(x + 14, innerWidth - width - 4) : x - 14 - width)}px`;
  tip.style.top = `${Math.max(4, Math.min(y - height / 2, innerHeight - height - 4))}px`;
}

// What leaves a chart may be on its way to the tip, which stays while the pointer is on it.
function leaveTip(after) {
  clearTimeout(closing);
  closing = setTimeout(() => { if (!tip.matches(":hover")) { hideTip(); after?.(); } }, 150);
}

tip.addEventListener("pointerleave", () => leaveTip(() => document.dispatchEvent(new Event("tipclosed"))));

function lineTip(title, lines) {
  return [element("b", "", title), ...lines.map(([label, text, place]) => {
    const row = element("p");
    row.append(swatch(place), shortLabel(label), element("b", "", text));
    return row;
  })];
}

// Bars, bins, points and cells that Python drew: a tip for the nearest, by pointer and by arrows.
function enhanceMarks(box) {
  const marks = [...box.querySelectorAll("[data-say]")], stop = box.tagName === "TABLE" ? box.closest(".wide") ?? box : box;
  if (!marks.length) return;
  const columns = box.tagName === "TABLE" ? box.tBodies[0].rows[0].querySelectorAll("[data-say]").length : 1;
  let at = -1;
  const show = (which, aloud) => {
    marks[at]?.classList.remove("on");
    at = which;
    if (at < 0) return hideTip();
    const { left, top, width, height } = marks[at].getBoundingClientRect();
    marks[at].classList.add("on");
    if (aloud) marks[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    showTip([element("span", "", marks[at].dataset.say)], left + width / 2, top + height / 2);
    if (aloud) say(marks[at].dataset.say);
  };
  stop.tabIndex = 0;
  if (!stop.hasAttribute("role")) stop.setAttribute("role", "group");
  if (!stop.hasAttribute("aria-labelledby")) stop.setAttribute("aria-labelledby", `${box.id}-title`);
  box.addEventListener("pointermove", (event) => {
    let best = -1, near = 40 ** 2;
    marks.forEach((mark, which) => {
      const { left, top, width, height } = mark.getBoundingClientRect();
      const x = Math.max(left - event.clientX, 0, event.clientX - left - width), y = Math.max(top - event.clientY, 0, event.clientY - top - height);
      if (x * x + y * y < near) [best, near] = [which, x * x + y * y];
    });
    if (best !== at) show(best);
  });
  box.addEventListener("pointerleave", () => leaveTip(() => show(-1)));
  stop.addEventListener("blur", () => show(-1));
  stop.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const to = event.key === "Home" ? 0 : event.key === "End" ? marks.length - 1 : at + step;
    if (event.key === "Escape") show(-1);
    else if (step || event.key === "Home" || event.key === "End") { event.preventDefault(); show(Math.max(0, Math.min(marks.length - 1, to)), true); }
  });
}
