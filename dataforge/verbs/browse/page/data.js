// The data of the page: an index that is loaded at once, and chunks that are loaded when needed.
//
// A page from disk may not read files, so data are scripts that call `dataforge.index` and
// `dataforge.chunk`.
"use strict";
(() => {
  const KEPT = 160; // chunks in memory
  const waiting = new Map(); // name -> {promise, resolve, reject}
  const loaded = new Map(); // name -> contents, the latest used last

  // One of two datasets; its classes, codes and splits are numbered as the page numbers them.
  class Side {
    constructor(data, page) {
      Object.assign(this, data);
      const number = (names, into) => names.map((name) => {
        if (!into.numbers.has(name)) {
          into.numbers.set(name, into.list.length);
          into.list.push(name);
        }
        return into.numbers.get(name);
      });
      this.toClass = number(data.classes, page.classes);
      this.toSplit = number(data.splits, page.splits);
      this.toCode = number(data.codes.map((one) => one.name), page.codes);
      data.codes.forEach((one, at) => {
        const known = page.about[this.toCode[at]];
        page.about[this.toCode[at]] = known ? { ...known, count: known.count + one.count } : one;
      });
      this.objects = data.counts.map((counts) => {
        let sum = 0;
        for (let at = 1; at < counts.length; at += 2) sum += counts[at];
        return sum;
      });
      const starts = data.chunks.map((one) => one[1]);
      this.chunkOf = (image) => {
        let low = 0;
        let high = starts.length - 1;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (starts[middle] <= image) low = middle;
          else high = middle - 1;
        }
        return low;
      };
    }

    // How an object is drawn, and called.
    colour(object) {
      return dataforge.colour(this.toClass[object[0]]);
    }

    label(object) {
      const name = dataforge.classes[this.toClass[object[0]]];
      return dataforge.isPredicted(object) ? `${name} ${object[5].toFixed(2)}` : name;
    }

    // The names of an object's keypoints, and the pairs of them, from 1, that are joined.
    pointNames(object) {
      return this.keypoints[object[0]]?.[0] || [];
    }

    skeleton(object) {
      return this.keypoints[object[0]]?.[1] || [];
    }

    place(image) {
      const [name, start] = this.chunks[this.chunkOf(image)];
      return `${name}/${image - start}`;
    }

    thumbnail(image) {
      return this.shown[image] ? `browse/thumbs/${this.place(image)}.jpg` : "";
    }

    original(image) {
      if (!this.images) return "";
      return this.images + this.name[image].split("/").map(encodeURIComponent).join("/");
    }

    // The best picture that there is.
    picture(image) {
      if (this.shown[image] === 2) return `browse/images/${this.place(image)}.jpg`;
      return this.original(image);
    }

    // What is drawn on an image, and the findings on it: objects, then predictions, the surest last.
    async details(image) {
      const [name, start] = this.chunks[this.chunkOf(image)];
      const details = (await load(name))[image - start];
      details.all ||= [...details.o, ...(details.r || []).sort((one, other) => one[5] - other[5])];
      return details;
    }

    // Whether an object is drawn as the layers are chosen.
    shows(object) {
      const { state } = dataforge;
      if (state.hidden.has(this.toClass[object[0]])) return false;
      return !dataforge.isPredicted(object) || (state.predicted && object[5] >= state.score);
    }
  }

  dataforge.load = load;
  dataforge.isPredicted = (object) => (object[2] & 4) !== 0;

  function load(name) {
    if (loaded.has(name)) {
      const content = loaded.get(name);
      loaded.delete(name);
      loaded.set(name, content);
      return Promise.resolve(content);
    }
    if (!waiting.has(name)) {
      const one = {};
      one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
      waiting.set(name, one);
      const script = document.createElement("script");
      script.src = `browse/data/${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        script.remove();
        waiting.delete(name);
        one.reject(new Error(`browse/data/${name}.js cannot be loaded`));
      };
      document.head.append(script);
    }
    return waiting.get(name).promise;
  }

  dataforge.chunk = (name, content) => {
    loaded.set(name, content);
    if (loaded.size > KEPT) loaded.delete(loaded.keys().next().value);
    waiting.get(name)?.resolve(content);
    waiting.delete(name);
  };

  dataforge.index = (data) => {
    const named = () => ({ list: [], numbers: new Map() });
    const page = { classes: named(), splits: named(), codes: named(), about: [] };
    dataforge.sides = data.sides.map((side) => new Side(side, page));
    dataforge.classes = page.classes.list;
    dataforge.splits = page.splits.list;
    dataforge.codes = page.about;
    dataforge.comparing = dataforge.sides.length > 1;
    dataforge.predicting = dataforge.sides.some((side) => side.predictions);
    dataforge.parts = parts(dataforge.sides[0].edges);
    const first = dataforge.sides[0];
    const pairs = data.pairs || first.name.map((_, at) => [at, -1, 0, 0]);
    dataforge.rows = pairs.map((pair) => new Row(pair));
    dataforge.start();
  };

  // What the parts of charts are called, in the address and on the page.
  function parts(edges) {
    const short = (value) => (value < 9.95 ? +value.toFixed(1) : Math.round(value));
    const ratio = (value) => (value < 0.999 ? `1:${short(1 / value)}` : `${short(value)}:1`);
    const percent = (value) => Math.round((100 * value) / edges.cells);
    const between = (list, shown, join) => list.slice(1).map((high, at) => `${shown(list[at])}${join}${shown(high)}`);
    const cells = Array.from({ length: 256 }, (_, at) => [at >> 4, at & 15]);
    return {
      sides: { names: between(edges.sides, short, "-"), labels: between(edges.sides, short, "–").map((one) => `objects of ${one} px`) },
      ratios: { names: between(edges.ratios, ratio, "-"), labels: between(edges.ratios, ratio, " – ").map((one) => `boxes of ${one}`) },
      cells: {
        names: cells.map(([x, y]) => `${x}x${y}`),
        labels: cells.map(([x, y]) => `centres at ${percent(x)}–${percent(x + 1)}% from the left, ${percent(y)}–${percent(y + 1)}% from the top`),
      },
      edges,
    };
  }

  // An image, or the pair of images that are compared.
  class Row {
    constructor([a, b, onlyA, onlyB]) {
      this.at = [a, b];
      this.differing = onlyA + onlyB;
      this.parts = [];
      if (a >= 0) this.parts.push([dataforge.sides[0], a]);
      if (b >= 0) this.parts.push([dataforge.sides[1], b]);
      [this.side, this.image] = this.parts[0];
    }

    get name() {
      return this.side.name[this.image];
    }

    get width() {
      return this.side.width[this.image];
    }

    get height() {
      return this.side.height[this.image];
    }

    get objects() {
      return this.side.objects[this.image];
    }

    get codes() {
      const found = this.parts.flatMap(([side, at]) => side.code[at].map((one) => side.toCode[one]));
      return [...new Set(found)];
    }

    get splits() {
      const found = this.parts.flatMap(([side, at]) => side.split[at].map((one) => side.toSplit[one]));
      return [...new Set(found)];
    }

    // Class -> number of objects.
    get counts() {
      const found = new Map();
      for (const [side, at] of this.parts) {
        const counts = side.counts[at];
        for (let i = 0; i < counts.length; i += 2) {
          const number = side.toClass[counts[i]];
          found.set(number, Math.max(found.get(number) || 0, counts[i + 1]));
        }
      }
      return found;
    }

    // Whether it has objects of a size: 0 small, 1 medium, 2 large.
    has(size) {
      return this.parts.some(([side, at]) => (side.sizes[at] >> size) & 1);
    }

    // Whether it has objects in a part of a chart: "sides", "ratios" or "cells".
    in(list, number) {
      return this.parts.some(([side, at]) => {
        if (list !== "cells") return (side[list][at] >>> number) & 1;
        const cells = side.cells[at];
        for (let i = 0; i < cells.length; i += 2) {
          if (parseInt(cells.slice(i, i + 2), 16) === number) return true;
        }
        return false;
      });
    }

    // 0 for an error, 1 for a warning, 2 for a note, 3 for nothing.
    get severity() {
      return Math.min(3, ...this.codes.map((code) => dataforge.codes[code].severity));
    }
  }
})();
