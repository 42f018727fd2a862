// One message as an element.

import { button, element } from "./element.js";
import { mediaElement } from "./media.js";
import { render } from "./text.js";

// actions: press(message, button), edit(message), command(text)
export function messageElement(message, words, actions) {
  const row = element("article", `message ${message.by_bot ? "from-bot" : "from-person"}`);
  row.tabIndex = -1;
  if (message.deleted) {
    row.classList.add("deleted");
    row.append(element("p", "ghost", words.deleted));
    return row;
  }
  const bubble = element("div", "bubble");
  bubble.append(element("span", "unseen", message.by_bot ? words.bot : words.self));
  if (message.reply_to) bubble.append(element("p", "quote", message.reply_to.text));
  if (message.media) bubble.append(mediaElement(message, words));
  const text = element("div", "text");
  if (message.text) text.append(render(message.text, message.entities, actions.command));
  text.append(foot(message, words, actions));
  bubble.append(text);
  bubble.classList.toggle("picture-only", message.media?.kind === "photo" && !message.text);
  if (message.protected) {
    bubble.classList.add("guarded");
    for (const kind of ["contextmenu", "copy", "dragstart"]) bubble.addEventListener(kind, (event) => event.preventDefault());
  }
  row.append(bubble);
  if (message.buttons.length) row.append(inlineKeyboard(message, actions));
  return row;
}

function foot(message, words, actions) {
  const made = element("span", "foot");
  if (!message.by_bot && message.text && !message.media) made.append(button("edit", words.edit, () => actions.edit(message)));
  if (message.protected) made.append(element("span", "", words.protected));
  if (message.edited) made.append(element("span", "", words.edited));
  const date = new Date(message.date * 1000);
  const time = element("time", "", date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false }));
  time.dateTime = date.toISOString();
  made.append(time);
  return made;
}

function inlineKeyboard(message, actions) {
  const rows = element("div", "inline-keyboard");
  for (const buttons of message.buttons) {
    const row = element("div", "inline-row");
    row.append(...buttons.map((each) => inlineButton(message, each, actions)));
    rows.append(row);
  }
  return rows;
}

function inlineButton(message, each, actions) {
  if (each.url) {
    const link = element("a", "inline-button link", each.text);
    if (/^https?:/.test(each.url)) link.href = each.url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  }
  const key = button("inline-button", each.text, async () => {
    key.classList.add("pressed");
    key.setAttribute("aria-busy", "true");
    await actions.press(message, each);
    key.classList.remove("pressed");
    key.removeAttribute("aria-busy");
  });
  return key;
}
