// Charts as SVG: axes with a grid, lines, points.
"use strict";
(() => {
  const SPACE = "http://www.w3.org/2000/svg";

  const svg = (name, given = {}, ...children) => {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  dataforge.svg = svg;

  // A colour of a line that shows on the ground of the page, light or dark.
  dataforge.ink = (number) => `hsl(${Math.round((211 + number * 137.5) % 360)} 68% var(--ink))`;

  // Round numbers from 0 to beyond a value, five or so.
  dataforge.ticks = (most) => {
    const raw = Math.max(most, 1e-9) / 5;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 2.5, 5, 10].find((one) => one * power >= raw * 0.999);
    const found = [];
    for (let at = 0; at * step < most + step * 0.999; at++) found.push(+(at * step).toPrecision(6));
    return found;
  };

  // A chart that is drawn anew by `draw`, and when the screen becomes narrow or wide.
  const narrow = matchMedia("(max-width: 760px)");
  dataforge.drawn = (draw) => {
    const home = document.createElement("div");
    home.className = "plot";
    home.draw = () => home.replaceChildren(draw());
    narrow.addEventListener("change", home.draw);
    home.draw();
    return home;
  };

  // A chart with axes; returns {element, x, y, right, area}, which turn values to positions.
  //   across, up: values of the ticks; right: of a second axis, at the right
  dataforge.chart = ({ across, up, right = null, names, label, width = narrow.matches ? 400 : 640, height = 300 }) => {
    const [left, top, bottom] = [46, 12, 42];
    const edge = width - (right ? 46 : 12);
    const x = (value) => left + (value - across[0]) / (across.at(-1) - across[0] || 1) * (edge - left);
    const scale = (ticks) => (value) =>
      height - bottom - (value - ticks[0]) / (ticks.at(-1) - ticks[0] || 1) * (height - bottom - top);
    const y = scale(up);
    const element = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "chart" });
    const text = (at, given, value) => {
      const made = svg("text", { x: at[0], y: at[1], ...given });
      made.textContent = value;
      element.append(made);
    };
    for (const tick of up) {
      element.append(svg("path", { d: `M${left} ${y(tick)}H${edge}`, class: "grid" }));
      text([left - 7, y(tick) + 4], { "text-anchor": "end" }, String(tick));
    }
    for (const tick of across) text([x(tick), height - bottom + 17], { "text-anchor": "middle" }, tick.toLocaleString("en"));
    for (const tick of right || []) text([edge + 7, scale(right)(tick) + 4], {}, String(tick));
    text([(left + edge) / 2, height - 6], { "text-anchor": "middle", class: "name" }, names[0]);
    text([12, (height - bottom + top) / 2], { "text-anchor": "middle", class: "name", transform: `rotate(-90 12 ${(height - bottom + top) / 2})` }, names[1]);
    if (right) text([width - 8, (height - bottom + top) / 2], { "text-anchor": "middle", class: "name", transform: `rotate(90 ${width - 8} ${(height - bottom + top) / 2})` }, names[2]);
    return { element, x, y, right: right && scale(right), area: { left, edge, top, bottom: height - bottom } };
  };

  // A line through points [x, y] in positions; `colour` is any of CSS.
  dataforge.polyline = (points, colour, kind = "line") => {
    const path = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    const made = svg("path", { d: path || "M0 0", class: kind });
    made.style.stroke = colour;
    return made;
  };
})();
