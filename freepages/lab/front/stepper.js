// The stepper: places what Python drew and said, and listens to mouse, keys and a presenter's remote.

import { button, div, enable, icon, make, markup, press, sized, text } from "./dom.js";
import { place, png, standalone } from "./picture.js";
import { Quiz } from "./quiz.js";
import { Window } from "./explorer.js";
import { save } from "./run.js";

const SPEEDS = { "× ½": 1600, "× 1": 800, "× 2": 400, "× 4": 200 };
const ROWS = 200; // of the log
const READABLE = 1.09; // pixels on the screen for a pixel of the picture, whose letters have 12 at least
const KINDS = { move: "moves", state: "pages", mark: "marks" };
const MOVE = /([a-z])([0-9]+[a-z])?/g;

export class Stepper {
  constructor(run, el) {
    this.run = run;
    this.built = {};
    this.letters = "";
    this.follow = this.follow.bind(this);
    this.look = () => run.do("zoom", this.zoom);
    this.build(el);
    this.quiz = new Quiz(run, this.question, () => this.show());
    run.listeners.add(this.show = this.show.bind(this));
    this.watch = new ResizeObserver(() => this.layout(true));
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
    this.movers = div("bar fp-movers");
    this.typed = make("input", {
      type: "text", "aria-label": "schedule", placeholder: "type moves here",
      oninput: () => run.soon(this.follow),
    });
    this.sources = div("sources");
    this.picture = div("picture");
    this.words = make("pre", { class: "fp-unseen", id: `fp-${Math.random().toString(36).slice(2)}` });
    this.picture.setAttribute("aria-describedby", this.words.id);
    this.folded = button("all panels", "", () => { this.open = !this.open; this.layout(); });
    this.folded.className = "fp-folded";
    this.window = new Window(zoom => { this.zoom = zoom; run.soon(this.look); });
    this.log = div("log", { role: "log", tabindex: 0, "aria-label": "the steps, the newest first" });
    this.key = div("key", { hidden: true });
    this.menu = div("menu", { hidden: true, role: "group", "aria-label": "copy and save" });
    this.main = div("main",
      this.sources, div("right", this.picture, this.folded, this.window.root, this.words));
    this.root = make("div", {
      class: "fp fp-stepper", tabindex: 0, role: "group", "aria-label": `Stepper: ${name}`,
      onkeydown: event => this.pressed(event),
    },
      div("bar",
        div("title", { title: `${name} · ${title}` }, make("b", {}, name), ` ${title}`),
        quiz, button("smaller", "A−", () => { sized(this.root, -1); this.layout(true); }),
        button("larger", "A+", () => { sized(this.root, 1); this.layout(true); }),
        button("full screen", "", () => this.full(), "full"), share, key),
      div("bar",
        this.start, back, this.track, forward, this.end, play, this.speed, this.story, this.count),
      this.banner,
      div("say", this.doneLabel, this.done, this.nextLabel, this.next),
      this.question, this.movers, this.main, this.log, this.key, this.menu);
    sized(this.root);
    el.append(this.root);
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
    else if (this.run.known[this.run.at] === letter + choice) this.forward();
    else this.run.tell("Another move needs a kernel.", "fault");
  }

  // The schedule as typed: what is known already needs no kernel.
  follow() {
    const { run } = this, words = this.typed.value.replace(/[\s,]+/g, ""), moves = words.match(MOVE) || [];
    const same = moves.join("") === words && moves.every((move, i) => run.known[i] === move) && run.has(moves.length);
    if (same || !run.port) run.go(same ? moves.length : run.at);
    else run.do("follow", { text: this.typed.value });
  }

  full() { document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen(); }

  openKey() {
    this.key.hidden = !this.key.hidden;
    press(this.buttons.key, !this.key.hidden);
    if (!this.key.hidden) this.key.scrollIntoView({ block: "nearest" });
  }

  openShare() {
    const { run, menu } = this, svg = () => this.picture.querySelector("svg"), file = `${run.run.name}-${run.at}`;
    menu.hidden = !menu.hidden;
    this.buttons.share.setAttribute("aria-expanded", !menu.hidden);
    if (menu.hidden) return;
    const item = (words, act) => button(words, words, () => { this.openShare(); act(); });
    menu.replaceChildren(
      item("copy the schedule", () => navigator.clipboard.writeText(this.schedule())),
      item("save the picture as SVG", () => save(`${file}.svg`, standalone(svg()), "image/svg+xml")),
      item("save the picture as PNG", async () => save(`${file}.png`, await png(svg()))),
      ...(run.port ? [item("save a page that plays", () => run.do("page"))] : []));
    menu.firstElementChild.focus();
  }

  schedule() { return this.run.known.slice(0, this.run.at).join(" "); }

