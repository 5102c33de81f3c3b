// Charts of a dataset. Each bar is a button that shows the images that it counts.
//
// Images are counted here, from the index; what is known of objects is the JSON of `dataforge
// stats`, which is loaded when the overview is opened. The arrows move between the bars of a chart.
"use strict";
(() => {
  const { make } = dataforge;
  const number = (value) => value.toLocaleString("en");
  const short = (value) => (Math.abs(value) < 9.95 ? +value.toFixed(1) : number(Math.round(value)));
  const percent = (part, whole) => {
    const share = whole ? (100 * part) / whole : 0;
    return `${share > 0 && share < 1 ? "<1" : Math.round(share)}%`;
  };
  const MOST_BARS = 40;
  const MOST_SIZES = 10;
  const MOST_TOGETHER = 12;
  const CELLS = 16;

  // A chart with a heading, what it says in words, and a line that reads out the bar in focus.
  function figure(title, said, ...content) {
    const readout = make("output", { class: "readout", "aria-hidden": "true" });
    const read = (event) => {
      readout.textContent = event.target.closest("button")?.dataset.said || "";
    };
    const made = make("figure", { class: "chart" },
      make("figcaption", {}, make("h3", {}, title), said ? make("p", { class: "quiet" }, said) : null), ...content, readout);
    for (const kind of ["pointerover", "focusin"]) made.addEventListener(kind, read);
    for (const kind of ["pointerleave", "focusout"]) made.addEventListener(kind, () => { readout.textContent = ""; });
    return made;
  }

  // One of a chart's buttons; `text` is what it stands for and counts, "3 objects: 7 images".
  function part(text, count, filters) {
    return make("button", {
      type: "button", tabIndex: -1, "aria-label": count ? `${text}; show them` : text, "data-said": text,
      "aria-disabled": count ? null : "true", onclick: () => count && dataforge.showOnly(filters),
    });
  }

  // Buttons of which one is reached with Tab, and the others from there with the arrows.
  function reached(home, title, wide = 1) {
    const all = () => [...home.querySelectorAll("button")];
    const first = all()[0];
    if (first) first.tabIndex = 0;
    home.setAttribute("role", "group");
    home.setAttribute("aria-label", title);
    home.addEventListener("focusin", ({ target }) => {
      for (const one of all()) one.tabIndex = one === target ? 0 : -1;
    });
    home.addEventListener("keydown", (event) => {
      const at = all().indexOf(event.target);
      const to = {
        ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + wide, ArrowUp: at - wide,
        Home: 0, End: all().length - 1,
      }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      all()[Math.min(Math.max(to, 0), all().length - 1)].focus();
    });
    return home;
  }

  // The least of 1, 2 and 5 times a power of ten that is not below a number.
  function round(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
    return [1, 2, 5, 10].map((step) => step * power).find((one) => one >= value);
  }

  // Upright bars; `ticks` are [place from 0 to 1, text].
  function columns(title, said, bars, ticks, below) {
    const top = round(Math.max(...bars.map((bar) => bar.count), 1));
    const plot = make("div", { class: "columns" }, ...bars.map((bar) => {
      if (!bar.count) return make("span");
      const made = part(bar.text, bar.count, bar.filters);
      const fill = make("span", { class: "fill" });
      fill.style.height = `${(100 * bar.count) / top}%`;
      made.append(fill);
      return made;
    }));
    const scale = make("div", { class: "scale", "aria-hidden": "true" },
      ...(top > 1 ? [1, 0.5, 0] : [1, 0]).map((at) => make("span", {}, short(at * top))));
    const line = make("div", { class: "ticks", "aria-hidden": "true" }, ...ticks.map(([at, text]) => {
      const tick = make("span", {}, text);
      tick.style.left = `${100 * at}%`;
      if (at > 0.97) tick.classList.add("last");
      return tick;
    }));
    return figure(title, said, make("div", { class: "plot" }, scale, reached(plot, title), line),
      below ? make("p", { class: "below quiet" }, below) : null);
  }

  // Lying bars with their names.
  function lines(title, said, bars, more) {
    const most = Math.max(...bars.map((bar) => bar.count), 1);
    const list = make("div", { class: "lines" }, ...bars.map((bar) => {
      const made = part(bar.text, bar.count, bar.filters);
      const fill = make("span", { class: "fill" });
      fill.style.width = `${(100 * bar.count) / most}%`;
      made.append(make("span", { class: "name" }, bar.name), make("span", { class: "track" }, fill),
        make("span", { class: "number" }, number(bar.count)));
      return made;
    }));
    return figure(title, said, reached(list, title), more ? make("p", { class: "below quiet" }, more) : null);
  }

  function perImage(side) {
    const most = side.objects.reduce((one, other) => Math.max(one, other), 0);
    const wide = Math.max(1, Math.ceil((most + 1) / MOST_BARS));
    const counts = Array.from({ length: Math.floor(most / wide) + 1 }, () => 0);
    for (const objects of side.objects) counts[Math.floor(objects / wide)] += 1;
    const bars = counts.map((count, at) => {
      const [low, high] = [at * wide, at * wide + wide - 1];
      const what = wide > 1 ? `${low}–${high} objects` : dataforge.plural(low, "object");
      return { count, text: `${what}: ${dataforge.plural(count, "image")}`, filters: { least: String(low), most: String(high) } };
    });
    const step = Math.max(1, Math.ceil(counts.length / 8));
    const ticks = counts.map((_, at) => [(at + 0.5) / counts.length, short(at * wide)]).filter((_, at) => at % step === 0);
    const made = columns("Objects in an image", `No image has more than ${number(most)}.`, bars, ticks);
    made.loaded = (stats) => {
      const median = short(stats.objects_per_image.median);
      made.querySelector("figcaption p").textContent = `Half of the images have ${median} or fewer, none more than ${number(most)}.`;
    };
    return made;
  }

  function imageSizes(side) {
    const counts = new Map();
    side.width.forEach((width, at) => {
      const name = `${width}x${side.height[at]}`;
      counts.set(name, (counts.get(name) || 0) + 1);
    });
    const sorted = [...counts].sort(([, one], [, other]) => other - one);
    const left = sorted.slice(MOST_SIZES);
    const bars = sorted.slice(0, MOST_SIZES).map(([name, count]) => {
      const shown = name.replace("x", " × ");
      return { name: shown, count, text: `${shown} px: ${dataforge.plural(count, "image")}`, filters: { pixels: name } };
    });
    const others = left.reduce((sum, [, count]) => sum + count, 0);
    const made = [lines("Image sizes", counts.size > 1 ? `${number(counts.size)} sizes, in pixels.` : "All images have the same size.", bars,
      left.length ? `and ${dataforge.plural(left.length, "other size")}, of ${dataforge.plural(others, "image")}` : "")];
    if (left.length) made.push(longest(side));
    return made;
  }

  // The longest sides of images, where there are too many sizes to list.
  function longest(side) {
    const sides = side.width.map((width, at) => Math.max(width, side.height[at]));
    const low = sides.reduce((one, other) => Math.min(one, other), Infinity);
    const high = sides.reduce((one, other) => Math.max(one, other), 0);
    const wide = round(Math.max(1, (high - low) / 24));
    const start = Math.floor(low / wide);
    const counts = Array.from({ length: Math.floor(high / wide) - start + 1 }, () => 0);
    for (const one of sides) counts[Math.floor(one / wide) - start] += 1;
    const bars = counts.map((count, at) => {
      const [from, to] = [(start + at) * wide, (start + at + 1) * wide - 1];
      const what = wide > 1 ? `${from}–${to} px` : `${from} px`;
      return { count, text: `longest side of ${what}: ${dataforge.plural(count, "image")}`, filters: { shortest: String(from), longest: String(to) } };
    });
    const step = Math.max(1, Math.ceil(counts.length / 6));
    const ticks = counts.map((_, at) => [at / counts.length, number((start + at) * wide)]).filter((_, at) => at % step === 0);
    return columns("Longest sides of images", "In pixels.", bars, ticks);
  }

  // A histogram of objects whose parts are octaves, or parts of them.
  function octaves(title, said, histogram, list, ticks, below) {
    const { labels } = dataforge.parts[list];
    const bars = histogram.counts.map((count, at) => ({
      count, text: `${labels[at]}: ${number(count)}`, filters: { [list]: new Set([at]) },
    }));
    const logs = histogram.edges.map(Math.log2);
    const [low, high] = [logs[0], logs.at(-1)];
    return columns(title, said, bars, ticks.map(([value, text]) => [(Math.log2(value) - low) / (high - low), text]), below);
  }

  function objectSizes(side, stats) {
    const ticks = [1, 4, 16, 32, 96, 256, 1024, 4096].map((value) => [value, number(value)]);
    const { quarter, three_quarters: three, median } = stats.side;
    const made = octaves("Object sizes", `Square root of the area, in pixels: half of the objects have ${short(quarter)} to ${short(three)}, around ${short(median)}.`,
      stats.sides, "sides", ticks);
    const bands = make("div", { class: "bands" }, ...["small", "medium", "large"].map((name, at) => {
      const count = stats[name];
      const range = ["below 32²", "32² to 96²", "from 96²"][at];
      const band = part(`${name}, ${range} px²: ${dataforge.plural(count, "object")}`, count, { sizes: new Set([at]) });
      band.append(make("b", {}, name), ` ${percent(count, stats.objects)}`);
      return band;
    }));
    made.querySelector("figcaption").after(reached(bands, "Small, medium and large objects"));
    return made;
  }

  function shapes(side, stats) {
    const ticks = [[1 / 16, "1:16"], [1 / 4, "1:4"], [1 / 2, "1:2"], [1, "1:1"], [2, "2:1"], [4, "4:1"], [16, "16:1"]];
    const { quarter, three_quarters: three } = stats.aspect_ratio;
    return octaves("Shapes of boxes", `Width to height: half of the boxes have ${quarter.toFixed(2)} to ${three.toFixed(2)}.`,
      stats.aspect_ratios, "ratios", ticks, "upright on the left, lying on the right");
  }

  function positions(side, stats) {
    const step = stats.positions.length / CELLS;
    const counts = Array.from({ length: CELLS * CELLS }, () => 0);
    stats.positions.forEach((row, y) => row.forEach((count, x) => {
      counts[Math.floor(y / step) * CELLS + Math.floor(x / step)] += count;
    }));
    const most = counts.reduce((one, other) => Math.max(one, other), 0);
    const { labels } = dataforge.parts.cells;
    const map = make("div", { class: "heat" }, ...counts.map((count, at) => {
      const cell = (at % CELLS) * CELLS + Math.floor(at / CELLS);
      const made = part(`${labels[cell]}: ${dataforge.plural(count, "object")}`, count, { cells: new Set([cell]) });
      if (count) made.style.setProperty("--share", `${Math.round(12 + (88 * count) / most)}%`);
      return made;
    }));
    const [width, height] = [stats.image_width.median || 4, stats.image_height.median || 3];
    map.style.aspectRatio = String(Math.min(2.2, Math.max(0.6, width / height)));
    const legend = make("div", { class: "legend quiet", "aria-hidden": "true" }, "0", make("span", { class: "ramp" }), `${number(most)} objects`);
    return figure("Positions", "Centres of boxes in their images.", reached(map, "Positions", CELLS), legend);
  }

  // Classes that occur in the same images; on the diagonal, the images that have a class.
  function together(side) {
    const having = side.classes.map(() => 0);
    const own = (at) => side.counts[at].filter((_, i) => i % 2 === 0);
    side.counts.forEach((_, at) => own(at).forEach((one) => { having[one] += 1; }));
    const chosen = having.map((count, at) => [count, at]).filter(([count]) => count)
      .sort(([one], [other]) => other - one).slice(0, MOST_TOGETHER).map(([, at]) => at);
    if (chosen.length < 2) return null;
    const place = new Map(chosen.map((one, at) => [one, at]));
    const common = chosen.map(() => chosen.map(() => 0));
    side.counts.forEach((_, at) => {
      const found = own(at).filter((one) => place.has(one)).map((one) => place.get(one));
      for (const one of found) for (const other of found) common[one][other] += 1;
    });
    const most = Math.max(...common.flat());
    const name = (at) => dataforge.short(side.classes[chosen[at]], 60);
    const cell = (row, column) => {
      const count = common[row][column];
      const what = row === column ? name(row) : `${name(row)} with ${name(column)}`;
      const made = part(`${what}: ${dataforge.plural(count, "image")}`, count, {
        classes: new Set([chosen[row], chosen[column]].map((one) => side.toClass[one])), all: row !== column,
      });
      made.append(count ? number(count) : "·");
      if (count) made.style.setProperty("--share", `${Math.round(6 + (40 * count) / most)}%`);
      return make("td", {}, made);
    };
    const table = make("table", { class: "together" },
      make("thead", {}, make("tr", {}, make("td"), ...chosen.map((_, at) => make("th", { scope: "col", title: name(at) }, make("bdi", {}, dataforge.short(name(at), 18)))))),
      make("tbody", {}, ...chosen.map((_, row) => make("tr", {},
        make("th", { scope: "row", title: name(row) }, make("bdi", {}, dataforge.short(name(row), 18))), ...chosen.map((_, column) => cell(row, column))))));
    const left = having.filter(Boolean).length - chosen.length;
    return figure("Classes in the same image", "Images that have both classes; on the diagonal, those that have one.",
      dataforge.scrolled("Classes in the same image, a table", reached(table, "Classes in the same image", chosen.length)),
      left > 0 ? make("p", { class: "below quiet" }, `${dataforge.plural(left, "rarer class")} left out`) : null);
  }

  // The numbers that an advice rests on, nested ones after a point.
  function evidence(held, before = "") {
    return Object.entries(held).flatMap(([key, value]) => (value && typeof value === "object" && !Array.isArray(value)
      ? evidence(value, `${before}${key}.`)
      : [make("dt", {}, dataforge.short(before + key, 60)), make("dd", {}, dataforge.short(JSON.stringify(value), 60))]));
  }

  function advice(side, stats) {
    const items = stats.advice.map((one) => {
      const rare = one.topic === "rare-classes" ? Object.keys(one.evidence.images).slice(0, 20) : [];
      const buttons = rare.map((name) => [name, side.classes.indexOf(name)]).filter(([, at]) => at >= 0).map(([name, at]) =>
        make("button", { type: "button", class: "chip", dir: "auto", onclick: () => dataforge.showOnly({ classes: new Set([side.toClass[at]]) }) }, dataforge.short(name, 40)));
      return make("li", {}, make("p", { dir: "auto" }, dataforge.text(one.text)),
        buttons.length ? make("div", { class: "rare" }, ...buttons) : null,
        make("details", {}, make("summary", {}, "the numbers"), make("dl", {}, ...evidence(one.evidence))));
    });
    return make("section", { class: "advice" }, make("h3", {}, "Advice"),
      items.length ? make("ul", {}, ...items) : make("p", { class: "quiet" }, "None: sizes, shapes and classes are what detectors are made for."));
  }

  // The charts of a dataset; those of objects appear when their numbers are loaded.
  dataforge.charts = (side, at) => {
    const home = make("section", { class: "charts", "aria-label": "Charts" });
    if (dataforge.comparing) home.append(make("h2", {}, make("bdi", {}, dataforge.text(side.title))));
    const grid = make("div", { class: "figures" });
    home.append(grid);
    const ofImages = [perImage(side), ...imageSizes(side)];
    grid.append(...ofImages);
    dataforge.load(`${"ab"[at]}-stats`).then((stats) => {
      home.prepend(advice(side, stats));
      ofImages[0].loaded(stats);
      if (stats.objects) {
        ofImages[0].after(objectSizes(side, stats), shapes(side, stats), positions(side, stats));
        grid.append(together(side) || "");
      }
      home.dataset.loaded = "true";
    }, (error) => home.append(make("p", { class: "quiet" }, dataforge.text(error.message))));
    return home;
  };
})();
