// What is shown: kept in the address, so that a link reproduces it.
"use strict";
(() => {
  const fresh = () => ({
    tab: "images", q: "", classes: new Set(), splits: new Set(), codes: new Set(),
    sizes: new Set(), least: "", most: "", shortest: "", longest: "", differing: false,
    none: false, all: false, predicted: true, score: 0.3, sides: new Set(), ratios: new Set(), cells: new Set(), pixels: "", sort: "", tile: 150, draw: true,
    image: null, view: null, hidden: new Set(), finding: null, labels: false,
  });
  const state = fresh();
  dataforge.FILTERS = [
    "classes", "splits", "codes", "sizes", "q", "least", "most", "shortest", "longest", "differing", "none",
    "all", "sides", "ratios", "cells", "pixels",
  ];
  const listeners = [];
  let written = null;
  let timer = 0;
  dataforge.state = state;
  dataforge.onChange = (listener) => listeners.push(listener);

  // Change what is shown; `silent` for what the changer shows already, such as a view being dragged.
  dataforge.set = (changes, { silent = false } = {}) => {
    // What "back" leads back from: an image, and a tab.
    const opens = ("image" in changes && (changes.image === null) !== (state.image === null))
      || ("tab" in changes && changes.tab !== state.tab);
    Object.assign(state, changes);
    clearTimeout(timer);
    if (silent) timer = setTimeout(() => write(false), 150);
    else write(opens);
    if (!silent) listeners.forEach((listener) => listener(changes));
  };

  const LISTS = {
    class: "classes", split: "splits", code: "codes", hide: "hidden", objectsize: "sizes",
    object: "sides", shape: "ratios", centre: "cells",
  };
  const SIZES = ["small", "medium", "large"];
  const names = (key) => ({
    class: dataforge.classes, hide: dataforge.classes, split: dataforge.splits,
    code: dataforge.codes.map((one) => one.name), objectsize: SIZES,
    object: dataforge.parts.sides.names, shape: dataforge.parts.ratios.names,
    centre: dataforge.parts.cells.names,
  })[key];

  function write(push) {
    const found = new URLSearchParams();
    const put = (key, value, usual = "") => value !== usual && found.append(key, value);
    put("tab", state.tab, "images");
    put("q", state.q);
    for (const [key, list] of Object.entries(LISTS)) {
      for (const number of state[list]) found.append(key, names(key)[number]);
    }
    if (state.least || state.most) found.append("objects", `${state.least}-${state.most}`);
    if (state.shortest || state.longest) found.append("side", `${state.shortest}-${state.longest}`);
    put("pixels", state.pixels);
    put("together", state.all ? "1" : "");
    put("differing", state.differing ? "1" : "");
    put("unmarked", state.none ? "1" : "");
    put("sort", state.sort);
    put("tile", state.tile, 150);
    put("draw", state.draw ? "" : "0");
    put("labels", state.labels ? "1" : "");
    put("predictions", state.predicted ? "" : "0");
    put("score", state.score, 0.3);
    if (state.image !== null) {
      found.append("image", state.image);
      if (state.finding !== null) found.append("finding", state.finding);
      if (state.view) found.append("view", state.view.map((one) => +one.toFixed(4)).join(","));
    }
    written = `#${found}`;
    if (written === (location.hash || "#")) return;
    if (push) history.pushState(null, "", written);
    else history.replaceState(null, "", written);
  }

  const range = (text) => (/^\d*-\d*$/.test(text || "") ? text.split("-") : ["", ""]);

  dataforge.read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    const next = fresh();
    next.tab = ["images", "findings", "overview"].includes(given.get("tab")) ? given.get("tab") : "images";
    next.q = given.get("q") || "";
    for (const [key, list] of Object.entries(LISTS)) {
      for (const name of given.getAll(key)) {
        const number = names(key).indexOf(name);
        if (number >= 0) next[list].add(number);
      }
    }
    [next.least, next.most] = range(given.get("objects"));
    [next.shortest, next.longest] = range(given.get("side"));
    next.pixels = /^\d+x\d+$/.test(given.get("pixels") || "") ? given.get("pixels") : "";
    next.all = given.has("together");
    next.differing = given.has("differing");
    next.none = given.has("unmarked");
    next.sort = given.get("sort") || "";
    next.tile = Math.min(256, Math.max(70, +given.get("tile") || 150));
    next.draw = given.get("draw") !== "0";
    next.labels = given.has("labels");
    next.predicted = given.get("predictions") !== "0";
    next.score = given.has("score") ? Math.min(1, Math.max(0, +given.get("score") || 0)) : 0.3;
    next.image = given.get("image");
    next.finding = given.has("finding") ? +given.get("finding") : null;
    const view = (given.get("view") || "").split(",").map(Number);
    next.view = view.length === 3 && view.every(Number.isFinite) ? view : null;
    Object.assign(state, next);
    listeners.forEach((listener) => listener(null));
  };
  const reread = () => location.hash !== written && dataforge.read();
  addEventListener("hashchange", reread);
  addEventListener("popstate", reread);

  dataforge.clear = () => {
    const found = fresh();
    dataforge.set(Object.fromEntries(dataforge.FILTERS.map((key) => [key, found[key]])));
  };

  // Show the images that alone meet some filters; "back" leads back.
  dataforge.showOnly = (filters) => {
    const found = fresh();
    const cleared = Object.fromEntries(dataforge.FILTERS.map((key) => [key, found[key]]));
    dataforge.set({ ...cleared, tab: "images", ...filters });
  };

  const meets = (wanted, found) => !wanted.size || found.some((one) => wanted.has(one));

  // The rows that the filters leave, sorted.
  dataforge.filtered = () => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const low = (text) => (text === "" ? -Infinity : +text);
    const high = (text) => (text === "" ? Infinity : +text);
    const least = low(state.least), most = high(state.most);
    const shortest = low(state.shortest), longest = high(state.longest);
    const found = dataforge.rows.filter((row) => {
      if (words.length) {
        const all = row.parts.map(([side, at]) => side.name[at].toLowerCase()).join("\n");
        if (!words.every((word) => all.includes(word))) return false;
      }
      const objects = row.objects;
      if (objects < least || objects > most) return false;
      if (state.none && objects) return false;
      if (state.differing && !row.differing && row.parts.length === dataforge.sides.length) return false;
      const side = Math.max(row.width, row.height);
      if (side < shortest || side > longest) return false;
      if (state.pixels && state.pixels !== `${row.width}x${row.height}`) return false;
      if (state.classes.size) {
        const own = row.counts;
        const has = (one) => own.has(one);
        if (!(state.all ? [...state.classes].every(has) : [...state.classes].some(has))) return false;
      }
      for (const list of ["sides", "ratios", "cells"]) {
        if (state[list].size && ![...state[list]].some((part) => row.in(list, part))) return false;
      }
      if (state.splits.size && !meets(state.splits, row.splits)) return false;
      if (state.codes.size && !meets(state.codes, row.codes)) return false;
      return !state.sizes.size || [...state.sizes].some((size) => row.has(size));
    });
    const by = {
      objects: (row) => -row.objects, findings: (row) => 10 * row.severity - row.codes.length,
      size: (row) => -row.width * row.height, wide: (row) => -row.width / Math.max(row.height, 1),
    };
    const sort = state.sort.replace("-", "");
    if (sort === "name") {
      const order = new Intl.Collator("en", { numeric: true }).compare;
      found.sort((one, other) => order(one.name, other.name));
    } else if (by[sort]) {
      const sign = state.sort.endsWith("-") ? -1 : 1;
      const keys = new Map(found.map((row) => [row, sign * by[sort](row)]));
      found.sort((one, other) => keys.get(one) - keys.get(other));
    }
    return found;
  };
})();