  // -- keys

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
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
    if (target === this.log && /^(Arrow(Up|Down))$/.test(key)) return;
    if (keys[key]) keys[key]();
    else if (/^[a-z0-9]$/.test(key)) run.soon(() => this.letter(key));
    else if (key === "Backspace") run.soon(() => this.letters ? run.tell("") : this.back());
    else return;
    event.preventDefault();
  }

  // A letter moves its process; where that must choose, digits and a letter say what. Any other is refused here.
  letter(key) {
    const { run, quiz } = this, typed = this.letters + key, choice = typed.slice(1), { processes } = run.view();
    const process = processes.find(one => one.letter === typed[0]), may = process?.choices.map(([value]) => value) || [];
    if (quiz.question && key > 0) return quiz.answer(key - 1);
    this.letters = "";
    quiz.close();
    if (/^[a-z]/.test(choice)) return this.letter(key);
    const begun = may.filter(value => value.startsWith(choice)), named = may.length && may.length < 200;
    if (!process) {
      run.tell(`no process has the letter '${key}': there are ${processes.map(one => `${one.letter} (${one.name})`).join(", ")}`, "fault");
    } else if (!may.length || /[a-z]$/.test(choice)) this.move(process.letter, choice);
    else if (named && !begun.length) run.tell(`${process.name} cannot choose '${choice}': it may choose ${some(may)}`, "fault");
    else {
      this.letters = typed;
      run.tell(`go on typing: ${process.name} may choose ${some(begun)}`, "wait");
    }
  }

  // -- showing

  show() {
    const { run } = this, view = run.view();
    if (!view) return;
    if (run.say.kind !== "wait") this.letters = "";
    markup(this.picture, view.svg);
    text(this.words, view.text);
    this.showSaid(view);
    this.showControls(view);
    this.showMovers(view);
    this.showSources(view);
    this.showLog();
    this.showKey();
    this.showExtra(view);
    this.window.show(run.extra.window);
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
    const { run } = this, { back, forward, play } = this.buttons;
    const last = run.length;
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

  showTrack(view) {
    const { run } = this, letters = view.processes.map(p => p.letter);
    const drawn = `${run.known.join()}|${run.packed.size}`;
    if (this.track.drawn !== drawn) {
      this.track.drawn = drawn;
      const last = Math.max(run.length, 1), high = 100 / letters.length;
      const moves = letters.map((letter, lane) => {
        const places = run.known.map((move, i) => (move[0] === letter ? `M${(i + 1) / last * 1000 - 3} ${(lane + 0.5) * high}h6` : ""));
        return `<path class="fp-p${lane % 5}" stroke-width="${high * 0.7}" d="${places.join("")}"/>`;
      });
      const marks = [];
      for (const n of [...run.packed.keys()].sort((a, b) => a - b)) {
        const { mark } = run.view(n);
        if (mark) marks.push(`<i class="fp-mark fp-${mark}" style="left:${n / last * 100}%" title="step ${n}: ${mark}"></i>`);
      }
      this.track.innerHTML = `<svg preserveAspectRatio="none" viewBox="-8 0 1016 100" aria-hidden="true">${moves.join("")}</svg>${marks.join("")}<i class="fp-now"></i>`;
    }
    this.track.lastElementChild.style.left = `${run.at / Math.max(run.length, 1) * 100}%`;
  }

  showMovers(view) {
    if (!this.built.movers) {
      this.built.movers = view.processes.map(process => new Mover(process, choice => this.move(process.letter, choice)));
      this.extras = make("span", { class: "fp-bar" });
      this.movers.replaceChildren(...this.built.movers.map(mover => mover.root), this.extras, this.typed);
    }
    view.processes.forEach((process, i) => this.built.movers[i].show(process, !this.asks && view.mover === process.letter));
  }

  showSources(view) {
    if (!this.built.sources) {
      this.built.sources = view.processes.map(process => {
        const says = make("span"), code = div("code", { tabindex: -1 });
        const block = make("section", { "aria-label": `source of ${process.name}` },
          make("h4", { "data-process": process.letter }, make("b", {}, process.name), " ", says), code);
        this.sources.append(block);
        return { block, says, code };
      });
    }
    view.processes.forEach((process, i) => {
      const { block, says, code } = this.built.sources[i];
      text(says, process.says);
      says.title = process.says;
      markup(code, process.source);
      block.classList.toggle("fp-waits", !process.can);
    });
  }

  showLog() {
    const { run } = this, rows = [];
    for (let n = run.at; n > Math.max(0, run.at - ROWS); n--) {
      const view = run.has(n) ? run.view(n) : null;
      const lane = run.run.processes.findIndex(([letter]) => letter === run.known[n - 1][0]);
      rows.push(`<button type="button" tabindex="-1" data-step="${n}"${n === run.at ? ' aria-current="step"' : ""}><span>${n}</span>`
        + `<span class="fp-p${lane % 5}">${escape(run.run.processes[lane][1])}</span><span>`
        + (view ? escape(view.done.replace(`The ${run.run.processes[lane][1]} `, "")) + view.changes.map(c => ` <i>${escape(c)}</i>`).join("") : escape(run.known[n - 1]))
        + "</span></button>");
    }
    markup(this.log, rows.join(""));
    this.log.onclick = event => {
      const row = event.target.closest("[data-step]");
      if (row) { this.quiz.close(); run.go(Number(row.dataset.step)); }
    };
  }

  showKey() {
    if (this.built.key) return;
    this.built.key = true;
    const keys = [["← →", "step"], ["Home End", "first, last"], ["space", "play"], ["?", "this key"],
      [".", "blank"], ["F5", "full screen"], ["Page Up, Page Down", "a presenter's remote"]];
    const line = (label, pairs) => make("p", {}, make("b", {}, label), " ", ...pairs.flatMap(([sign, words]) => [make("kbd", {}, sign), ` ${words}  `]));
    const { key } = this.run.run, kinds = [...new Set(key.map(([kind]) => kind))];
    this.key.append(line("keys", keys), ...kinds.map(kind => line(KINDS[kind], key.filter(([one]) => one === kind).map(sign => sign.slice(1)))));
  }

  // What a game adds: how it stands, and its buttons.
  showExtra(view) {
    const { run } = this, { score } = view, told = run.extra.told || "";
    const buttons = (run.extra.buttons || []).map(([what, words, title]) => button(title, words, () => { this.play(false); run.do(what); }));
    if (this.built.extras !== JSON.stringify(run.extra)) {
      this.built.extras = JSON.stringify(run.extra);
      this.extras.replaceChildren(...buttons);
    }
    this.banner.hidden = !score && !told;
    if (this.banner.hidden) return;
    this.banner.className = `fp-banner fp-${score?.kind || "none"}`;
    const again = score?.write ? [button("from the last write of that page", `play from its last write, step ${score.write}`,
      () => { run.go(score.write - 1); this.play(true); })] : [];
    this.banner.replaceChildren(make("b", {}, score?.text || ""), " ", told, " ", ...again);
  }

  // -- the room that there is

  pane() {
    if (document.fullscreenElement === this.root) return this.root.clientHeight;
    const outer = this.root.closest(".jp-WindowedPanel-outer, .jp-Notebook");
    return (outer || document.documentElement).clientHeight;
  }

  layout(again = false) {
    const { root, picture } = this, svg = picture.firstElementChild;
    if (!svg || !root.clientWidth || !this.extras) return;
    const size = Number(root.style.getPropertyValue("--fp-size")) || 1;
    const natural = Number((svg.dataset.box || svg.getAttribute("viewBox")).split(" ")[2]);
    const width = this.main.clientWidth, wide = natural * READABLE * size;
    const beside = width - wide - 16 >= 270 * size;
    if (again) this.tallest = 0;
    root.classList.toggle("fp-beside", beside);
    this.main.style.setProperty("--fp-wide", `${beside ? Math.min(Math.max(wide, width * 0.58), natural * 1.5) : width}px`);
    const top = this.main.getBoundingClientRect().top - root.getBoundingClientRect().top;
    const em = parseFloat(getComputedStyle(root).fontSize);
    let sources, room, folded;
    // Fewer lines of source where the first map needs the room.
    for (const lines of [9.5, 6]) {
      sources = beside ? 0 : lines * em;
      room = Math.max(this.pane() - top - 6.5 * em - sources, 12 * em);
      folded = place(picture, this.run.view().svg, room, this.open);
      if (beside || svg.style.width === "100%") break;
    }
    this.folded.hidden = !folded.length && !this.open;
    text(this.folded, this.open ? "▾ fold" : `▸ ${folded.filter(Boolean).join(" · ") || "more"}`);
    this.tallest = Math.max(this.tallest || 0, picture.clientHeight);
    picture.style.minHeight = `${this.tallest}px`;
    this.sources.style.height = beside ? `${Math.max(this.tallest, Math.min(room, 17 * em))}px` : `${sources}px`;
    for (const { code } of this.built.sources) {
      const lit = code.querySelector(".running .now") || code.querySelector(".now");
      if (lit) code.scrollTop = lit.offsetTop - (code.clientHeight - lit.offsetHeight) * 0.6;
    }
  }
}

// One process's button, and what it can choose from.
class Mover {
  constructor({ name, letter }, move) {
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

const some = choices => choices.slice(0, 8).join(", ") + (choices.length > 8 ? " …" : "");

const escape = words => words.replace(/[&<>]/g, sign => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

// A sentence with the name of who acts in bold.
function bold(sentence, { run }) {
  const who = run.processes.map(([, name]) => name).find(name => sentence.startsWith(`The ${name} `));
  return who ? ["The ", make("b", {}, who), sentence.slice(4 + who.length)] : [sentence];
}
