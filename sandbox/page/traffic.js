// The side panel: what the bot called, folded.

import { call } from "./api.js";
import { element } from "./message.js";

const SHOWN = 200;

export class Traffic {
  constructor(panel, toggle, list, nameOf) {
    this.panel = panel;
    this.list = list;
    this.nameOf = nameOf;
    this.last = 0;
    toggle.addEventListener("click", () => {
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
      this.refresh();
    });
  }

  async refresh() {
    if (this.panel.hidden || this.busy) return;
    this.busy = true;
    try {
      for (const entry of await call("GET", `/traffic?after=${this.last}`)) {
        this.last = entry.number;
        this.list.prepend(row(entry, this.nameOf(entry.chat_id)));
      }
      while (this.list.childElementCount > SHOWN) this.list.lastElementChild.remove();
    } finally {
      this.busy = false;
    }
  }
}

// What a call was about, in a few words.
function gist({ method, params, answer }, name) {
  if (!answer.ok) return answer.description;
  if (method !== "getUpdates") return [name, params.text ?? params.caption].filter(Boolean).join(" · ");
  return answer.result.map(updateGist).join(", ");
}

function updateGist(update) {
  const [kind] = Object.keys(update).filter((key) => key !== "update_id");
  return `${kind} ${update[kind].text ?? update[kind].data ?? ""}`.trim();
}

function row(entry, name) {
  const item = element("li", entry.answer.ok ? "" : "refused");
  const details = element("details", "");
  const summary = element("summary", "");
  summary.append(element("strong", "", entry.method), element("span", "said", gist(entry, name)));
  // How long a poll waited says nothing of the bot.
  if (entry.method !== "getUpdates") summary.append(element("span", "milliseconds", `${entry.milliseconds} ms`));
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(element("h3", "", "Parameters"), element("pre", "", JSON.stringify(entry.params, null, 2)));
    details.append(element("h3", "", "Answer"), element("pre", "", JSON.stringify(entry.answer, null, 2)));
  });
  item.append(details);
  return item;
}
