// A picture that follows the theme.

export default {
  render({ model, el }) { el.innerHTML = `<div class="fp-still">${model.get("kept").svg}</div>`; },
};
