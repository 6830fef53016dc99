// A notebook is saved with what its widgets show, as it is where JupyterLab's setting says so.
export function keep(manager) {
  const { context } = manager || {};
  if (!context || context.fp) return;
  context.fp = true;
  context.saveState.connect((_, now) => now === "started" && context.model.setMetadata?.("widgets",
    { "application/vnd.jupyter.widget-state+json": manager.get_state_sync({ drop_defaults: true }) }));
}
