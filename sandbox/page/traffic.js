// The bot's calls, newest first: method, parameters, answer, time. What does not fit the Bot API's description is marked.

import { call } from "./api.js";
import { element } from "./element.js";
import { oneAtATime } from "./looking.js";
import { pageWords } from "./words.js";

const SHOWN = 200;

export class Traffic {
  constructor(list, person, method, nameOf) {
    this.list = list;
    this.person = person;
    this.method = method;
    this.nameOf = nameOf;
    this.last = 0;
    this.refresh = oneAtATime(() => this.look());
    person.addEventListener("change", () => this.filter());
    method.addEventListener("input", () => this.filter());
  }

  // people: those to choose from.
  offer(people) {
    const chosen = this.person.value;
    this.person.replaceChildren(new Option(pageWords.everyone, ""), ...people.map(({ id, first_name }) => new Option(first_name, id)));
    this.person.value = chosen;
  }

  async look() {
    for (const entry of await call("GET", `/traffic?after=${this.last}`)) {
      this.last = entry.number;
      const made = row(entry, this.nameOf(entry.chat_id));
      made.hidden = !this.fits(made);
      this.list.prepend(made);
    }
    while (this.list.childElementCount > SHOWN) this.list.lastElementChild.remove();
  }

  filter() {
    for (const made of this.list.children) made.hidden = !this.fits(made);
  }

  fits(made) {
    const wanted = this.method.value.trim().toLowerCase();
    return (!this.person.value || made.dataset.chat === this.person.value) && made.dataset.method.includes(wanted);
  }
}

// What a call was about, in a few words.
function gist({ method, params, answer, problems }, name) {
  if (!answer.ok) return answer.description;
  if (problems.length) return problems.join(", ");
  if (method !== "getUpdates") return [name, params.text ?? params.caption].filter(Boolean).join(" · ");
  return answer.result.map(updateGist).join(", ");
}

function updateGist(update) {
  const [kind] = Object.keys(update).filter((key) => key !== "update_id");
  return `${kind} ${update[kind].text ?? update[kind].data ?? ""}`.trim();
}

function row(entry, name) {
  const item = element("li", entry.answer.ok && !entry.problems.length ? "" : "refused");
  item.dataset.chat = entry.chat_id ?? "";
  item.dataset.method = entry.method.toLowerCase();
  const details = element("details");
  const summary = element("summary");
  summary.append(element("strong", "", entry.method), element("span", "said", gist(entry, name)));
  // How long a poll waited says nothing of the bot.
  if (entry.method !== "getUpdates") summary.append(element("span", "milliseconds", `${entry.milliseconds} ms`));
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(element("h3", "", pageWords.parameters), element("pre", "", JSON.stringify(entry.params, null, 2)));
    details.append(element("h3", "", pageWords.answer), element("pre", "", JSON.stringify(entry.answer, null, 2)));
  });
  item.append(details);
  return item;
}
