// Quiz mode: before a step is shown, a question about it; answered by a click or its digit.

import { make, press } from "./dom.js";

export class Quiz {
  constructor(run, host, done) {
    Object.assign(this, { run, host, done, on: false });
  }

  toggle(on) {
    this.on = on;
    this.right = this.asked = 0;
    this.missed = [];
    this.close();
  }

  // Asks about step n, then shows it; where there is nothing to ask it is shown at once.
  before(n) {
    const { questions } = this.run.view(n);
    if (!this.on || !questions.length) return this.run.go(n);
    this.step = n;
    this.question = questions[n % questions.length];
    this.said = null;
    this.draw();
  }

  answer(i) {
    const { question } = this;
    if (!question || this.said != null || !(i in question.answers)) return;
    this.said = i;
    this.asked++;
    if (i === question.right) this.right++;
    else if (!this.missed.includes(this.step)) this.missed.push(this.step);
    this.run.go(this.step);
    this.draw();
  }

  again() {
    const n = this.missed.shift();
    this.run.go(n - 1);
    this.run.ahead(next => this.before(next));
  }

  close() {
    if (!this.on && this.host.hidden) return;
    this.question = null;
    this.draw();
  }

  draw() {
    const { question, said } = this, parts = [];
    if (this.on) {
      parts.push(make("b", question ? question.text : "Go forward: a question is first."));
      question?.answers.forEach((words, i) => {
        const mark = said == null ? "" : i === question.right ? " ✓" : i === said ? " ✗" : "";
        const one = make("button", { type: "button", onclick: () => this.answer(i) }, make("kbd", i + 1), ` ${words}${mark}`);
        if (said != null) press(one, i === said);
        if (mark) one.className = i === question.right ? "fp-right" : "fp-wrong";
        parts.push(one);
      });
      if (this.asked) parts.push(make("span", `${this.right} of ${this.asked} right`));
      if (this.missed.length && (!question || said != null)) {
        parts.push(make("button", { type: "button", onclick: () => this.again() }, `again: step ${this.missed[0]}`));
      }
    }
    this.host.replaceChildren(...parts);
    this.host.hidden = !this.on;
    this.done();
  }
}
