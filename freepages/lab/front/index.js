// What anywidget calls, and what a page without a kernel calls.

import { Explorer } from "./explorer.js";
import { keep } from "./keep.js";
import { Run } from "./run.js";
import { Stepper } from "./stepper.js";

const runs = new Map(); // by the widget's id: each view gets a model object of its own
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
    keep(model.widget_manager);
    if (model.get("kind") === "explorer") return void new Explorer(port(model), el);
    const id = model.get("id");
    if (!runs.has(id)) runs.set(id, new Run(port(model), model.get("kept")));
    const view = new Stepper(runs.get(id), el);
    return () => view.destroy();
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
