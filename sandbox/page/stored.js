// What the bot keeps: its tables, how many rows each has, and the newest of them when one opens it. What has just
// changed stands out. What is sealed or secret comes as its length only.

import { call } from "./api.js";
import { button, element } from "./element.js";
import { oneAtATime } from "./looking.js";
import { pageWords } from "./words.js";

const PAGE = 20;
const MOST = 200;

export class Stored {
  constructor(root) {
    this.root = root;
    this.tables = new Map(); // name → Table
    this.names = null;
    this.refresh = oneAtATime(() => this.look());
  }

  async look() {
    const counts = await call("GET", "/stored");
    this.lay(Object.keys(counts));
    await Promise.all(Object.entries(counts).map(([name, count]) => this.tables.get(name).show(count)));
  }

  // Laid out again only when there are other tables: what one has opened stays open.
  lay(names) {
    if (String(names) === this.names) return;
    this.names = String(names);
    for (const name of names) if (!this.tables.has(name)) this.tables.set(name, new Table(name));
    const shown = names.map((name) => this.tables.get(name).root);
    this.root.replaceChildren(...(shown.length ? shown : [element("p", "hint", pageWords.nothingStored)]));
  }
}

class Table {
  constructor(name) {
    this.name = name;
    this.count = null;
    this.limit = PAGE;
    this.seen = null; // row id → column → what it showed
    this.root = element("details", "table");
    this.change = element("span", "change");
    this.number = element("span", "number");
    this.rows = element("div", "rows");
    const summary = element("summary");
    summary.append(element("span", "table-name", name), this.change, this.number);
    this.root.append(summary, this.rows);
    this.root.addEventListener("toggle", () => this.showRows());
  }

  async show(count) {
    const change = count - (this.count ?? count);
    this.count = count;
    this.number.textContent = String(count);
    this.change.textContent = change ? `${change > 0 ? "+" : "−"}${Math.abs(change)}` : "";
    this.root.classList.toggle("no-rows", count === 0);
    await this.showRows();
  }

  async showRows() {
    if (!this.root.open) {
      this.seen = null;
      return;
    }
    const rows = await call("GET", `/stored/${encodeURIComponent(this.name)}?limit=${this.limit}`);
    this.rows.replaceChildren(...rows.map((row) => this.row(row)));
    if (!rows.length) this.rows.append(element("p", "hint", pageWords.noRows));
    if (this.count > rows.length && this.limit < MOST) this.rows.append(button("older", pageWords.older, () => this.showOlder()));
    this.seen = new Map(rows.map(({ id, cells }) => [id, new Map(cells.map((cell) => [cell.column, cellText(cell)]))]));
  }

  async showOlder() {
    const before = this.rows.childElementCount - 1;
    this.limit = Math.min(this.limit + PAGE * 2, MOST);
    await this.showRows();
    this.rows.children[before]?.focus();
  }

  // Only what has something in it: most columns of most rows are empty.
  row({ id, cells }) {
    const made = element("dl", "row");
    made.tabIndex = -1;
    for (const cell of cells.filter(({ kind }) => kind !== "empty")) {
      const text = cellText(cell);
      const value = element("dd", cell.kind, text);
      if (this.seen && this.seen.get(id)?.get(cell.column) !== text) value.classList.add("fresh");
      made.append(element("dt", "", cell.column), value);
    }
    return made;
  }
}

function cellText({ kind, text, length }) {
  return kind === "sealed" || kind === "hidden" ? pageWords[kind](length) : text;
}
