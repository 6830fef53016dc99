// The picture: an SVG that Python drew, in the room that there is.

const GAP = 12; // between two rows, not needed under the last one
const SPARE = 58; // pixels that what is shown first may push down what stands under the picture

// Shows the picture so many pixels wide. Where it would be higher than `tall`, rows of panels are left out: not the
// first, and those that are as before sooner than those that changed. Returns the names of the panels that are left
// out, how high it is now, and whether it is `tight`: smaller than it should be, or without a row that changed.
export function place(root, wide, tall) {
  const [x, y, width, height] = (root.dataset.box ||= root.getAttribute("viewBox")).split(" ").map(Number);
  const rows = [], scale = wide / width, shown = new Set();
  for (const g of root.querySelectorAll(":scope > g")) {
    const [, left, top] = /\((.*) (.*)\)/.exec(g.getAttribute("transform")) || [0, 0, 0];
    if (+left) rows.at(-1).all.push(g);
    else rows.push({ top: +top, all: [g] });
  }
  rows.forEach((row, i) => { row.high = (rows[i + 1]?.top ?? y + height) - (i ? row.top : y); });
  let high = rows[0] ? 0 : height, up = 0;
  const take = (row, room) => {
    if (shown.has(row) || (high + row.high - GAP) * scale > room) return;
    high += row.high;
    shown.add(row);
  };
  const marked = rows.filter(({ all }) => all.some(g => g.matches(".fp-marked")));
  if (rows[0]) take(rows[0], Infinity);
  marked.forEach(row => take(row, tall + SPARE));
  rows.forEach(row => take(row, tall));
  for (const row of rows) {
    for (const g of row.all) {
      g.style.display = shown.has(row) ? "" : "none";
      g.style.translate = `0 ${-up}px`;
    }
    if (!shown.has(row)) up += row.high;
  }
  if (up) high -= GAP;
  const now = Math.min(wide, (tall + SPARE) / high * width);
  root.setAttribute("viewBox", `${x} ${y} ${width} ${high}`);
  root.style.width = `${now}px`;
  return {
    folded: rows.filter(row => !shown.has(row)).flatMap(row => row.all.map(g => g.dataset.name)),
    high: high * now / width,
    tight: now < wide || marked.some(row => !shown.has(row)),
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
