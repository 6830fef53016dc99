// A notebook is saved with what its widgets show, as it is where JupyterLab's setting says so. Who shows something
// listens for "fp-save".
export function keep(manager) {
  const { context } = manager || {};
  if (!context || context.fp) return;
  context.fp = true;
  context.saveState.connect((_, now) => {
    if (now !== "started") return;
    dispatchEvent(new Event("fp-save"));
    context.model.setMetadata?.("widgets",
      { "application/vnd.jupyter.widget-state+json": manager.get_state_sync({ drop_defaults: true }) });
  });
}
