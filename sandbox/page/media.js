// What a message carries beside its text: photos, files, contact cards.

import { button, element, fileSize } from "./element.js";
import { openPhoto, openText } from "./viewer.js";

const PICTURES = ["image/png", "image/jpeg"];
const TEXTS = ["text/plain", "text/csv", "text/markdown", "application/json"];

export function mediaElement(message, words) {
  const { media } = message;
  if (media.kind === "photo") return photo(message, words);
  if (media.kind === "document") return document_(message, words);
  if (media.kind === "contact") return contact(media);
  return element("p", "sign", words[media.kind] ?? media.kind);
}

function photo(message, words) {
  const { media } = message;
  const frame = button("photo", "", () => {
    if (frame.classList.contains("hidden-photo")) {
      frame.classList.remove("hidden-photo");
      frame.setAttribute("aria-label", words.photo);
    } else openPhoto(address(media), message.text, words, message.protected);
  });
  const image = element("img");
  image.src = address(media);
  image.alt = "";
  image.width = media.width;
  image.height = media.height;
  frame.append(image);
  frame.setAttribute("aria-label", message.spoiler ? words.spoiler : words.photo);
  if (message.spoiler) {
    frame.classList.add("hidden-photo");
    frame.append(element("span", "spoiler-word", words.spoiler));
  }
  return frame;
}

// Pictures and short texts open here; everything else is saved, so that no file ever runs in the page.
function document_(message, words) {
  const { media } = message;
  const opened = PICTURES.includes(media.mime_type)
    ? () => openPhoto(address(media), media.file_name, words, message.protected)
    : TEXTS.includes(media.mime_type) && (() => openText(address(media), media.file_name, words, message.protected));
  const made = opened ? button("document", "", opened) : element(message.protected ? "div" : "a", "document");
  if (made.tagName === "A") {
    made.href = address(media);
    made.download = media.file_name;
  }
  const ending = media.file_name?.includes(".") ? media.file_name.split(".").pop().slice(0, 4) : "";
  made.append(element("span", "document-sign", ending || "…"), element("span", "document-name", media.file_name));
  made.append(element("span", "document-size", fileSize(media.file_size)));
  return made;
}

function contact(media) {
  const card = element("div", "contact");
  const lines = element("div");
  lines.append(element("strong", "", media.first_name), element("span", "contact-phone", `+${media.phone_number.replace("+", "")}`));
  card.append(element("span", "avatar", [...(media.first_name || "?")][0]), lines);
  return card;
}

function address(media) {
  return `/sandbox/files/${media.file_id}`;
}
