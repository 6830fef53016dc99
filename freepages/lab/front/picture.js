// The picture: an SVG that Python drew, in the room that there is.

export function place(host, svg, tall, open) {
  if (host.drawn !== svg) { host.innerHTML = svg; host.drawn = svg; }
  const root = host.firstElementChild;
  if (!root) return [];
  const [x, y, width, height] = (root.dataset.box ||= root.getAttribute("viewBox")).split(" ").map(Number);
  const scale = host.clientWidth / width;
  // Panels that do not fit are folded: the picture ends above the first row of them.
  let cut = height + y;
  const panels = [];
  if (!open && tall && cut * scale > tall) {
    for (const g of root.querySelectorAll(":scope > g")) {
      const box = g.getBBox(), [, down] = /translate\([^ ]+ ([^ )]+)/.exec(g.getAttribute("transform")) || [0, 0];
      panels.push({ name: g.dataset.name || "", top: +down + Math.min(box.y, 0), bottom: +down + box.y + box.height });
    }
    const rows = panels.map(panel => panel.top).filter(top => top > panels[0].top + 1 && panels.every(p => p.top >= top || p.bottom <= top + 1));
    cut = rows.filter(top => top * scale <= tall).pop() ?? Math.min(...rows, cut);
  }
  root.setAttribute("viewBox", `${x} ${y} ${width} ${cut - y}`);
  root.style.width = open || !tall ? "" : `${Math.min(1, (tall + 85) / (cut * scale)) * 100}%`;
  return panels.filter(panel => panel.top >= cut).map(panel => panel.name);
}

const PAINTED = ["fill", "stroke", "font-family", "font-weight", "opacity", "image-rendering"];

// A copy that looks the same without our style sheet.
export function standalone(root) {
  const copy = root.cloneNode(true), all = [root, ...root.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(all[i]);
    for (const name of PAINTED) element.style.setProperty(name, style.getPropertyValue(name));
  });
  if (root.dataset.box) copy.setAttribute("viewBox", root.dataset.box);
  const [x, y, width, height] = copy.getAttribute("viewBox").split(" ");
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  Object.entries({ x, y, width, height, fill: getComputedStyle(root.closest(".fp")).backgroundColor })
    .forEach(([name, value]) => paper.setAttribute(name, value));
  copy.prepend(paper);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return new XMLSerializer().serializeToString(copy);
}

export async function png(root) {
  const image = new Image();
  image.src = "data:image/svg+xml," + encodeURIComponent(standalone(root));
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 2;
  canvas.height = image.height * 2;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done));
}
