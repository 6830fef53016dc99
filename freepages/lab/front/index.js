// What anywidget calls, and what a page without a kernel calls.

import { Explorer } from "./explorer.js";
import { Run } from "./run.js";
import { Stepper } from "./stepper.js";

const runs = new WeakMap();

// A widget's model as the port to its kernel.
function port(model) {
  return {
    send: message => model.send(message),
    listen: callback => model.on("msg:custom", callback),
    kept: () => model.get("kept"),
    keep: kept => model.set("kept", kept),
  };
}

export default {
  render({ model, el }) {
    if (model.get("kind") === "explorer") return void new Explorer(port(model), el);
    if (!runs.has(model)) runs.set(model, new Run(port(model), model.get("kept")));
    const stepper = new Stepper(runs.get(model), el);
    return () => stepper.destroy();
  },
};

// A page without a kernel: everything is in it.
export function open(kept, el) {
  const run = new Run(null, kept), wanted = () => Number(location.hash.slice(1) || run.at);
  run.go(wanted());
  new Stepper(run, el);
  run.listeners.add(() => history.replaceState(null, "", `#${run.at}`));
  addEventListener("hashchange", () => run.go(wanted()));
}
