// A part of an image, with what is drawn on it.
"use strict";
(() => {
  const { make } = dataforge;
  const WIDTH = 168;
  const HEIGHT = 126;

  // Images are loaded when their crop comes into sight, and let go when it leaves.
  //   root: the element that scrolls
  dataforge.cropper = (root) => {
    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) target.fill();
        else target.querySelector("img")?.remove();
      }
    }, { root, rootMargin: "300px" });

    // A crop around a box, or the whole image where there is none.
    //   objects: what is drawn; others: what is drawn in the background, below them
    const crop = (side, image, box, objects, others = []) => {
      const [w, h] = [Math.max(side.width[image], 1), Math.max(side.height[image], 1)];
      const [x0, y0, x1, y1] = box || [0, 0, w, h];
      const margin = box ? 1.9 : 1;
      const wide = Math.max(Math.abs(x1 - x0) * margin, box ? 48 : 1);
      const high = Math.max(Math.abs(y1 - y0) * margin, box ? 48 : 1);
      const scale = Math.min(WIDTH / wide, HEIGHT / high);
      const x = WIDTH / 2 - (x0 + x1) / 2 * scale;
      const y = HEIGHT / 2 - (y0 + y1) / 2 * scale;
      const canvas = make("canvas", { "aria-hidden": "true" });
      const made = make("span", { class: "crop" }, canvas);
      made.fill = () => {
        if (made.querySelector("img") || !side.shown[image]) return;
        // A thumbnail is enough where it is not enlarged much.
        const sharp = 256 / Math.max(w, h) >= scale * 0.6 || !side.picture(image);
        const picture = make("img", { alt: "", draggable: false, src: sharp ? side.thumbnail(image) : side.picture(image) });
        picture.onerror = () => { picture.onerror = null; picture.src = side.thumbnail(image); };
        Object.assign(picture.style, {
          width: `${w}px`, height: `${h}px`, transform: `translate(${x}px, ${y}px) scale(${scale})`,
        });
        made.prepend(picture);
      };
      const ratio = dataforge.fit(canvas, WIDTH, HEIGHT);
      const context = canvas.getContext("2d");
      context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
      for (const one of others) {
        dataforge.paint(context, one, side.colour(one), { scale: scale * ratio, fine: !box, dim: Boolean(box), mark: false, skeleton: side.skeleton?.(one) });
      }
      for (const one of objects) {
        dataforge.paint(context, one, side.colour(one), { scale: scale * ratio, fine: !box, mark: Boolean(box), skeleton: side.skeleton?.(one) });
      }
      watcher.observe(made);
      return made;
    };
    crop.forget = () => watcher.disconnect(); // the crops that are in the page no more
    return crop;
  };
})();
