// What goes wrong on demand: refusals, slow and cut connections, updates that come twice or in the wrong order.

import { call } from "./api.js";
import { button, element } from "./element.js";
import { oneAtATime } from "./looking.js";
import { pageWords } from "./words.js";

const BLOCKED = "Forbidden: bot was blocked by the user";

// Word → what the control API is asked for.
const TROUBLES = {
  tooMany: () => call("POST", "/faults", { kind: "error", retry_after: 5 }),
  flood: () => call("POST", "/flood", { per_chat: 1, overall: 30 }),
  blocked: () => call("POST", "/faults", { kind: "error", status: 403, description: BLOCKED }),
  badRequest: () => call("POST", "/faults", { kind: "error", status: 400, description: "Bad Request: message text is empty" }),
  badGateway: () => call("POST", "/faults", { kind: "error", status: 502, description: "Bad Gateway", times: 3 }),
  slow: () => call("POST", "/faults", { kind: "slow", seconds: 5 }),
  cut: () => call("POST", "/faults", { kind: "cut" }),
  lost: () => call("POST", "/faults", { kind: "cut_after" }),
  twice: () => changeBot({ repeat: 1 }),
  reversed: () => changeBot({ reverse: 2 }),
  dayLater: () => call("POST", "/clock", { offset: 25 * 3600 }),
};

async function changeBot(settings) {
  const bots = await call("GET", "/bots");
  if (bots.length) await call("PATCH", `/bots/${bots.at(-1).id}`, settings);
}

async function heal() {
  await Promise.all([
    call("DELETE", "/faults"),
    call("POST", "/flood", {}),
    call("POST", "/clock", { offset: 0 }),
    changeBot({ repeat: 0, reverse: 0 }),
  ]);
}

export class Trouble {
  constructor(buttons, pending) {
    this.pending = pending;
    const made = Object.entries(TROUBLES).map(([word, make]) => button("trouble", pageWords.troubles[word], () => this.make(word, make)));
    buttons.append(...made, button("trouble heal", pageWords.heal, () => this.heal()));
    this.made = [];
    this.refresh = oneAtATime(() => this.look());
  }

  async make(word, make) {
    await make();
    this.made.push(word);
    await this.refresh();
  }

  async heal() {
    await heal();
    this.made = [];
    await this.refresh();
  }

  // What still waits for a call of the bot's to hit.
  async look() {
    const faults = await call("GET", "/faults");
    const standing = ["flood", "dayLater"].filter((word) => this.made.includes(word)).map((word) => pageWords.troubles[word]);
    const coming = faults.map(({ kind, times, status, retry_after: wait }) => {
      const what = kind === "error" ? (wait ? 429 : status) : pageWords.kinds[kind];
      return `${what} × ${times}`;
    });
    this.pending.replaceChildren(...[...standing, ...coming].map((text) => element("li", "", text)));
  }
}
