// The picture: an SVG that Python drew, in the room that there is.

const GAP = 16; // between two rows; none above the note
const MORE = 72; // pixels by which panels that changed may go beyond what the first panel may

// Shows the picture `wide` pixels wide, and leaves out panels where it would be higher than `tall`, or than `filled`.
// Panels that are as before go sooner than those that changed, and the first panel goes last: it may push what stands
// under the picture down by `spare` pixels. Returns the panels that are left out, how high the picture is now, and
// whether it is `tight`: smaller than it should be, or without a panel that changed.
export function place(root, wide, tall, filled = tall, spare = 0) {
  const [x, y, width, height] = (root.dataset.box ||= root.getAttribute("viewBox")).split(" ").map(Number);
  const parts = [], shown = new Set();
  for (const g of root.querySelectorAll(":scope > g")) {
    const [, left, top] = /\((.*) (.*)\)/.exec(g.getAttribute("transform")) || [0, 0, 0];
    parts.push({ g, top: +top, row: +left ? parts.at(-1).row : +top, high: +g.dataset.high });
  }
  const first = parts[0], scale = Math.min(wide / width, (tall + spare) / (first?.high ?? height));
  let tail; // how high the last panel is; more than a third of it is to be seen
  // Lays out what is shown, and returns how high it is.
  const stand = () => {
    let end = first ? first.top - GAP : height, row, from;
    tail = 0;
    for (const part of parts) {
      if (!shown.has(part)) continue;
      if (part.row !== row) { row = part.row; from = end - part.top + (part.g.matches(".fp-note") ? 0 : GAP); }
      part.down = from;
      end = Math.max(end, part.top + from + part.high);
      tail = part.high;
    }
    return end - y + 4;
  };
  const take = (part, room, more = 0) => shown.has(part)
    || shown.add(part) && stand() * scale > room + Math.min(more, tail * 0.6) && shown.delete(part);
  const changed = parts.filter(({ g }) => g.matches(".fp-marked, .fp-note")).sort((a, b) => a.high - b.high);
  const lacks = () => changed.some(part => !shown.has(part));
  const begin = (order, ...least) => {
    shown.clear();
    least.forEach(part => shown.add(part));
    order.forEach(part => take(part, tall + spare, MORE));
    return changed.filter(part => shown.has(part)).length * 4000 + shown.has(first) * 2000 + stand();
  };
  // The best way shows as many changed panels as it can, then the first panel, then the large ones.
  const ways = first ? [[changed, first], [changed], [[...changed].reverse()]] : [[[]]];
  begin(...ways.reduce((best, way) => (begin(...way) > begin(...best) ? way : best)));
  parts.forEach(part => take(part, Math.max(tall, filled, stand() * scale)));
  const high = stand();
  for (const part of parts) {
    part.g.style.display = shown.has(part) ? "" : "none";
    part.g.style.translate = `0 ${part.down}px`;
  }
  root.setAttribute("viewBox", `${x} ${y} ${width} ${high}`);
  root.style.width = `${scale * width}px`;
  return {
    folded: parts.filter(part => !shown.has(part)).map(({ g }) => g),
    high: high * scale,
    tight: scale * width < wide - 1 || lacks(),
  };
}

const PAINTED = ["fill", "stroke", "font-family", "font-weight", "opacity", "image-rendering"];

// A copy of all of it that looks the same without our style sheet.
export function standalone(root) {
  place(root, root.clientWidth, Infinity);
  const copy = root.cloneNode(true), all = [root, ...root.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(all[i]);
    for (const name of PAINTED) element.style.setProperty(name, style.getPropertyValue(name));
  });
  const [x, y, width, height] = copy.getAttribute("viewBox").split(" "), paper = getComputedStyle(root.closest(".fp")).backgroundColor;
  copy.insertAdjacentHTML("afterbegin", `<rect x="${x}" y="${y}" width="100%" height="100%" fill="${paper}"/>`);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return new XMLSerializer().serializeToString(copy);
}

export async function png(root) {
  const image = new Image();
  image.src = "data:image/svg+xml," + encodeURIComponent(standalone(root));
  await image.decode();
  const canvas = new OffscreenCanvas(image.width * 2, image.height * 2);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob();
}
