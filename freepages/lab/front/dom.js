// Making elements.

// Of the parts a plain object has attributes and listeners, everything else is a child.
export function make(name, ...parts) {
  const element = document.createElement(name);
  for (const part of parts) {
    if (part.constructor !== Object) { element.append(part); continue; }
    for (const [key, value] of Object.entries(part)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
  }
  return element;
}

// Whether a key is ours; with Ctrl, as to save, it is the notebook's.
export const plain = event => !(event.ctrlKey || event.metaKey || event.altKey);

// Notebook 7 looks for its shortcuts before an element hears of a key, but not where the focus has this attribute.
addEventListener("keydown", event => event.target.matches(".fp, .fp *") &&
  event.target.toggleAttribute("data-lm-suppress-shortcuts", plain(event)), true);

export const div = (name, ...parts) => make("div", { class: `fp-${name}` }, ...parts);

const ICONS = {
  start: "M3 3h2v10H3zM13 3v10L6 8z", back: "M11 3v10L4 8z", forward: "M5 3v10l7-5z",
  end: "M11 3h2v10h-2zM3 3v10l7-5z", play: "M4 2v12l9-6z", pause: "M4 3h3v10H4zM9 3h3v10H9z",
  full: "M2 2h5v2H4v3H2zM14 14H9v-2h3V9h2zM9 2h5v5h-2V4H9zM7 14H2V9h2v3h3z",
};

export function icon(name) {
  const span = make("span", { class: "fp-icon", "aria-hidden": "true" });
  span.innerHTML = `<svg viewBox="0 0 16 16"><path fill="currentColor" d="${ICONS[name]}"/></svg>`;
  return span;
}

export function button(label, words, act, icons = "") {
  const parts = [...(icons ? [icon(icons)] : []), ...(words ? [words] : [])];
  return make("button", {
    type: "button", "aria-label": label, title: label,
    onclick: event => event.currentTarget.getAttribute("aria-disabled") === "true" || act(event),
  }, ...parts);
}

// Greyed for the eye and said to a screen reader; it keeps the focus.
export const enable = (element, can) => element.setAttribute("aria-disabled", String(!can));

export const press = (element, on) => element.setAttribute("aria-pressed", String(on));

export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

export function markup(element, html) {
  if (element.drawn !== html) { element.innerHTML = html; element.drawn = html; }
}

// A− and A+, remembered for all of them.
export function sized(element, by = 0) {
  const size = Math.max(0.7, Math.min(2.5, Number(localStorage.getItem("freepages-size") || 1) * 1.12 ** by));
  localStorage.setItem("freepages-size", size);
  document.querySelectorAll(".fp").forEach(one => one.style.setProperty("--fp-size", size));
  element.style.setProperty("--fp-size", size);
}
