// The side panel: what the bot calls, what it keeps, what goes wrong on demand.

import { arrows } from "./element.js";

export class Panel {
  // sections: { traffic, stored, trouble }, each with refresh()
  constructor(root, toggle, sections) {
    this.root = root;
    this.sections = sections;
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.toggle = toggle;
    toggle.addEventListener("click", () => this.show(root.hidden));
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.show(false);
      toggle.focus();
    });
    for (const tab of this.tabs) tab.addEventListener("click", () => this.choose(tab));
    arrows(root.querySelector("[role=tablist]"), "[role=tab]", { onMove: (tab) => this.choose(tab) });
  }

  show(open) {
    this.root.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    this.refresh();
  }

  choose(chosen) {
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
    this.refresh();
  }

  refresh() {
    if (this.root.hidden) return;
    const shown = this.tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    this.sections[shown.getAttribute("aria-controls")].refresh();
  }
}
