// The stepper: places what Python drew and said, and listens to mouse, keys and a presenter's remote.

import { button, div, enable, icon, make, markup, plain, press, sized, text } from "./dom.js";
import { place, png, standalone } from "./picture.js";
import { Quiz } from "./quiz.js";
import { Window } from "./explorer.js";
import { save } from "./run.js";

const SPEEDS = { "× ½": 1600, "× 1": 800, "× 2": 400, "× 4": 200 };
const ROWS = 200; // of the log
const READABLE = 1.09; // pixels on the screen for a pixel of the picture, whose letters have 12 at least
const SPARE = 58; // pixels that the first panel may push down the log where it is under the picture
const KINDS = { move: "moves", state: "pages", mark: "marks" };
const MOVE = /([a-z])([0-9]+[a-z])?/g;

export class Stepper {
  constructor(run, el) {
    this.run = run;
    this.typing = () => this.follow();
    this.look = () => run.do("zoom", this.zoom);
    this.build(el);
    this.quiz = new Quiz(run, this.question, () => this.show());
    run.listeners.add(this.show = this.show.bind(this));
    this.watch = new ResizeObserver(() => this.layout());
    this.watch.observe(this.root);
    this.show();
  }

  destroy() {
    this.run.listeners.delete(this.show);
    this.watch.disconnect();
    this.play(false);
  }

  // -- making

  build(el) {
    const { run } = this, { name, title } = run.run;
    const act = (what, more) => () => run.do(what, more);
    this.track = make("div", {
      class: "fp-track", role: "slider", tabindex: 0, "aria-label": "step", "aria-valuemin": 0,
      onpointerdown: event => this.drag(event), onpointermove: event => event.buttons && this.drag(event),
    });
    this.buttons = {
      back: button("one step back", "back", () => this.back(), "back"),
      forward: button("one step forward", "forward", () => this.forward(), "forward"),
      play: button("go on by itself", "play", () => this.play(!this.playing), "play"),
      quiz: button("ask before each step", "quiz", () => this.ask(!this.quiz.on)),
      key: button("keys and letters", "?", () => this.openKey()),
      share: button("copy and save", "share", () => this.openShare()),
    };
    const { back, forward, play, quiz, key, share } = this.buttons;
    this.start = button("to the beginning", "", () => run.go(0), "start");
    this.end = button("to the end", "", () => (run.at < run.length ? run.go(run.length) : run.do("end")), "end");
    this.story = button("to the beginning of the story", "story", act("story"));
    this.speed = make("select", { "aria-label": "how fast play is" },
      ...Object.entries(SPEEDS).map(([label, ms]) => make("option", { value: ms, selected: ms === 800 }, label)));
    this.count = make("span", { class: "fp-count" });
    this.banner = div("banner", { role: "status", hidden: true });
    this.done = make("div", { role: "status" });
    this.next = make("div");
    this.doneLabel = make("i");
    this.nextLabel = make("i");
    this.question = div("bar fp-quiz", { role: "group", "aria-label": "quiz", hidden: true });
    this.typed = make("input", {
      "aria-label": "schedule", placeholder: "type moves here",
      oninput: () => run.soon(this.typing),
    });
    this.extras = make("span", { class: "fp-bar" });
    this.each = run.run.processes.map(([letter, name]) => {
      const says = make("span"), lay = () => this.layout();
      const code = div("code", { tabindex: 0, role: "group", "aria-label": `source of ${name}`, onfocus: lay, onblur: lay });
      const block = make("section", { "aria-label": `source of ${name}` },
        make("h4", { "data-process": letter }, make("b", name), " ", says), code);
      return { mover: new Mover(name, letter, choice => this.move(letter, choice)), says, code, block };
    });
    this.movers = div("bar fp-movers", ...this.each.map(({ mover }) => mover.root), this.extras, this.typed);
    this.sources = div("sources", ...this.each.map(({ block }) => block));
    this.picture = div("picture");
    this.words = make("pre", { class: "fp-unseen", id: `fp-${Math.random().toString(36).slice(2)}` });
    this.picture.setAttribute("aria-describedby", this.words.id);
    this.folded = button("all panels", "", () => { this.open = !this.open; this.tallest = 0; this.arrange(); });
    this.folded.className = "fp-folded";
    this.window = new Window(zoom => { this.zoom = zoom; run.soon(this.look); });
    this.rows = new Map();
    this.log = div("log", {
      role: "log", tabindex: 0, "aria-label": "the steps, the newest first",
      onclick: event => {
        const row = event.target.closest("[data-step]");
        if (row) { this.quiz.close(); run.go(Number(row.dataset.step)); }
      },
    });
    this.key = this.buildKey();
    this.menu = div("menu", { hidden: true, role: "group", "aria-label": "copy and save" });
    this.main = div("main",
      this.sources, div("right", this.folded, this.picture, this.window.root, this.words), this.log);
    this.root = make("div", {
      class: "fp fp-stepper", tabindex: 0, role: "group", "aria-label": `Stepper: ${name}`,
      onkeydown: event => this.pressed(event),
    },
      div("bar",
        div("title", { title: `${name} · ${title}` }, make("b", name), ` ${title}`),
        quiz, button("smaller", "A−", () => { sized(this.root, -1); this.layout(); }),
        button("larger", "A+", () => { sized(this.root, 1); this.layout(); }),
        button("full screen", "", () => this.full(), "full"), share, key),
      div("bar",
        this.start, back, this.track, forward, this.end, play, this.speed, this.story, this.count),
      this.banner,
      div("say", this.doneLabel, this.done, this.nextLabel, this.next),
      this.question, this.movers, this.main, this.key, this.menu);
    sized(this.root);
    el.append(this.root);
  }

