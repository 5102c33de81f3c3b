// One image that can be zoomed and moved, with its objects on a canvas above it.
"use strict";
(() => {
  const { make, state } = dataforge;
  const MOST = 64; // how far a view is zoomed in, at most, in pixels of the screen for one of the image

  const MOST_LABELS = 200; // that a label is kept clear of

  // A view is [u, v, zoom]: what part of the image is in the middle, and how much larger than fitting.
  dataforge.Stage = class {
    constructor(side, image, { moved, pointed, chosen }) {
      Object.assign(this, { side, image, moved, pointed, chosen });
      this.width = Math.max(side.width[image], 1);
      this.height = Math.max(side.height[image], 1);
      this.view = [0.5, 0.5, 1];
      this.lit = -1;
      this.details = null;
      this.only = null; // numbers of the objects that are drawn; null for all
      this.marks = null; // of those that the other dataset lacks; null where none differs
      this.picture = make("img", { class: "world", alt: "", draggable: false });
      this.canvas = make("canvas", { "aria-hidden": "true" });
      this.note = make("p", { class: "stage-note", hidden: true });
      this.tip = make("div", { class: "tip", hidden: true });
      this.element = make("div", {
        class: "stage", role: "img", "aria-label": dataforge.text(side.name[image]),
      }, this.picture, this.canvas, this.note, this.tip);
      this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
      this.element.addEventListener("pointerdown", (event) => this.#down(event));
      this.element.addEventListener("pointermove", (event) => this.#move(event));
      this.element.addEventListener("pointerup", (event) => this.#up(event));
      this.element.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
      this.element.addEventListener("pointerleave", () => this.#point(null));
      this.element.addEventListener("dblclick", (event) => this.#twice(event));
      this.pointers = new Map();
      this.observer = new ResizeObserver(() => this.place());
      this.observer.observe(this.element);
      this.#load();
    }

    close() {
      this.observer.disconnect();
      this.picture.src = "";
    }

    async #load() {
      const small = this.side.thumbnail(this.image);
      const best = this.side.picture(this.image);
      Object.assign(this.picture.style, { width: `${this.width}px`, height: `${this.height}px` });
      if (small) {
        this.picture.src = small;
        const full = new Image();
        full.onload = () => { this.picture.src = best; this.element.dataset.loaded = "full"; };
        full.onerror = () => this.#say("The image is not where it was when this page was made: this is its thumbnail.");
        if (best) full.src = best;
      } else {
        this.picture.hidden = true;
      }
      try {
        this.details = await this.side.details(this.image);
      } catch {
        this.#say("The objects of this image cannot be loaded: the page is not complete.");
        return;
      }
      if (this.details.x) this.#say(`No picture: ${dataforge.text(this.details.x)}`);
      this.draw();
    }

    #say(text) {
      this.note.textContent = text;
      this.note.hidden = false;
      this.element.dataset.loaded ||= "thumbnail";
    }

    get #fitting() {
      const pad = this.element.clientWidth > 500 ? 24 : 8;
      return Math.min(
        Math.max(this.element.clientWidth - pad, 10) / this.width,
        Math.max(this.element.clientHeight - pad, 10) / this.height,
      );
    }

    // {scale, x, y}: an image's pixel (0, 0) is at (x, y), in CSS pixels.
    get transform() {
      const scale = this.#fitting * this.view[2];
      return {
        scale,
        x: this.element.clientWidth / 2 - this.view[0] * this.width * scale,
        y: this.element.clientHeight / 2 - this.view[1] * this.height * scale,
      };
    }

    place(view = this.view) {
      this.view = view;
      const { scale, x, y } = this.transform;
      this.picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
      this.picture.classList.toggle("pixels", scale > 6);
      this.draw();
    }

    draw() {
      const { clientWidth, clientHeight } = this.element;
      const ratio = dataforge.fit(this.canvas, clientWidth, clientHeight);
      if (!this.details || !clientWidth) return;
      const { scale, x, y } = this.transform;
      const context = this.canvas.getContext("2d");
      context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
      const lit = this.lit;
      const order = this.objects.map((_, at) => at).filter((at) => this.shows(at));
      if (lit >= 0 && order.includes(lit)) order.push(...order.splice(order.indexOf(lit), 1));
      for (const at of order) {
        const object = this.objects[at];
        const colour = this.side.colour(object);
        dataforge.paint(context, object, colour, {
          scale: scale * ratio, lit: at === lit, boxes: true, mark: at === lit || this.marks?.has(at),
          dim: lit >= 0 ? at !== lit : this.marks !== null && !this.marks.has(at),
          skeleton: this.side.skeleton?.(object),
        });
      }
      if (state.labels) this.#labels(context, order, scale, ratio, x, y);
      if (lit >= 0 && !state.labels) this.#labels(context, order.filter((at) => at === lit), scale, ratio, x, y);
    }

    // Objects, and predictions if there are any.
    get objects() {
      return this.details.all || this.details.o;
    }

    shows(at) {
      const object = this.objects[at];
      const number = this.side.toClass[object[0]];
      if (at === this.lit) return true;
      if (this.side.shows && !this.side.shows(object)) return false;
      return !state.hidden.has(number) && (!this.only || this.only.has(at));
    }

    #labels(context, order, scale, ratio, x, y) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.font = "600 11px system-ui, sans-serif";
      context.textBaseline = "top";
      const taken = [];
      // Where a label stands: above its box, else inside or below, so that it hides no other.
      const free = (left, right, top, bottom, width) => {
        const places = [[left, top - 17], [right, top - 17], [left, top + 1], [left, bottom + 1], [right, bottom + 1]]
          .filter((place) => place[1] >= 0);
        const hides = ([l, t]) => taken.slice(-MOST_LABELS).some(([ol, ot, wide]) =>
          l < ol + wide && ol < l + width && Math.abs(t - ot) < 16);
        const place = places.find((one) => !hides(one)) || places[0] || [left, top + 1];
        taken.push([...place, width]);
        return place;
      };
      for (const at of order) {
        const object = this.objects[at];
        const [x0, y0, x1, y1] = object[1];
        const label = dataforge.short(this.side.label(object), 32);
        const width = context.measureText(label).width + 8;
        const [left, top] = free(
          Math.min(x0, x1) * scale + x - 1, Math.max(x0, x1) * scale + x + 1 - width,
          Math.min(y0, y1) * scale + y, Math.max(y0, y1) * scale + y, width);
        context.fillStyle = this.side.colour(object);
        context.fillRect(left, top, width, 16);
        context.fillStyle = "#111";
        context.fillText(label, left + 4, top + 3);
      }
    }

    light(at) {
      if (this.lit === at) return;
      this.lit = at;
      this.draw();
    }

    // Where an event is, in pixels of the image.
    #where(event) {
      const box = this.element.getBoundingClientRect();
      const { scale, x, y } = this.transform;
      return [(event.clientX - box.left - x) / scale, (event.clientY - box.top - y) / scale];
    }

    // The smallest object under a point; one without area is near enough within some pixels.
    at(px, py) {
      if (!this.details) return -1;
      const near = 4 / this.transform.scale;
      const context = this.canvas.getContext("2d");
      let best = -1;
      let least = Infinity;
      this.objects.forEach((object, at) => {
        if (!this.shows(at)) return;
        const [x0, y0, x1, y1] = object[1];
        const shape = dataforge.shapeOf(object);
        const size = Math.abs((x1 - x0) * (y1 - y0));
        if (least > 0 && this.#pointAt(object, px, py) >= 0) [best, least] = [at, 0];
        if (px < Math.min(x0, x1) - near || px > Math.max(x0, x1) + near) return;
        if (py < Math.min(y0, y1) - near || py > Math.max(y0, y1) + near) return;
        context.save();
        context.resetTransform();
        const inside = shape.kind === "box" || context.isPointInPath(shape.path, px, py);
        context.restore();
        if (inside && size < least) [best, least] = [at, size];
      });
      return best;
    }

    // The number of an object's keypoint at a place; -1 if there is none.
    #pointAt(object, px, py) {
      const points = object[4] || [];
      const most = 7 / this.transform.scale;
      for (let at = 0; at < points.length; at += 3) {
        if (points[at + 2] && Math.hypot(points[at] - px, points[at + 1] - py) <= most) return at / 3;
      }
      return -1;
    }

    // What is said of it.
    #pointText(object, number) {
      if (number < 0) return "";
      const name = this.side.pointNames?.(object)[number];
      const hidden = object[4][3 * number + 2] === 1 ? ", hidden" : "";
      return `, ${name === undefined ? `keypoint ${number + 1}` : dataforge.short(name, 40)}${hidden}`;
    }

    #point(event) {
      if (!event || this.pointers.size || !this.details) {
        this.tip.hidden = true;
        if (!event) this.pointed(this, -1);
        return;
      }
      const [px, py] = this.#where(event);
      const at = this.at(px, py);
      this.pointed(this, at);
      this.tip.hidden = at < 0;
      if (at < 0) return;
      const object = this.objects[at];
      const [x0, y0, x1, y1] = object[1];
      const label = dataforge.short(this.side.label(object), 80);
      const flags = [object[2] & 1 && "crowd", object[2] & 2 && "difficult"].filter(Boolean).join(", ");
      this.tip.replaceChildren(make("bdi", {}, label),
        make("span", {}, ` ${dataforge.size(x1 - x0, y1 - y0)}${flags ? `, ${flags}` : ""}`,
          make("bdi", {}, this.#pointText(object, this.#pointAt(object, px, py)))));
      const box = this.element.getBoundingClientRect();
      const left = Math.min(event.clientX - box.left + 14, box.width - 120);
      const top = Math.min(event.clientY - box.top + 16, box.height - 34);
      Object.assign(this.tip.style, { left: `${left}px`, top: `${top}px` });
    }

    // Zoom, so that what is at a point of the element stays there.
    zoom(factor, at = [this.element.clientWidth / 2, this.element.clientHeight / 2]) {
      const { scale, x, y } = this.transform;
      const most = Math.max(MOST / this.#fitting, 1);
      const zoom = Math.min(Math.max(this.view[2] * factor, 0.5), most);
      const next = this.#fitting * zoom;
      const [u, v] = [(at[0] - x) / scale, (at[1] - y) / scale];
      this.#go([
        (u + (this.element.clientWidth / 2 - at[0]) / next) / this.width,
        (v + (this.element.clientHeight / 2 - at[1]) / next) / this.height,
        zoom,
      ]);
    }

    #go([u, v, zoom]) {
      const inside = (value) => Math.min(Math.max(value, 0), 1);
      this.moved(zoom <= 1 ? [0.5, 0.5, zoom] : [inside(u), inside(v), zoom]);
    }

    // Show an object large, with what is around it.
    frame(box) {
      const wide = Math.max(Math.abs(box[2] - box[0]), 8);
      const high = Math.max(Math.abs(box[3] - box[1]), 8);
      const scale = Math.min(this.element.clientWidth / wide, this.element.clientHeight / high) * 0.4;
      const zoom = Math.min(Math.max(scale / this.#fitting, 1), 16 / this.#fitting);
      this.#go([(box[0] + box[2]) / 2 / this.width, (box[1] + box[3]) / 2 / this.height, Math.max(zoom, 1)]);
    }

    #wheel(event) {
      event.preventDefault();
      const box = this.element.getBoundingClientRect();
      const unit = event.deltaMode ? 30 : 1;
      const factor = Math.exp(-Math.max(-200, Math.min(200, event.deltaY * unit)) / 240);
      this.zoom(factor, [event.clientX - box.left, event.clientY - box.top]);
    }

    #down(event) {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      this.dragged = 0;
    }

    #move(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before) {
        this.#point(event);
        return;
      }
      const now = [event.clientX, event.clientY];
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
      const { scale } = this.transform;
      const [u, v, zoom] = this.view;
      this.dragged += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (others.length) { // two fingers
        const [x, y] = others[0][1];
        const apart = (p) => Math.max(Math.hypot(p[0] - x, p[1] - y), 1);
        const box = this.element.getBoundingClientRect();
        this.zoom(apart(now) / apart(before), [(now[0] + x) / 2 - box.left, (now[1] + y) / 2 - box.top]);
      } else if (this.dragged > 3) {
        this.element.classList.add("dragging");
        this.#go([
          u - (now[0] - before[0]) / scale / this.width,
          v - (now[1] - before[1]) / scale / this.height, zoom,
        ]);
      }
      this.pointers.set(event.pointerId, now);
    }

    #up(event) {
      this.pointers.delete(event.pointerId);
      this.element.classList.remove("dragging");
      if (this.dragged <= 3) this.chosen(this, this.details ? this.at(...this.#where(event)) : -1);
    }

    #twice(event) {
      const box = this.element.getBoundingClientRect();
      if (this.view[2] > 1.01) this.#go([0.5, 0.5, 1]);
      else this.zoom(3, [event.clientX - box.left, event.clientY - box.top]);
    }
  };

  dataforge.size = (width, height) => {
    const short = (number) => (Math.round(number * 10) / 10).toString();
    return `${short(width)} × ${short(height)}`;
  };
})();
