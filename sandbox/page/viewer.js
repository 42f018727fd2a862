// A picture or a short text, large. Escape or a click beside it closes it.

import { button, element, name } from "./element.js";

const LONGEST_TEXT = 200_000;
const viewer = document.getElementById("viewer");
viewer.addEventListener("click", (event) => {
  if (event.target === viewer) viewer.close();
});

export function openPhoto(address, caption, words, isProtected) {
  const image = element("img");
  image.src = address;
  image.alt = caption || words.photo;
  open(image, address, caption, words, isProtected);
}

export async function openText(address, title, words, isProtected) {
  const text = await (await fetch(address)).text();
  open(element("pre", "", text.slice(0, LONGEST_TEXT)), address, title, words, isProtected);
}

function open(content, address, caption, words, isProtected) {
  const bar = element("p", "viewer-bar");
  bar.append(element("span", "", caption));
  if (!isProtected) {
    const save = element("a", "", words.save);
    save.href = address;
    save.download = caption || "photo.jpg";
    bar.append(save);
  }
  bar.append(name(button("icon", "✕", () => viewer.close()), words.close));
  content.classList.toggle("guarded", isProtected);
  viewer.setAttribute("aria-label", caption || words.photo);
  viewer.replaceChildren(content, bar);
  viewer.showModal();
}
