// A run as the front end has it: the moves that are known, and of many moments the view.
// What is known is played here. Everything else is asked of the kernel, if there is one.

const AHEAD = 24, BEHIND = 8, BATCH = 12; // views to fetch without being asked
const MOST = 3e7; // characters kept; after that the page begins anew with the views around the present
const TELL = 60; // milliseconds after which a step is painted, and the kernel is told
const PATIENCE = 5000; // milliseconds without an answer, after which that is said
const SAVED = { views: 20, bytes: 40000 };

export class Run {
  // `port` has send(message) and listen(callback); null in a page without a kernel.
  constructor(port, kept) {
    this.port = port;
    this.listeners = new Set();
    this.say = { text: "", kind: "" };
    this.silent = false;
    this.extra = {};
    this.asked = []; // by the number of a question: where it was asked
    this.later = []; // what is done when the answer is here
    this.bytes = 0;
    this.load(kept);
    if (port) {
      port.listen(message => this.receive(message));
      addEventListener("fp-save", () => port.keep(this.kept()));
    }
    this.ask({ do: "hello" });
  }

  load({ run, at, known, pool, views }) {
    Object.assign(this, { run, at, known, pool: Object.assign([], pool), seen: new Map(), told: new Map() });
    this.packed = new Map(Object.entries(views).map(([n, view]) => [+n, view]));
  }

  // -- views

  has(n) { return this.packed.has(n); }

  view(n = this.at) {
    if (!this.has(n)) return null;
    if (!this.seen.has(n)) {
      if (this.seen.size > 60) this.seen.clear();
      const view = JSON.parse(places(this.packed.get(n)).map(i => this.pool[i]).join("")), { done, changes, mark } = view;
      this.seen.set(n, view);
      this.told.set(n, { done, changes, mark });
    }
    return this.seen.get(n);
  }

  // What log and track say of a step, if it is here: of a long run it is wanted all the time.
  tells(n) {
    this.told.has(n) || this.view(n);
    return this.told.get(n);
  }

  forget(least) {
    for (const views of [this.packed, this.seen, this.told]) {
      for (const n of views.keys()) if (n >= least) views.delete(n);
    }
  }

  // Where it will be once what is asked for is here.
  get coming() { return this.wanted ?? this.at; }

  get length() { return this.known.length; }

  get canForward() { return this.at < this.length || (this.port && this.view()?.mover); }

  // -- what a person does

  // Now, or once the answer is here that is under way: no press is lost, and no answer undoes one.
  soon(act) { this.busy ? this.later.includes(act) || this.later.push(act) : act(); }

