// Thumbnails in rows of one height; only those in sight are in the page.
"use strict";
(() => {
  const { make, state } = dataforge;
  const GAP = 6;
  const CAPTION = 19;
  const SEVERITY = ["error", "warning", "note", "none"];
  const home = document.getElementById("images");
  let content;
  let rows = [];
  let lines = []; // {top, height, start, end} of each line of thumbnails
  let tiles = new Map(); // number of a row -> its element
  let current = 0;

  const aspect = (row) =>
    Math.min(3.2, Math.max(0.42, row.width / Math.max(row.height, 1) || 1));
  const share = (row) => row.parts.length * aspect(row);

  function layOut() {
    const width = Math.max(content.clientWidth - 2 * GAP, 60);
    lines = [];
    let top = GAP;
    for (let start = 0; start < rows.length;) {
      let sum = 0;
      let end = start;
      while (end < rows.length && sum * state.tile + (end - start) * GAP < width) sum += share(rows[end++]);
      let height = (width - (end - start - 1) * GAP) / sum;
      if (end === rows.length) height = Math.min(height, state.tile);
      height = Math.min(height, 256);
      lines.push({ top, height, start, end });
      top += height + CAPTION + GAP;
      start = end;
    }
    content.style.height = `${top}px`;
  }

  function visible() {
    const from = home.scrollTop - home.clientHeight / 2;
    const to = home.scrollTop + 1.5 * home.clientHeight;
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lines[middle].top + lines[middle].height + CAPTION < from) low = middle + 1;
      else high = middle;
    }
    const found = [];
    for (let at = low; at < lines.length && lines[at].top < to; at++) found.push(lines[at]);
    return found;
  }

  function refresh() {
    const wanted = new Set();
    for (const line of visible()) {
      let left = GAP;
      for (let at = line.start; at < line.end; at++) {
        wanted.add(at);
        const width = share(rows[at]) * line.height;
        if (!tiles.has(at)) {
          const tile = tileOf(at, left, line.top, width, line.height);
          tiles.set(at, tile);
          content.append(tile);
        }
        left += width + GAP;
      }
    }
    for (const [at, tile] of tiles) {
      if (!wanted.has(at) && tile !== document.activeElement?.closest(".tile")) {
        tile.remove();
        tiles.delete(at);
      }
    }
  }

  function tileOf(at, left, top, width, height) {
    const row = rows[at];
    const severity = row.severity;
    const codes = row.codes.map((code) => dataforge.codes[code].name);
    const about = [
      dataforge.text(row.name), dataforge.plural(row.objects, "object"),
      codes.length ? `findings: ${codes.join(", ")}` : null,
      row.parts.length < dataforge.sides.length ? "only in one of the datasets" : null,
      dataforge.comparing && row.differing ? `${row.differing} objects differ` : null,
    ].filter(Boolean).join(", ");
    const picture = make("button", {
      class: "picture", type: "button", "aria-label": about, title: about,
      tabIndex: at === current ? 0 : -1,
      onclick: () => { focus(at); dataforge.open(row); },
      onfocus: () => { current = at; },
    });
    for (const [side, image] of row.parts) picture.append(pane(side, image, width / row.parts.length, height));
    const name = make("span", { class: "name", dir: "auto" }, dataforge.short(row.name.split("/").pop(), 90));
    const marks = [make("span", { class: "number" }, String(row.objects))];
    if (severity < 3) marks.unshift(make("span", { class: `dot ${SEVERITY[severity]}` }));
    if (row.differing) marks.unshift(make("span", { class: "differs" }, `±${row.differing}`));
    const tile = make("div", {
      class: "tile", role: "listitem", "aria-setsize": rows.length, "aria-posinset": at + 1,
    }, picture, make("div", { class: "caption", "aria-hidden": "true" }, name, ...marks));
    Object.assign(tile.style, { left: `${left}px`, top: `${top}px`, width: `${width}px` });
    return tile;
  }

  function pane(side, image, width, height) {
    const source = side.thumbnail(image);
    const canvas = make("canvas", { "aria-hidden": "true" });
    const box = make("span", { class: "pane" }, source
      ? make("img", { src: source, alt: "", draggable: false })
      : make("span", { class: "missing" }, "no picture"), canvas);
    Object.assign(box.style, { width: `${width}px`, height: `${height}px` });
    if (state.draw) drawOn(canvas, side, image, width, height);
    return box;
  }

  async function drawOn(canvas, side, image, width, height) {
    let details;
    try {
      details = await side.details(image);
    } catch {
      return; // the file of its objects is gone
    }
    if (!canvas.isConnected) return;
    const ratio = dataforge.fit(canvas, width, height);
    const [w, h] = [Math.max(side.width[image], 1), Math.max(side.height[image], 1)];
    const scale = Math.min(width / w, height / h) * ratio;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, (width * ratio - w * scale) / 2, (height * ratio - h * scale) / 2);
    const chosen = state.classes;
    for (const object of details.all) {
      const number = side.toClass[object[0]];
      if (!side.shows(object)) continue;
      const dim = chosen.size > 0 && !chosen.has(number);
      dataforge.paint(context, object, dataforge.colour(number), { scale, fine: true, dim, skeleton: side.skeleton(object) });
    }
  }

  // Move the focus to a thumbnail, and scroll it into sight.
  function focus(at) {
    if (!rows.length) return;
    current = Math.min(Math.max(at, 0), rows.length - 1);
    const line = lines.find((one) => current < one.end);
    if (line.top - GAP < home.scrollTop) home.scrollTop = line.top - GAP;
    const bottom = line.top + line.height + CAPTION + GAP;
    if (bottom > home.scrollTop + home.clientHeight) home.scrollTop = bottom - home.clientHeight;
    refresh();
    for (const [number, tile] of tiles) tile.firstChild.tabIndex = number === current ? 0 : -1;
    tiles.get(current)?.firstChild.focus({ preventScroll: true });
  }

  function above(at, step) {
    const number = lines.findIndex((line) => at < line.end);
    const line = lines[number];
    const next = lines[number + step];
    if (!next) return at;
    const part = (at - line.start + 0.5) / (line.end - line.start);
    return next.start + Math.floor(part * (next.end - next.start));
  }

  home.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(home.clientHeight / (state.tile + CAPTION)));
    const moves = {
      ArrowLeft: () => current - 1, ArrowRight: () => current + 1, Home: () => 0,
      ArrowUp: () => above(current, -1), ArrowDown: () => above(current, 1), End: () => rows.length - 1,
      PageDown: () => above(current, page) , PageUp: () => above(current, -page),
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    focus(moves[event.key]());
  });

  let asked = false;
  home.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; refresh(); });
  }, { passive: true });

  function redraw() {
    tiles.forEach((tile) => tile.remove());
    tiles = new Map();
    layOut();
    refresh();
  }

  dataforge.grid = {
    get rows() { return rows; },
    focus,
    focusRow: (row) => focus(Math.max(rows.indexOf(row), 0)),
    show(found, { top = true } = {}) {
      if (!content) {
        content = make("div", { class: "tiles", role: "list", "aria-label": "Images" });
        home.append(content);
        let width = home.clientWidth;
        new ResizeObserver(() => {
          if (home.clientWidth !== width) { width = home.clientWidth; redraw(); } else refresh();
        }).observe(home);
      }
      rows = found;
      if (top) { current = 0; home.scrollTop = 0; }
      redraw();
      home.classList.toggle("empty", !rows.length);
    },
  };
})();
