// What the page shows: texts and numbers, and images with what is there and what was found.
//
// `dataforge.index` gets all of it from data/index.js, which a page from disk may load as a script.
"use strict";
(() => {
  const RIGHT = "#4fd97b";
  const WRONG = "#ff5d5d";
  const MISSED = "#ffb62e";
  const IGNORED = "#b9b9b4";
  // usual, score, confused: least scores: by default, of the images, of the confusion
  dataforge.state = { labels: true, hidden: new Set(), usual: 0, score: 0, confused: 0, kind: "", image: null, view: null };
  dataforge.colours = { right: RIGHT, wrong: WRONG, missed: MISSED, ignored: IGNORED };
  const { state } = dataforge;

  // What is there, or what was found, in all images. An object is [class, box, flags, form], and of
  // what was found also score, the object that it has found or -1, and the kind of a mistake.
  class Side {
    constructor(data, objects) {
      const pictures = data.pictures;
      this.name = pictures.names;
      this.width = pictures.widths;
      this.height = pictures.heights;
      this.shown = pictures.shown;
      this.fault = pictures.faults;
      this.objects = objects;
      this.toClass = data.classes.map((_, at) => at);
    }

    thumbnail(image) {
      return this.shown[image] ? `evaluation/thumbs/${image}.jpg` : "";
    }

    picture(image) {
      return this.shown[image] ? `evaluation/images/${image}.jpg` : "";
    }

    details(image) {
      return Promise.resolve({ o: this.objects[image], x: this.fault[image] });
    }

    label(object) {
      return dataforge.classes[object[0]];
    }
  }

  class There extends Side {
    constructor(data) {
      super(data, data.pictures.there);
      // Object -> the best score with which it was found; -Infinity if it was not.
      this.scores = new Map();
      this.objects.forEach((objects, image) => objects.forEach((object, at) => {
        const scores = (data.pictures.found?.[image] || []).filter((one) => one[5] === at).map((one) => one[4]);
        this.scores.set(object, Math.max(-Infinity, ...scores));
      }));
      this.compared = data.pictures.found !== null;
    }

    colour(object) {
      if (object[2] & 1) return IGNORED;
      if (!this.compared) return dataforge.colour(object[0]);
      return this.scores.get(object) >= state.score ? RIGHT : MISSED;
    }
  }

  class Found extends Side {
    constructor(data) {
      super(data, data.pictures.found);
    }

    colour(object) {
      if (object[6] === "ignored") return IGNORED;
      return object[5] >= 0 ? RIGHT : WRONG;
    }

    label(object) {
      return `${dataforge.short(dataforge.classes[object[0]], 24)} ${object[4].toFixed(2)}`;
    }
  }

  dataforge.index = (data) => {
    dataforge.data = data;
    dataforge.classes = data.classes;
    state.usual = data.evaluation ? data.evaluation.confusion.score : 0;
    dataforge.there = new There(data);
    dataforge.found = data.pictures.found ? new Found(data) : null;
    dataforge.read();
    dataforge.start();
  };

  // [lowest, highest] score: 0 and 1, or what is beyond.
  dataforge.scoreRange = () => {
    const range = [0, 1];
    for (const one of dataforge.found.objects.flat()) {
      range[0] = Math.min(range[0], one[4]);
      range[1] = Math.max(range[1], one[4]);
    }
    return range;
  };

  // The detections of an image that count at the score that is set.
  dataforge.enough = (image) =>
    new Set([...dataforge.found.objects[image].keys()].filter((at) => dataforge.found.objects[image][at][4] >= state.score));

  // By how much AP50 would be higher.
  dataforge.gain = (cost, digits) => `${cost < 0 ? "−" : "+"}${Math.abs(cost).toFixed(digits)}`;

  dataforge.figure = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits));
})();