  buildKey() {
    const keys = [["← →", "step"], ["Home End", "first, last"], ["space", "play"], ["Tab", "a source: all of it"], ["?", "this key"],
      [".", "blank"], ["F5", "full screen"], ["Page Up, Page Down", "a presenter's remote"]];
    const line = (label, pairs) => make("p", make("b", label), " ", ...pairs.flatMap(([sign, words]) => [make("kbd", sign), ` ${words}  `]));
    const { key } = this.run.run, kinds = [...new Set(key.map(([kind]) => kind))];
    return div("key", { hidden: true }, line("keys", keys), ...kinds.map(kind => line(KINDS[kind], key.filter(([one]) => one === kind).map(sign => sign.slice(1)))));
  }

  // -- doing

  back() { this.quiz.close(); this.run.soon(() => this.run.go(this.run.coming - 1)); }

  forward() {
    const { run } = this;
    if (run.busy) run.soon(() => this.forward());
    else if (!this.quiz.on && run.coming < run.length) run.go(run.coming + 1);
    else if (run.canForward) run.ahead(n => this.quiz.before(n));
    else this.play(false);
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => this.run.canForward && !this.quiz.question ? this.run.busy || this.forward() : this.play(false), this.speed.value) : 0;
    press(this.buttons.play, on);
    this.buttons.play.replaceChildren(icon(on ? "pause" : "play"), "play");
    if (on) this.forward();
  }

  ask(on) {
    this.play(false);
    press(this.buttons.quiz, on);
    this.quiz.toggle(on);
  }

  drag(event) {
    event.preventDefault();
    this.track.focus();
    this.track.setPointerCapture(event.pointerId);
    const { left, width } = this.track.getBoundingClientRect();
    this.run.go(Math.round((event.clientX - left) / width * this.run.length));
  }

  move(letter, choice = "") {
    this.quiz.close();
    if (this.run.port) this.run.do("move", { letter, choice });
    else this.follow(`${this.schedule()} ${letter}${choice}`);
  }

  // The schedule as typed. What is known already needs no kernel, which answers everything else.
  follow(typed = this.typed.value) {
    const { run } = this, words = typed.replace(/[\s,]+/g, ""), moves = words.match(MOVE) || [];
    const same = moves.join("") === words && moves.every((move, i) => run.known[i] === move) && run.has(moves.length);
    if (same) run.go(moves.length);
    else if (run.port) run.do("follow", { text: typed });
    else if (run.known.join("").startsWith(words)) run.tell("go on", "wait");
    else run.tell("Another move needs a kernel.", "fault");
  }

  full() { document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen(); }

  openKey() {
    this.key.hidden = !this.key.hidden;
    press(this.buttons.key, !this.key.hidden);
    (this.key.hidden ? this.root.firstChild : this.key).scrollIntoView({ block: "nearest" });
  }

  openShare() {
    const { run, menu } = this, svg = () => this.picture.querySelector("svg"), file = `${run.run.name}-${run.at}`;
    menu.hidden = !menu.hidden;
    this.buttons.share.setAttribute("aria-expanded", !menu.hidden);
    if (menu.hidden) return;
    const item = (words, act) => button(words, words, () => { this.openShare(); act(); this.arrange(); });
    menu.replaceChildren(
      item("copy the schedule", () => navigator.clipboard.writeText(this.schedule())),
      item("save the picture as SVG", () => save(`${file}.svg`, standalone(svg()), "image/svg+xml")),
      item("save the picture as PNG", async () => save(`${file}.png`, await png(svg()), "image/png")),
      ...(run.port ? [item("save a page that plays", () => run.do("page"))] : []));
    menu.firstElementChild.focus();
  }

  schedule() { return this.run.known.slice(0, this.run.at).join(" "); }

  // -- keys

  pressed(event) {
    if (!plain(event)) return;
    event.stopPropagation();
    const { run } = this, { key, target } = event, field = target.matches("input, select");
    const keys = {
      ArrowRight: () => this.forward(), ArrowLeft: () => this.back(), PageDown: () => this.forward(),
      PageUp: () => this.back(), Home: () => run.go(0), End: () => this.end.click(),
      "?": () => this.openKey(), ".": () => this.root.classList.toggle("fp-blank"), F5: () => this.full(),
      Escape: () => { this.menu.hidden || this.openShare(); this.root.focus(); run.tell(""); },
      " ": () => this.play(!this.playing),
    };
    if (key !== ".") this.root.classList.remove("fp-blank");
    if (field && !["PageDown", "PageUp", "F5", "Escape"].includes(key)) return;
    if (key === " " && target.matches("button")) return;
    if (keys[key]) keys[key]();
    else if (/^[a-z0-9]$/.test(key)) run.soon(() => this.letter(key));
    else if (key === "Backspace") run.soon(() => run.say.kind === "wait" ? run.tell("") : this.back());
    else return;
    event.preventDefault();
  }

  // A letter moves its process; where that must choose, digits and a letter say what.
  letter(key) {
    const { run, quiz } = this, begun = run.say.kind === "wait" ? this.letters : "";
    if (quiz.question && key > 0) return quiz.answer(key - 1);
    quiz.close();
    this.letters = key < "a" || /\d/.test(begun) ? begun + key : key;
    this.follow(`${this.schedule()} ${this.letters}`);
  }

  // -- showing

  show() {
    const { run } = this, view = run.view();
    if (!view) return;
    markup(this.picture, view.svg);
    text(this.words, view.text);
    this.showSaid(view);
    this.showControls(view);
    this.showMovers(view);
    this.showLog();
    this.showExtra(view);
    this.window.show(run.extra.window);
    this.arrange();
    this.layout();
  }

  // Whether a question waits for its answer, which must not be seen meanwhile.
  get asks() { return this.quiz?.question && this.quiz.said == null; }

  showSaid(view) {
    const { run } = this;
    text(this.doneLabel, view.number ? `done ${view.number}` : "");
    const changes = view.changes.flatMap(change => [" ", make("span", { class: "fp-changed" }, change)]);
    this.done.replaceChildren(...(view.number ? [...bold(view.done, run), ...changes] : ["At the beginning."]));
    const said = run.silent
      ? `No kernel answers. The ${run.packed.size} steps that are here can still be played.` : run.say.text;
    text(this.nextLabel, said ? (run.say.kind === "wait" ? "choose" : "note") : "next");
    this.next.className = said && run.say.kind !== "wait" ? "fp-fault" : "";
    this.next.replaceChildren(...(said ? [said] : bold(this.asks ? "?" : view.next, run)));
  }

  showControls(view) {
    const { run } = this, { back, forward, play } = this.buttons, last = run.length;
    enable(this.start, run.at > 0);
    enable(back, run.at > 0);
    for (const one of [forward, this.end, play]) enable(one, run.canForward);
    forward.classList.toggle("fp-ring", Boolean(view.mover));
    this.story.hidden = !run.run.story || !run.port;
    text(this.count, `${run.at.toLocaleString("en")} of ${last.toLocaleString("en")}`);
    this.track.setAttribute("aria-valuemax", last);
    this.track.setAttribute("aria-valuenow", run.at);
    this.track.setAttribute("aria-valuetext", `step ${run.at} of ${last}`);
    this.showTrack(view);
    // What is being typed stays as it is written, as long as it is the present.
    const words = this.schedule(), bare = words.replaceAll(" ", ""), typed = this.typed.value.replace(/[\s,]+/g, "");
    if (document.activeElement !== this.typed || !(run.say.text || run.busy || typed.startsWith(bare))) this.typed.value = words;
  }

  showTrack({ processes }) {
    const { run, track } = this, last = Math.max(run.length, 1), high = 100 / processes.length;
    const moves = processes.map(({ letter }, lane) => {
      const places = run.known.map((move, i) => (move[0] === letter ? `M${(i + 1) / last * 1000 - 3} ${(lane + 0.5) * high}h6` : ""));
      return `<path class="fp-p${lane % 5}" stroke-width="${high * 0.7}" d="${places.join("")}"/>`;
    });
    const marks = [...run.packed.keys()].map(n => [n, run.tells(n).mark]).filter(([, mark]) => mark)
      .map(([n, mark]) => `<i class="fp-mark fp-${mark}" style="left:${n / last * 100}%" title="step ${n}: ${mark}"></i>`);
    markup(track, `<svg preserveAspectRatio="none" viewBox="-8 0 1016 100" aria-hidden="true">${moves.join("")}</svg>${marks.join("")}<i class="fp-now"></i>`);
    track.lastElementChild.style.left = `${run.at / last * 100}%`;
  }

  showMovers(view) {
    view.processes.forEach((process, i) => this.each[i].mover.show(process, view.mover === process.letter));
    this.movers.style.visibility = this.asks ? "hidden" : "";
  }

  // Of many processes, or beside the log, only those have room for their source that moved, or move next.
  showSources({ processes, move, mover }) {
    const acts = ({ letter }) => move[0] === letter || (!this.asks && mover === letter);
    const many = (this.up || processes.length > 3) && processes.some(acts);
    processes.forEach((process, i) => {
      const { block, says, code } = this.each[i];
      says.title = says.textContent = this.asks ? "" : process.says;
      markup(code, process.source);
      block.classList.toggle("fp-waits", !this.asks && !process.can);
      block.classList.toggle("fp-aside", many && !acts(process));
    });
  }

  // Of the rows only those are made that are new.
  showLog() {
    const { run, rows, log } = this, first = Math.max(1, run.at - ROWS + 1);
    for (const [n, row] of rows) if (n < first || n > run.at) { row.remove(); rows.delete(n); }
    for (let n = first; n <= run.at; n++) {
      const told = run.tells(n), lane = run.run.processes.findIndex(([letter]) => letter === run.known[n - 1][0]);
      const name = run.run.processes[lane][1], what = told || run.known[n - 1];
      let row = rows.get(n);
      if (!row) {
        rows.set(n, row = make("button", { type: "button", tabindex: -1, "data-step": n }));
        rows.has(n - 1) ? rows.get(n - 1).before(row) : log.append(row);
      }
      if (row.what === what) continue;
      row.what = what;
      row.replaceChildren(make("span", n), make("span", { class: `fp-p${lane % 5}` }, name), make("span", {},
        ...(told ? [told.done.replace(RegExp(`^(The )?${name} `, "i"), ""), ...told.changes.flatMap(change => [" ", make("i", change)])] : [what])));
    }
  }

  // What a game adds: how it stands, and its buttons.
  showExtra(view) {
    const { run } = this, { score } = view, told = run.extra.told || "";
    if (this.extra !== run.extra) {
      this.extra = run.extra;
      this.extras.replaceChildren(...(run.extra.buttons || []).map(([what, words, title]) =>
        button(title, words, () => { this.play(false); run.do(what); })));
    }
    this.banner.hidden = !score && !told;
    if (this.banner.hidden) return;
    this.banner.className = `fp-banner fp-${score?.kind || "none"}`;
    const again = score?.write ? [button("from the last write of that page", `play from its last write, step ${score.write}`,
      () => { run.go(score.write - 1); this.play(true); })] : [];
    this.banner.replaceChildren(make("b", score?.text || ""), " ", told, " ", ...again);
  }

  // -- the room that there is

  pane() {
    return (this.root.closest(":fullscreen, .jp-WindowedPanel-outer") || document.documentElement).clientHeight;
  }

  // What the room depends on. Asking makes the browser lay the page out, so `show` arranges everything as it was right
  // the last time, and here it is done again only where that is no longer so.
  layout() {
    const { root, main } = this;
    if (!root.clientWidth) return;
    const now = [main.clientWidth, this.pane(), parseFloat(getComputedStyle(root).fontSize),
      main.getBoundingClientRect().top - root.getBoundingClientRect().top];
    if (String(now) !== String(this.room)) {
      if (String(now.slice(0, 3)) !== String(this.room?.slice(0, 3))) { this.tallest = 0; this.lines = 9.5; this.up = this.small = false; }
      this.room = now;
      this.arrange();
    }
    for (const { code } of this.each) {
      const lit = code.querySelector(".running .now") || code.querySelector(".now");
      if (!lit) continue;
      const { height } = lit.getBoundingClientRect(), row = 1.35 * this.room[2];
      code.scrollTop = lit.offsetTop - row * Math.round((code.clientHeight - height) * 0.6 / row);
    }
  }

  arrange() {
    if (!this.room) return;
    const [width, pane, em, top] = this.room, svg = this.picture.firstElementChild, natural = svg.viewBox.baseVal.width;
    const least = natural * READABLE * em / 13, beside = width - least - 16 >= 21 * em;
    const full = beside ? Math.min(Math.max(least, width * 0.58), natural * 1.5) : width;
    let tall, wide, placed;
    // Where the picture needs the room, the source first gets fewer lines, then the log goes beside it, then letters get
    // smaller. That the last row of the log is below the pane, 26 pixels, is no reason.
    do {
      wide = this.small ? Math.min(least, full) : full;
      tall = Math.max(pane - top - ((this.up ? 2 : 6.5) + (beside ? 0 : this.lines)) * em, 12 * em);
      placed = place(svg, wide, this.open ? Infinity : tall, this.up ? 0 : this.tallest, this.up ? 0 : SPARE);
    } while ((placed.tight || placed.high > tall + 26) && (!beside && this.lines > 7 ? this.lines = 6.8
      : !this.up ? this.up = true : !beside && !this.small && (this.small = true)));
    const { high, folded } = placed;
    this.tallest = Math.max(this.tallest, high);
    this.root.classList.toggle("fp-beside", beside);
    this.root.classList.toggle("fp-up", this.up);
    this.main.style.setProperty("--fp-wide", `${wide}px`);
    this.picture.style.minHeight = this.up ? 0 : `${this.tallest}px`;
    this.sources.style.height = `${!beside ? this.lines * em : this.up ? tall - 5 * em
      : Math.min(Math.max(this.tallest, 17 * em), tall + 5.5 * em)}px`;
    this.showSources(this.run.view());
    this.folded.hidden = !folded.length && !this.open;
    this.folded.replaceChildren(...(this.open ? ["▾ fold"] : ["▸ ", ...folded.flatMap((g, i) =>
      [i ? " · " : "", make("span", { class: g.matches(".fp-marked") && "fp-changed" }, g.dataset.name || "note")])]));
  }
}

// One process's button, and what it can choose from.
class Mover {
  constructor(name, letter, move) {
    this.button = button(`move the ${name}`, `${name} (${letter})`, () => move(this.what.value));
    this.what = make("select", { "aria-label": `${name}'s choice` });
    this.why = make("span", { class: "fp-why" });
    this.root = make("span", { class: "fp-mover" }, this.button, this.what, this.why);
  }

  show({ name, says, can, choices }, ringed) {
    enable(this.button, can);
    this.button.classList.toggle("fp-ring", ringed);
    this.button.classList.toggle("fp-go", can);
    this.button.title = `${name} ${says}`;
    text(this.why, can ? "" : says);
    this.why.title = says;
    this.what.hidden = !choices.length;
    const drawn = choices.join(), chosen = this.what.value;
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.what.replaceChildren(...choices.map(([value, words]) => make("option", { value }, `${value}  ${words}`)));
    if (choices.some(([value]) => value === chosen)) this.what.value = chosen;
  }
}

// A sentence with the name of who acts in bold.
function bold(sentence, { run }) {
  const who = run.processes.map(([, name]) => name).find(name => sentence.startsWith(`The ${name} `));
  return who ? ["The ", make("b", who), sentence.slice(4 + who.length)] : [sentence];
}
