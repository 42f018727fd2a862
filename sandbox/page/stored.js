// What the bot keeps: its tables and how many rows each has; what has just changed stands out. Never what is in them.

import { call } from "./api.js";
import { element } from "./element.js";
import { pageWords } from "./words.js";

export class Stored {
  constructor(body) {
    this.body = body;
    this.counts = null;
  }

  async refresh() {
    if (this.busy) return;
    this.busy = true;
    try {
      const counts = await call("GET", "/stored");
      const rows = Object.entries(counts).map(([table, rows]) => this.row(table, rows));
      this.body.replaceChildren(...(rows.length ? rows : [element("tr", "", pageWords.nothingStored)]));
      this.counts = counts;
    } finally {
      this.busy = false;
    }
  }

  row(table, rows) {
    const made = element("tr", rows ? "" : "no-rows");
    const head = element("th", "", table);
    head.scope = "row";
    const before = this.counts?.[table] ?? rows;
    const change = rows - before;
    made.append(head, element("td", "change", change ? `${change > 0 ? "+" : "−"}${Math.abs(change)}` : ""), element("td", "", String(rows)));
    return made;
  }
}
