// Texts and elements. All data reach a page through these: by textContent, never as markup.
"use strict";
const dataforge = {};

(() => {
  // Text as it is shown: controls and marks that change the direction of writing are made visible.
  const ODD = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
  dataforge.text = (value) => {
    const code = (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
    const shown = String(value).replace(ODD, code);
    return shown.length > 500 ? `${shown.slice(0, 380)} … ${shown.slice(-100)}` : shown;
  };
  dataforge.short = (value, most) => {
    const shown = dataforge.text(value);
    return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
  };
  dataforge.plural = (number, noun) => {
    const ending = /[sx]$/.test(noun) ? "es" : "s";
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : ending}`;
  };

  // An element with attributes, properties and children; texts are texts.
  dataforge.make = (name, given = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "class") made.className = value;
      else if (key in made && key !== "role") made[key] = value;
      else if (value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return made;
  };

  // What is wider than a narrow screen scrolls on its own, with the keyboard, too.
  dataforge.scrolled = (label, ...children) =>
    dataforge.make("div", { class: "scrolled", role: "region", tabIndex: 0, "aria-label": label }, ...children);

  // Drawn in place of an icon font: strokes only.
  dataforge.icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  };
})();