  go(n) {
    if (this.busy) return this.soon(() => this.go(n));
    n = Math.max(0, Math.min(n, this.length));
    if (!this.has(n)) {
      this.wanted = n;
      this.ask({ do: "views", numbers: [n] }, true);
      if (!this.port) this.tell("this step is not here", "fault");
      return;
    }
    this.wanted = null;
    if (n !== this.at) {
      this.then = null;
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.send({ do: "at", number: this.at }), TELL);
    }
    this.at = n;
    this.say = { text: "", kind: "" };
    this.changed();
  }

  // Calls `then(n)` once the view after the next step is here; nobody has moved yet.
  ahead(then) {
    const n = this.at + 1;
    if (this.has(n)) return then(n);
    if (!this.canForward) return;
    this.then = then;
    this.busy = this.ask(n <= this.length ? { do: "views", numbers: [n] } : { do: "ahead", number: this.at }, true);
  }

  do(what, more = {}) { this.soon(() => { this.busy = this.ask({ do: what, number: this.at, ...more }, true); }); }

  tell(text, kind = "") {
    this.say = { text, kind };
    this.changed();
  }

  // -- the kernel

  // The number of the question, 0 where nobody answers; with it the answer comes back.
  ask(message, waits = false) {
    if (!this.port) return 0;
    if (waits) this.wait();
    if (message.number != null) clearTimeout(this.telling);
    this.send({ ...message, ask: this.asked.push(this.at) });
    return this.silent ? 0 : this.asked.length;
  }

  // A kernel that was restarted knows nothing of us: then sending fails.
  send(message) {
    try { this.port?.send(message); } catch { this.lose(); }
  }

  wait() {
    clearTimeout(this.clock);
    this.clock = setTimeout(() => this.lose(), PATIENCE);
  }

  lose() {
    clearTimeout(this.clock);
    this.silent = true;
    this.busy = 0;
    this.later = [];
    this.changed();
  }

  // An answer, after which is shown once what there is now.
  receive(message) {
    this.receiving = true;
    this.take(message);
    this.receiving = false;
    this.changed();
  }

  take(message) {
    const from = this.asked[message.ask - 1] ?? this.at, here = this.at;
    clearTimeout(this.clock);
    this.silent = this.fetching = false;
    if (message.ask === this.busy) this.busy = 0;
    if (message.reset) { this.pool = []; this.forget(0); this.bytes = 0; }
    message.pool?.pieces.forEach((piece, i) => { this.pool[message.pool.from + i] = piece; this.bytes += piece.length; });
    if (message.drop != null) this.forget(message.drop);
    for (const [n, view] of Object.entries(message.views || {})) {
      this.packed.set(+n, view);
      this.seen.delete(+n);
      this.told.delete(+n);
    }
    if (message.known) this.known = message.known;
    if (message.extra) this.extra = message.extra;
    if (message.file) save(message.file.name, message.file.text, "text/html");
    if (message.at != null) { this.at = message.at; if (!message.reset) this.wanted = null; }
    if (message.say) this.say = message.say;
    // Who went on since an answer was given up, or before the first one, stays where they are.
    if (message.at != null && from !== here) this.go(here);
    else if (this.has(this.wanted)) this.go(this.wanted);
    const { then } = this;
    if (message.say?.text) this.then = null;
    else if (then && this.has(this.at + 1)) { this.then = null; then(this.at + 1); }
    while (!this.busy && this.later.length) this.later.shift()();
    if (this.busy || this.wanted != null) this.wait();
  }

  fetch() {
    if (!this.port || this.fetching || this.silent) return;
    if (this.bytes > MOST) { this.fetching = true; return this.ask({ do: "hello" }); }
    const numbers = [];
    for (let n = this.at; n <= Math.min(this.length, this.at + AHEAD); n++) if (!this.has(n)) numbers.push(n);
    for (let n = this.at - 1; n >= Math.max(0, this.at - BEHIND); n--) if (!this.has(n)) numbers.push(n);
    if (!numbers.length) return;
    this.fetching = true;
    this.ask({ do: "views", numbers: numbers.slice(0, BATCH).sort((a, b) => a - b) });
  }

  changed() {
    if (this.receiving) return;
    this.listeners.forEach(listener => listener());
    this.fetch();
  }

  // What a saved notebook keeps: the present, and as much around it as there is room for.
  kept() {
    const { run, at, known } = this, pool = {}, views = {};
    const numbers = [...this.packed.keys()].sort((a, b) => Math.abs(a - at) - Math.abs(b - at));
    let bytes = 0;
    for (const n of numbers.slice(0, SAVED.views)) {
      const view = this.packed.get(n), fresh = places(view).filter(i => !(i in pool));
      for (const i of fresh) bytes += this.pool[i].length + 12;
      bytes += view.length * 6;
      if (n !== at && bytes > SAVED.bytes) break;
      for (const i of fresh) pool[i] = this.pool[i];
      views[n] = view;
    }
    return { run, at, known, pool, views };
  }
}

// The places that a packed view stands for: -n are the n that follow the one before.
function places(packed) {
  const all = [];
  for (const place of packed) {
    if (place >= 0) all.push(place);
    else for (let n = -place; n; n--) all.push(all.at(-1) + 1);
  }
  return all;
}

export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
