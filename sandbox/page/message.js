// One message as an element.

import { render } from "./text.js";

// actions: press(message, button), edit(message), command(text)
export function messageElement(message, words, actions) {
  const row = element("article", `message ${message.by_bot ? "from-bot" : "from-person"}`);
  if (message.deleted) {
    row.classList.add("deleted");
    row.append(element("p", "ghost", words.deleted));
    return row;
  }
  const bubble = element("div", "bubble");
  if (message.reply_to) bubble.append(element("p", "quote", message.reply_to.text));
  if (message.media) bubble.append(mediaElement(message, words));
  if (message.text) {
    const text = element("p", "text");
    text.append(render(message.text, message.entities, actions.command));
    bubble.append(text);
  }
  bubble.append(footer(message, words, actions));
  row.append(bubble);
  if (message.buttons.length) row.append(keyboard(message, actions));
  return row;
}

function footer(message, words, actions) {
  const foot = element("p", "foot");
  if (!message.by_bot && message.text && !message.media) {
    const edit = element("button", "edit", words.edit);
    edit.type = "button";
    edit.addEventListener("click", () => actions.edit(message));
    foot.append(edit);
  }
  if (message.protected) foot.append(element("span", "", words.protected));
  if (message.edited) foot.append(element("span", "", words.edited));
  const date = new Date(message.date * 1000);
  const time = element("time", "", date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false }));
  time.dateTime = date.toISOString();
  foot.append(time);
  return foot;
}

function mediaElement(message, words) {
  const { media } = message;
  if (media.kind === "photo") {
    const frame = element(message.spoiler ? "button" : "div", "photo");
    const image = document.createElement("img");
    image.src = `/sandbox/files/${media.file_id}`;
    image.alt = words.photo;
    image.width = media.width;
    image.height = media.height;
    frame.append(image);
    if (message.spoiler) {
      frame.type = "button";
      frame.classList.add("hidden-photo");
      frame.append(element("span", "spoiler-word", words.spoiler));
      frame.addEventListener("click", () => frame.classList.remove("hidden-photo"));
    }
    return frame;
  }
  if (media.kind === "document") {
    const link = element("a", "document");
    link.href = `/sandbox/files/${media.file_id}`;
    link.download = media.file_name;
    const ending = media.file_name.includes(".") ? media.file_name.split(".").pop().slice(0, 4) : "";
    link.append(element("span", "document-sign", ending), element("span", "document-name", media.file_name));
    link.append(element("span", "document-size", size(media.file_size)));
    return link;
  }
  if (media.kind === "contact") {
    const card = element("div", "contact");
    card.append(element("span", "avatar", [...media.first_name][0] ?? "?"));
    const lines = element("div", "");
    lines.append(element("strong", "", media.first_name), element("span", "contact-phone", media.phone_number));
    card.append(lines);
    return card;
  }
  return element("p", "sign", words[media.kind] ?? media.kind);
}

function keyboard(message, actions) {
  const rows = element("div", "inline-keyboard");
  for (const buttons of message.buttons) {
    const row = element("div", "inline-row");
    for (const button of buttons) {
      const key = element(button.url ? "a" : "button", "inline-button", button.text);
      if (button.url) {
        if (/^https?:/.test(button.url)) key.href = button.url;
        key.target = "_blank";
        key.rel = "noopener noreferrer";
      } else {
        key.type = "button";
        key.addEventListener("click", async () => {
          key.classList.add("pressed");
          await actions.press(message, button);
          key.classList.remove("pressed");
        });
      }
      row.append(key);
    }
    rows.append(row);
  }
  return rows;
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1024 ** 2 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
