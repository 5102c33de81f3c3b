// The filters at the side, and the chips that say which are set.
"use strict";
(() => {
  const { make, state } = dataforge;
  const side = document.getElementById("side");
  const boxes = []; // [checkbox, set, number]
  const inputs = {};
  const MANY = 12;

  function toggle(list, number) {
    const next = new Set(state[list]);
    if (!next.delete(number)) next.add(number);
    dataforge.set({ [list]: next });
  }

  function choice(list, number, label, count, mark) {
    const box = make("input", { type: "checkbox", onchange: () => toggle(list, number) });
    boxes.push([box, list, number]);
    return make("label", { class: "choice" }, box, mark,
      make("span", { class: "name", dir: "auto", title: dataforge.text(label) }, dataforge.text(label)),
      make("span", { class: "number" }, count.toLocaleString("en")));
  }

  function group(title, entries, { searched = false } = {}) {
    if (!entries.length) return null;
    const list = make("div", { class: "choices" }, ...entries);
    const parts = [make("legend", {}, title), list];
    if (searched && entries.length > MANY) {
      list.classList.add("long");
      parts.splice(1, 0, make("input", {
        type: "search", class: "find", placeholder: `Find among ${entries.length}`,
        "aria-label": `Find among ${title.toLowerCase()}`,
        oninput: (event) => {
          const text = event.target.value.toLowerCase();
          for (const entry of entries) {
            entry.hidden = !entry.querySelector(".name").textContent.toLowerCase().includes(text);
          }
        },
      }));
    }
    return make("fieldset", {}, ...parts);
  }

  function range(title, low, high, unit, most) {
    const input = (key, label) => {
      inputs[key] = make("input", {
        type: "number", min: 0, inputMode: "numeric", "aria-label": `${title}: ${label}`,
        placeholder: label === "at least" ? "0" : String(most),
        oninput: (event) => dataforge.set({ [key]: event.target.value.replace(/\D/g, "") }),
      });
      return inputs[key];
    };
    return make("fieldset", { class: "range" }, make("legend", {}, title),
      make("div", { class: "pair" }, input(low, "at least"), make("span", { "aria-hidden": "true" }, "–"),
        input(high, "at most"), make("span", { class: "unit" }, unit)));
  }

  function swatch(colour) {
    const made = make("span", { class: "swatch", "aria-hidden": "true" });
    made.style.background = colour;
    return made;
  }
  dataforge.swatch = swatch;

  dataforge.buildFilters = () => {
    const images = new Map();
    const splits = new Map();
    const codes = new Map();
    const sizes = [0, 0, 0];
    const add = (counts, key) => counts.set(key, (counts.get(key) || 0) + 1);
    let most = 0;
    let longest = 0;
    for (const row of dataforge.rows) {
      for (const number of row.counts.keys()) add(images, number);
      for (const number of row.splits) add(splits, number);
      for (const number of row.codes) add(codes, number);
      for (const size of [0, 1, 2]) sizes[size] += row.has(size) ? 1 : 0;
      most = Math.max(most, row.objects);
      longest = Math.max(longest, row.width, row.height);
    }
    const option = (key, label) => {
      inputs[key] = make("input", { type: "checkbox", onchange: (event) => dataforge.set({ [key]: event.target.checked }) });
      return make("label", { class: "choice" }, inputs[key], make("span", { class: "name" }, label));
    };
    const found = dataforge.codes.map((code, number) => [code, number])
      .filter(([, number]) => codes.has(number))
      .sort(([one], [other]) => one.severity - other.severity || other.count - one.count);
    const severities = ["error", "warning", "note"];
    side.append(...[
      dataforge.comparing ? make("fieldset", {}, make("legend", {}, "Comparison"),
        option("differing", "Only where objects differ")) : null,
      group("Splits", dataforge.splits.map((name, at) => choice("splits", at, name, splits.get(at) || 0))),
      group("Classes", dataforge.classes.map((name, at) =>
        choice("classes", at, name, images.get(at) || 0, swatch(dataforge.colour(at)))), { searched: true }),
      dataforge.classes.length > 1 ? make("div", { class: "under" }, option("all", "All of them in an image")) : null,
      group("Findings", found.map(([code, number]) => choice("codes", number, code.name, codes.get(number),
        make("span", { class: `dot ${severities[code.severity]}`, title: severities[code.severity] })))),
      group("Object size", ["small", "medium", "large"].map((name, at) =>
        choice("sizes", at, `${name} ${["< 32²", "", "≥ 96²"][at]}`.trim(), sizes[at]))),
      range("Objects in an image", "least", "most", "", most),
      make("div", { class: "under" }, option("none", "Only without objects")),
      range("Longest side", "shortest", "longest", "px", longest),
    ].filter(Boolean));
    inputs.search = document.getElementById("search");
    inputs.search.addEventListener("input", () => dataforge.set({ q: inputs.search.value }));
  };

  dataforge.showFilters = (count) => {
    for (const [box, list, number] of boxes) box.checked = state[list].has(number);
    for (const key of ["least", "most", "shortest", "longest"]) {
      if (inputs[key].value !== state[key]) inputs[key].value = state[key];
    }
    if (inputs.search.value !== state.q) inputs.search.value = state.q;
    inputs.none.checked = state.none;
    if (inputs.all) inputs.all.checked = state.all;
    if (inputs.differing) inputs.differing.checked = state.differing;
    const total = dataforge.rows.length;
    document.getElementById("status").textContent = count === total
      ? dataforge.plural(total, "image")
      : `${count.toLocaleString("en")} of ${dataforge.plural(total, "image")}`;
    showChips();
  };

  function showChips() {
    const chips = [];
    const chip = (label, off) => chips.push(make("button", {
      type: "button", class: "chip", "aria-label": `Remove the filter ${dataforge.text(label)}`, onclick: off,
    }, make("bdi", {}, dataforge.short(label, 40)), dataforge.icon("M4.5 4.5l7 7m0-7l-7 7")));
    const names = {
      splits: dataforge.splits, classes: dataforge.classes,
      codes: dataforge.codes.map((one) => one.name), sizes: ["small", "medium", "large"],
      sides: dataforge.parts.sides.labels, ratios: dataforge.parts.ratios.labels, cells: dataforge.parts.cells.labels,
    };
    for (const list of Object.keys(names)) {
      for (const number of state[list]) chip(names[list][number], () => toggle(list, number));
    }
    if (state.q) chip(`“${state.q}”`, () => dataforge.set({ q: "" }));
    if (state.least || state.most) {
      chip(state.least === state.most ? dataforge.plural(+state.most, "object") : `${state.least || 0}–${state.most || "∞"} objects`, () => dataforge.set({ least: "", most: "" }));
    }
    if (state.shortest || state.longest) {
      chip(`${state.shortest || 0}–${state.longest || "∞"} px`, () => dataforge.set({ shortest: "", longest: "" }));
    }
    if (state.pixels) chip(`${state.pixels.replace("x", " × ")} px`, () => dataforge.set({ pixels: "" }));
    if (state.all && state.classes.size > 1) chip("all of these classes", () => dataforge.set({ all: false }));
    if (state.differing) chip("differing", () => dataforge.set({ differing: false }));
    if (state.none) chip("without objects", () => dataforge.set({ none: false }));
    if (chips.length) {
      chips.push(make("button", { type: "button", class: "clear", onclick: dataforge.clear }, "Clear"));
    }
    document.getElementById("chips").replaceChildren(...chips);
  }
})();
