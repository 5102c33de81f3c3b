// The dialog of one image, or of two versions of it: picture, layers, findings, objects.
"use strict";
(() => {
  const { make, state } = dataforge;
  const dialog = document.getElementById("viewer");
  const SEVERITY = ["error", "warning", "note"];
  const MOST = 400; // objects in the list
  let row = null;
  let stages = [];
  let lists = []; // what is lit with each object: [stage, number, element]
  let parts = {};
  let onlyDiffering = false;

  dataforge.open = (wanted, more = {}) =>
    dataforge.set({ image: wanted.name, view: null, finding: null, ...more });
  const close = () => dataforge.set({ image: null, view: null, finding: null });

  function step(by) {
    const rows = dataforge.shown;
    const at = rows.indexOf(row);
    const next = rows[at < 0 ? 0 : at + by];
    if (next) dataforge.set({ image: next.name, view: null, finding: null });
  }

  function button(label, path, action, key) {
    const title = key ? `${label} (${key})` : label;
    return make("button", { type: "button", class: "icon", "aria-label": label, title, onclick: action }, dataforge.icon(path));
  }

  function build() {
    parts = {
      name: make("h2", { dir: "auto" }), position: make("span", { class: "position" }),
      stages: make("div", { class: "stages", tabIndex: -1 }), panel: make("div", { class: "panel", tabIndex: -1 }),
      labels: make("input", { type: "checkbox", onchange: () => dataforge.set({ labels: parts.labels.checked }) }),
    };
    dialog.append(
      make("header", { class: "bar" },
        button("Previous image", "M10 3L5 8l5 5", () => step(-1), "←"),
        button("Next image", "M6 3l5 5-5 5", () => step(1), "→"),
        parts.name, parts.position,
        make("label", { class: "check" }, parts.labels, " Labels"),
        button("Zoom out", "M3 8h10", () => stages[0].zoom(1 / 1.5), "−"),
        button("Zoom in", "M3 8h10M8 3v10", () => stages[0].zoom(1.5), "+"),
        button("Fit the window", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3", () => move([0.5, 0.5, 1]), "0"),
        button("Close", "M3.5 3.5l9 9m0-9l-9 9", close, "Esc")),
      make("div", { class: "body" }, parts.stages, parts.panel));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
      const actions = {
        ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => stages[0].zoom(1.5),
        "=": () => stages[0].zoom(1.5), "-": () => stages[0].zoom(1 / 1.5), 0: () => move([0.5, 0.5, 1]),
        l: () => dataforge.set({ labels: !state.labels }),
      };
      if (!(event.key in actions)) return;
      event.preventDefault();
      actions[event.key]();
    });
  }

  function move(view) {
    for (const stage of stages) stage.place(view);
    const whole = view[2] === 1 && view[0] === 0.5 && view[1] === 0.5;
    dataforge.set({ view: whole ? null : view }, { silent: true });
  }

  function light(stage, at) {
    for (const one of stages) one.light(one === stage ? at : -1);
    for (const [owner, number, element] of lists) {
      element.classList.toggle("lit", owner === stage && number === at && at >= 0);
    }
  }

  // What stays lit: the object of the finding that was chosen.
  function rest() {
    const [stage, number] = chosenObject();
    light(stage, number);
  }

  function chosenObject() {
    if (state.finding === null) return [null, -1];
    let number = state.finding;
    for (const stage of stages) {
      const findings = stage.details?.f || [];
      if (number < findings.length) return [stage, findings[number] ? findings[number][5] : -1];
      number -= findings.length;
    }
    return [null, -1];
  }

  function choose(number, { frame = true } = {}) {
    dataforge.set({ finding: number }, { silent: true });
    const [stage, at] = chosenObject();
    rest();
    for (const element of parts.panel.querySelectorAll(".finding")) {
      element.setAttribute("aria-pressed", String(+element.dataset.number === number));
    }
    if (stage && at >= 0 && frame) stage.frame(stage.details.o[at][1]);
  }

  async function show(wanted) {
    row = wanted;
    stages.forEach((stage) => stage.close());
    lists = [];
    const heads = dataforge.sides.map((side) => dataforge.text(side.title));
    stages = row.parts.map(([side, image]) => new dataforge.Stage(side, image, {
      moved: move,
      pointed: (stage, at) => (at < 0 ? rest() : light(stage, at)),
      chosen: (stage, at) => {
        const entry = lists.find(([owner, number]) => owner === stage && number === at);
        entry?.[2].scrollIntoView({ block: "nearest" });
      },
    }));
    parts.stages.replaceChildren(...stages.map((stage) => {
      const children = [stage.element];
      if (dataforge.comparing) {
        children.unshift(make("p", { class: "head" }, make("bdi", {}, heads[dataforge.sides.indexOf(stage.side)]),
          make("span", {}, ` ${stage.side.format}, ${dataforge.plural(stage.side.objects[stage.image], "object")}`)));
      }
      return make("div", { class: "half" }, ...children);
    }));
    parts.name.textContent = dataforge.text(row.name);
    parts.name.title = dataforge.text(row.name);
    const rows = dataforge.shown;
    const at = rows.indexOf(row);
    parts.position.textContent = at < 0 ? "" : `${(at + 1).toLocaleString("en")} / ${rows.length.toLocaleString("en")}`;
    parts.panel.replaceChildren(make("p", { class: "quiet" }, "Loading …"));
    parts.panel.scrollTop = 0;
    stages.forEach((stage) => stage.place(state.view || [0.5, 0.5, 1]));
    const details = await Promise.all(row.parts.map(([side, image]) => side.details(image).catch(() => null)));
    if (row !== wanted) return;
    stages.forEach((stage, number) => { stage.details ||= details[number]; });
    fill();
    if (state.finding !== null) choose(state.finding, { frame: !state.view });
    else rest();
  }

  function fill() {
    lists = [];
    compare();
    const sections = [about(), ...(dataforge.comparing ? [difference()] : []), findings(), layers(), predictions(), ...stages.map(keypoints), ...stages.map(objects)];
    parts.panel.replaceChildren(...sections.filter(Boolean));
    listPredictions();
    stages.forEach((stage) => stage.draw());
  }

  function section(title, ...children) {
    return make("section", {}, make("h3", {}, title), ...children);
  }

  function about() {
    const rows = [];
    const put = (name, ...value) => rows.push(make("dt", {}, name), make("dd", {}, ...value.filter(Boolean)));
    for (const { side, image, details } of stages) {
      const size = `${side.width[image]} × ${side.height[image]}`;
      const splits = side.split[image].map((one) => dataforge.text(side.splits[one])).join(", ");
      const original = side.original(image);
      const link = original ? make("a", { href: original, target: "_blank", rel: "noopener" }, "open the file") : null;
      const place = details?.p ? make("bdi", {}, dataforge.text(details.p)) : null;
      if (dataforge.comparing) {
        put(dataforge.short(side.title, 24), [size, splits].filter(Boolean).join(", "), " ", link, make("br"), place || "");
        continue;
      }
      put("Size", size);
      if (splits) put("Split", splits);
      if (place) put("Annotations", place);
      if (link) put("Image", link);
    }
    return make("section", {}, make("dl", {}, ...rows));
  }

  function severityDot(severity) {
    return make("span", { class: `dot ${SEVERITY[severity]}`, role: "img", "aria-label": SEVERITY[severity] });
  }
  dataforge.severityDot = severityDot;

  function findings() {
    const entries = [];
    let number = 0;
    for (const stage of stages) {
      for (const [code, severity, message, remedy, place, at] of stage.details?.f || []) {
        const own = number++;
        const entry = make("button", {
          type: "button", class: "finding", "aria-pressed": String(own === state.finding),
          onclick: () => choose(own === state.finding ? null : own),
          onpointerenter: () => light(stage, at), onpointerleave: rest,
          onfocus: () => light(stage, at), onblur: rest,
        }, severityDot(severity),
        make("span", {}, make("strong", {}, stage.side.codes[code].name), " ",
          make("span", { dir: "auto" }, dataforge.text(message)),
          remedy ? make("em", {}, dataforge.text(remedy)) : null,
          make("code", {}, dataforge.short(place, 120))));
        entry.dataset.number = own;
        entries.push(entry);
        if (at >= 0) lists.push([stage, at, entry]);
      }
    }
    const title = `Findings ${entries.length || ""}`;
    return section(title, ...(entries.length ? entries : [make("p", { class: "quiet" }, "Nothing was found here.")]));
  }

  function layers() {
    const counts = [...row.counts].sort((one, other) => one[0] - other[0]);
    if (!counts.length) return null;
    const all = counts.every(([number]) => !state.hidden.has(number));
    const change = (numbers, visible) => {
      const hidden = new Set(state.hidden);
      numbers.forEach((number) => (visible ? hidden.delete(number) : hidden.add(number)));
      dataforge.set({ hidden });
    };
    const entries = counts.map(([number, count]) => make("label", { class: "choice" },
      make("input", {
        type: "checkbox", checked: !state.hidden.has(number),
        onchange: (event) => change([number], event.target.checked),
      }),
      dataforge.swatch(dataforge.colour(number)),
      make("span", { class: "name", dir: "auto" }, dataforge.text(dataforge.classes[number])),
      make("span", { class: "number" }, String(count))));
    const made = section("Layers", make("div", { class: "layers" }, ...entries));
    if (counts.length > 1) {
      made.firstChild.append(make("button", {
        type: "button", class: "clear", onclick: () => change(counts.map(([number]) => number), !all),
      }, all ? "Hide all" : "Show all"));
    }
    return made;
  }

  // What the keypoints of the classes in the image are called, and how they are drawn.
  function keypoints(stage) {
    const shown = (stage.details?.o || []).filter((object) => object[4]);
    const first = new Map(shown.map((object) => [object[0], object]));
    if (!first.size) return null;
    const classes = [...first.values()].map((object) => make("p", {},
      make("bdi", {}, dataforge.short(stage.side.label(object), 80)), ": ",
      make("bdi", {}, dataforge.short(stage.side.pointNames(object).slice(0, 100).join(", "), 1000) || "without names")));
    return section("Keypoints", make("p", { class: "quiet" }, "● visible  ○ hidden"), ...classes);
  }

  // The layer of what a detector found, from a score on.
  function predictions() {
    if (!dataforge.predicting) return null;
    parts.score = make("input", {
      type: "range", min: 0, max: 1, step: 0.01, value: state.score, "aria-label": "Least score of predictions",
      oninput: () => dataforge.set({ score: +parts.score.value }),
    });
    parts.least = make("output", { class: "number" });
    parts.found = make("div");
    parts.counted = make("h3");
    const box = make("input", {
      type: "checkbox", checked: state.predicted, onchange: () => dataforge.set({ predicted: box.checked }),
    });
    return make("section", { class: "predictions" }, parts.counted,
      make("label", { class: "choice" }, box, make("span", { class: "name" }, "Draw them, dashed")),
      make("label", { class: "choice" }, make("span", {}, "From a score of"), parts.score, parts.least),
      parts.found);
  }

  function listPredictions() {
    if (!dataforge.predicting || !parts.found) return;
    const stage = stages[0];
    const start = stage.details?.o.length || 0;
    const all = [...(stage.details?.all || []).entries()].slice(start).reverse();
    const shown = all.filter(([, object]) => object[5] >= state.score);
    lists = lists.filter(([, at]) => at < start);
    parts.least.textContent = state.score.toFixed(2);
    parts.counted.textContent = `Predictions ${shown.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
    parts.found.replaceChildren(...shown.slice(0, MOST).map(([at, object]) => entryOf(stage, at, object, object[5].toFixed(2))));
    if (shown.length > MOST) parts.found.append(make("p", { class: "quiet" }, `and ${shown.length - MOST} more`));
  }

  function entryOf(stage, at, object, number, flags = []) {
    const entry = make("button", {
      type: "button", class: "object", onclick: () => stage.frame(object[1]),
      onpointerenter: () => light(stage, at), onpointerleave: rest,
      onfocus: () => light(stage, at), onblur: rest,
    }, dataforge.swatch(stage.side.colour(object)),
    make("span", { class: "name", dir: "auto" }, dataforge.text(dataforge.classes[stage.side.toClass[object[0]]])),
    ...flags.filter(Boolean).map((flag) => make("span", { class: "flag" }, flag)),
    make("span", { class: "number" }, number));
    lists.push([stage, at, entry]);
    return entry;
  }

  function objects(stage) {
    const all = stage.details?.o || [];
    if (!all.length) return null;
    const entries = all.slice(0, MOST).map((object, at) => {
      const [x0, y0, x1, y1] = object[1];
      const points = (object[4] || []).filter((value, i) => i % 3 === 2 && value).length;
      const flags = [
        object[2] & 1 && "crowd", object[2] & 2 && "difficult", stage.unmatched?.has(at) && "only here",
        points && dataforge.plural(points, "keypoint"),
      ];
      return entryOf(stage, at, object, dataforge.size(x1 - x0, y1 - y0), flags);
    });
    const whose = dataforge.comparing ? ` in ${dataforge.short(stage.side.title, 30)}` : "";
    if (all.length > MOST) entries.push(make("p", { class: "quiet" }, `and ${all.length - MOST} more`));
    return section(`Objects${whose} ${all.length.toLocaleString("en")}`, ...entries);
  }

  // The objects that have no counterpart: the same label, and a box within a pixel.
  function compare() {
    const [one, other] = stages;
    if (!dataforge.comparing || !one?.details) return;
    const left = new Set(other?.details?.o.keys() || []);
    one.unmatched = new Set();
    one.details.o.forEach((object, at) => {
      const same = [...left].find((to) => {
        const candidate = other.details.o[to];
        return one.side.toClass[object[0]] === other.side.toClass[candidate[0]]
          && object[1].every((value, i) => Math.abs(value - candidate[1][i]) <= 1.01);
      });
      if (same === undefined) one.unmatched.add(at);
      else left.delete(same);
    });
    if (other) other.unmatched = left;
    const differ = stages.some((stage) => stage.unmatched.size);
    for (const stage of stages) {
      stage.only = onlyDiffering ? stage.unmatched : null;
      stage.marks = differ && other ? stage.unmatched : null;
    }
  }

  function difference() {
    const texts = stages.map((stage) =>
      `${stage.unmatched?.size || 0} only in ${dataforge.short(stage.side.title, 40)}`);
    if (stages.length < 2) texts.push("the image is not in the other dataset");
    const box = make("input", {
      type: "checkbox", checked: onlyDiffering,
      onchange: () => { onlyDiffering = box.checked; fill(); },
    });
    return section("Comparison", make("p", {}, `${texts.join(", ")}.`),
      make("label", { class: "choice" }, box, make("span", { class: "name" }, "Draw only what differs")));
  }

  dataforge.showViewer = (changes) => {
    const wanted = state.image === null ? null : dataforge.rows.find((one) => one.name === state.image) || null;
    if (!wanted) {
      if (dialog.open) {
        dialog.close();
        stages.forEach((stage) => stage.close());
        stages = [];
        const last = row;
        row = null;
        if (state.tab === "images" && last) dataforge.grid.focusRow(last);
      }
      return;
    }
    if (!parts.name) build();
    parts.labels.checked = state.labels;
    const opening = !dialog.open;
    if (opening) dialog.showModal();
    if (wanted !== row) {
      show(wanted);
      if (opening) parts.stages.focus();
    } else if (changes === null || "hidden" in changes) {
      const open = document.activeElement;
      const at = [...parts.panel.querySelectorAll("input")].indexOf(open);
      fill();
      if (at >= 0) parts.panel.querySelectorAll("input")[at]?.focus();
      if (changes === null) {
        stages.forEach((stage) => stage.place(state.view || [0.5, 0.5, 1]));
        rest();
      }
    } else {
      if ("score" in changes || "predicted" in changes) listPredictions();
      stages.forEach((stage) => stage.draw());
    }
  };
})();
