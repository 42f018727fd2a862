// Small helpers to build elements. Whatever people and bots say only ever becomes text.

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function button(className, text, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

export function name(made, label) {
  made.title = label;
  made.setAttribute("aria-label", label);
  return made;
}

// Arrow keys, Home and End move the focus among the items of a menu or a row of tabs.
export function arrows(container, selector, { onMove = () => {}, onEscape = () => {} } = {}) {
  container.addEventListener("keydown", (event) => {
    const items = [...container.querySelectorAll(selector)];
    const at = items.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 };
    if (event.key === "Escape") onEscape();
    if (!(event.key in steps) || at < 0) return;
    event.preventDefault();
    const next = items[(steps[event.key] + items.length) % items.length];
    next.focus();
    onMove(next);
  });
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
