// Looking into a large map: a strip of all its pages, of which a window is shown. Click, drag, or type a pfn.

import { button, div, make, markup, plain, sized } from "./dom.js";

const grouped = n => Number(n).toLocaleString("en");

// The strip and its controls; `change({lo, hi})` is called with the pages [lo, hi) that are wanted.
export class Window {
  constructor(change) {
    this.change = change;
    this.strip = make("div", {
      class: "fp-strip", role: "slider", tabindex: 0, "aria-label": "first page shown",
      onpointerdown: event => this.drag(event), onpointermove: event => event.buttons && this.drag(event),
      onkeydown: event => this.key(event),
    });
    this.pfn = make("input", {
      inputmode: "numeric", "aria-label": "go to pfn", placeholder: "pfn",
      onkeydown: event => event.key === "Enter" && this.to(this.pfn.value),
    });
    this.said = make("span", { class: "fp-range" });
    this.root = div("window", { hidden: true }, this.strip, div("bar",
      button("show four times as many pages", "−", () => this.zoom(4)),
      button("show a quarter of the pages", "+", () => this.zoom(1 / 4)),
      button("show all pages", "all", () => this.ask(this.all.lo, this.all.hi)), this.pfn, this.said));
  }

  show(window) {
    this.root.hidden = !window;
    if (!window) return;
    const { lo, hi, from, to, image } = window, all = hi - lo;
    this.all = { lo, hi };
    this.now = { lo: from, hi: to };
    if (this.strip.drawn !== image) {
      this.strip.drawn = image;
      this.strip.style.backgroundImage = `url(${image})`;
      this.strip.replaceChildren(this.frame = make("i"));
    }
    this.frame.style.left = `${(from - lo) / all * 100}%`;
    this.frame.style.width = `${(to - from) / all * 100}%`;
    this.strip.setAttribute("aria-valuemin", lo);
    this.strip.setAttribute("aria-valuemax", hi);
    this.strip.setAttribute("aria-valuenow", from);
    this.strip.setAttribute("aria-valuetext", this.said.textContent = `pages ${grouped(from)} to ${grouped(to - 1)} of ${grouped(all)}`);
  }

  ask(lo, hi) {
    const { all } = this, size = Math.max(64, Math.min(Math.round(hi - lo), all.hi - all.lo));
    lo = Math.max(all.lo, Math.min(Math.round(lo), all.hi - size));
    if (lo !== this.now.lo || lo + size !== this.now.hi) this.change({ lo, hi: lo + size });
  }

  zoom(by, around = (this.now.lo + this.now.hi) / 2) {
    const size = Math.max(64, (this.now.hi - this.now.lo) * by);
    this.ask(around - size / 2, around + size / 2);
  }

  to(pfn) {
    const wanted = Number(String(pfn).replace(/[\s,_]/g, "")), { all } = this;
    if (!(wanted >= all.lo && wanted < all.hi)) {
      this.said.textContent = `no page ${pfn} here: there are ${grouped(all.lo)} to ${grouped(all.hi - 1)}`;
      return;
    }
    const size = Math.min(this.now.hi - this.now.lo, 512);
    this.ask(wanted - size / 2, wanted + size / 2);
  }

  drag(event) {
    event.preventDefault();
    this.strip.focus();
    this.strip.setPointerCapture(event.pointerId);
    const { left, width } = this.strip.getBoundingClientRect(), { all, now } = this;
    const size = now.hi - now.lo === all.hi - all.lo ? (all.hi - all.lo) / 8 : now.hi - now.lo;
    const around = all.lo + (event.clientX - left) / width * (all.hi - all.lo);
    cancelAnimationFrame(this.soon);
    this.soon = requestAnimationFrame(() => this.ask(around - size / 2, around + size / 2));
  }

  key(event) {
    const { lo, hi } = this.now, by = { ArrowLeft: -0.5, ArrowRight: 0.5, PageUp: -4, PageDown: 4 }[event.key];
    if (!by) return;
    this.ask(lo + by * (hi - lo), hi + by * (hi - lo));
    event.preventDefault();
    event.stopPropagation();
  }
}

// A frame, or the part of its pages that is looked at.
export class Explorer {
  constructor(port, el) {
    this.picture = div("picture");
    this.window = new Window(zoom => port.send({ do: "zoom", ...zoom }));
    this.root = make("div", {
      class: "fp fp-explorer", tabindex: 0, role: "group", "aria-label": "Explorer",
      onkeydown: event => plain(event) && event.stopPropagation(),
    }, this.picture, this.window.root);
    this.picture.addEventListener("click", event => this.into(event));
    sized(this.root);
    el.append(this.root);
    this.show(port.kept());
    port.listen(message => this.show(message));
  }

  show({ svg, window, shape }) {
    markup(this.picture, svg);
    this.picture.style.aspectRatio = shape;
    this.window.show(window);
  }

  // A click on a map looks closer at what is there.
  into(event) {
    const map = event.target.closest(".fp-cells");
    if (!map || !this.window.now) return;
    const [x, y, width, pitch, columns, origin, perCell] = map.dataset.name.split(" ").map(Number);
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    const pfn = origin + (Math.floor((at.y - y) / pitch) * columns + Math.floor((at.x - x) / width)) * perCell;
    this.window.zoom(1 / 8, pfn);
  }
}
