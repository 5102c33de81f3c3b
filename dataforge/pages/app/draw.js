// Objects on a canvas: boxes, outlines and masks, each with a dark edge so that it shows on anything.
"use strict";
(() => {
  const COLOURS = [
    "#ff5d5d", "#35b6ff", "#4fd97b", "#ffb62e", "#b48cff", "#ff7bc8", "#16d3c5", "#c9e045",
    "#ff8b45", "#7c93ff", "#e66bff", "#7fe3ff", "#d9a06a", "#9fe08a", "#ffd8a0", "#c7b8ff",
  ];
  dataforge.colour = (number) =>
    COLOURS[number] || `hsl(${Math.round((number * 137.5) % 360)} 85% ${60 + (number % 3) * 8}%)`;

  // The runs of a mask as COCO compresses them: background first, column by column.
  dataforge.runs = (counts) => {
    const runs = [];
    for (let at = 0; at < counts.length;) {
      let value = 0;
      let shift = 0;
      let more = true;
      while (more && at < counts.length) {
        const bits = counts.charCodeAt(at++) - 48;
        value += (bits & 31) * 2 ** shift;
        more = (bits & 32) !== 0;
        shift += 5;
        if (!more && bits & 16) value -= 2 ** shift;
      }
      runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    }
    return runs;
  };

  function ofMask([height, width, counts]) {
    const path = new Path2D();
    let at = 0;
    dataforge.runs(counts).forEach((run, number) => {
      if (number % 2 && height > 0) {
        const end = Math.min(at + run, width * height);
        let from = at;
        while (from < end) {
          const x = Math.floor(from / height);
          const y = from - x * height;
          // Whole columns are one rectangle.
          const whole = y === 0 ? Math.floor((end - from) / height) : 0;
          const high = whole ? height : Math.min(height - y, end - from);
          path.rect(x, y, whole || 1, high);
          from += whole ? whole * height : high;
        }
      }
      at += run;
    });
    return path;
  }

  function ofRings(rings) {
    const path = new Path2D();
    for (const ring of rings) {
      let area = 0;
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        area += ring[j] * ring[i + 1] - ring[i] * ring[j + 1];
      }
      const points = [];
      for (let i = 0; i < ring.length; i += 2) points.push([ring[i], ring[i + 1]]);
      if (area < 0) points.reverse(); // all in one direction: the rings are one area
      points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      path.closePath();
    }
    return path;
  }

  // An object as it is drawn; made once for each object.
  dataforge.shapeOf = (object) => {
    if (object.shape) return object.shape;
    const [, box, , form] = object;
    const made = { box, kind: "box", path: null };
    if (form && Array.isArray(form[0])) {
      made.kind = "outline";
      made.path = ofRings(form);
    } else if (form) {
      made.kind = "mask";
      made.path = ofMask(form);
    }
    if (!made.path) {
      made.path = new Path2D();
      made.path.rect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
    }
    object.shape = made;
    return made;
  };

  // Keypoints: dots where they are seen, circles where they are hidden, and lines between them.
  function paintPoints(context, points, skeleton, colour, { width, scale, fine }) {
    const radius = (fine ? 1.6 : 2) * width;
    const dark = (fine ? 1.2 : 2) / scale;
    const lines = new Path2D();
    const dots = new Path2D();
    const circles = new Path2D();
    for (const [from, to] of skeleton) {
      const [a, b] = [3 * (from - 1), 3 * (to - 1)];
      if (!(points[a + 2] && points[b + 2])) continue;
      lines.moveTo(points[a], points[a + 1]);
      lines.lineTo(points[b], points[b + 1]);
    }
    for (let at = 0; at < points.length; at += 3) {
      if (!points[at + 2]) continue;
      const hidden = points[at + 2] === 1;
      const path = hidden ? circles : dots;
      const around = hidden ? 1.4 * radius : radius;
      path.moveTo(points[at] + around, points[at + 1]);
      path.arc(points[at], points[at + 1], around, 0, 2 * Math.PI);
    }
    context.setLineDash([]);
    for (const path of [lines, circles, dots]) {
      context.strokeStyle = "rgba(0, 0, 0, .5)";
      context.lineWidth = width + dark;
      context.stroke(path);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke(path);
    }
    context.fillStyle = colour;
    context.fill(dots);
  }

  // Draw an object.
  //   scale: pixels of the canvas for one of the image
  //   lit: emphasised; dim: in the background; boxes: draw the boxes of outlines and masks, too
  //   mark: circle what is too small to be seen; skeleton: pairs of keypoints, from 1, that are joined
  dataforge.paint = (context, object, colour, { scale, lit = false, dim = false, fine = false, boxes = false, mark = lit, skeleton = [] }) => {
    const shape = dataforge.shapeOf(object);
    const width = (fine ? 1.3 : lit ? 3 : 2) * (window.devicePixelRatio || 1) / scale;
    context.save();
    context.globalAlpha = dim ? 0.3 : 1;
    context.fillStyle = colour;
    context.lineJoin = "round";
    if (object[2] & 3) context.setLineDash([4 * width, 2.5 * width]); // crowd or difficult
    if (object[2] & 4) context.setLineDash([2.5 * width, 2.5 * width]); // predicted
    if (shape.kind !== "box" || lit) {
      context.globalAlpha *= shape.kind === "mask" ? (lit ? 0.65 : 0.5) : lit ? 0.16 : 0.22;
      context.fill(shape.path);
      context.globalAlpha = dim ? 0.3 : 1;
    }
    const strokes = []; // the box below the outline
    if (shape.kind !== "box" && (boxes || lit || shape.kind === "mask")) {
      const path = new Path2D();
      path.rect(shape.box[0], shape.box[1], shape.box[2] - shape.box[0], shape.box[3] - shape.box[1]);
      strokes.push([path, 0.5]);
    }
    if (shape.kind !== "mask") strokes.push([shape.path, 1]);
    for (const [path, thin] of strokes) {
      context.strokeStyle = fine ? "rgba(0, 0, 0, .3)" : "rgba(0, 0, 0, .5)";
      context.lineWidth = thin * width + (fine ? 1.2 : 2) / scale;
      context.stroke(path);
      context.strokeStyle = lit ? "#ffffff" : colour;
      context.lineWidth = thin * width;
      context.stroke(path);
    }
    if (object[4]) paintPoints(context, object[4], skeleton, colour, { width, scale, fine });
    const [x0, y0, x1, y1] = shape.box;
    const pixel = (window.devicePixelRatio || 1) / scale;
    if (mark && Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)) < 14 * pixel) {
      context.setLineDash([]);
      context.beginPath();
      context.arc((x0 + x1) / 2, (y0 + y1) / 2, 14 * pixel, 0, 2 * Math.PI);
      context.lineWidth = 4 * pixel;
      context.strokeStyle = "rgba(0, 0, 0, .5)";
      context.stroke();
      context.lineWidth = 2 * pixel;
      context.strokeStyle = lit ? "#ffffff" : colour;
      context.stroke();
    }
    context.restore();
  };

  // A canvas in pixels of the screen.
  dataforge.fit = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    return ratio;
  };
})();
