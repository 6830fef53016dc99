// A picture that follows the theme.

import { keep } from "./keep.js";

export default {
  render({ model, el }) {
    keep(model.widget_manager);
    el.innerHTML = `<div class="fp-still">${model.get("kept").svg}</div>`;
  },
};
