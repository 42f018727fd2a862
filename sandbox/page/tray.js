// Pictures and files that wait above the text field until they are sent; what is written there becomes their caption.

import { button, element, fileSize, name } from "./element.js";

const PICTURES = ["image/png", "image/jpeg"];
const MOST = 10;

export class Tray {
  constructor(phone, field) {
    this.phone = phone;
    this.field = field;
    this.root = phone.find(".tray");
    this.files = [];
    field.addEventListener("paste", (event) => this.takeFrom(event, event.clipboardData));
    phone.root.addEventListener("dragover", (event) => {
      event.preventDefault();
      phone.root.classList.add("dropping");
    });
    for (const kind of ["dragleave", "drop"]) phone.root.addEventListener(kind, () => phone.root.classList.remove("dropping"));
    phone.root.addEventListener("drop", (event) => this.takeFrom(event, event.dataTransfer));
  }

  get full() {
    return this.files.length > 0;
  }

  takeFrom(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files, files.every((file) => PICTURES.includes(file.type)) ? "photo" : "document");
  }

  take(chosen, kind) {
    const files = chosen.filter((file) => file.size);
    if (files.length < chosen.length) this.phone.toast(this.phone.words.emptyFile);
    if (!files.length) return;
    this.kind = this.full && this.kind === "document" ? "document" : kind;
    this.files = [...this.files, ...files].slice(0, MOST);
    this.spoiler = false;
    this.show();
    this.field.focus();
  }

  show() {
    const { words } = this.phone;
    this.drop();
    this.root.hidden = !this.full;
    this.field.placeholder = this.full ? words.caption : words.write;
    if (!this.full) return;
    const items = element("ul", "tray-items");
    items.append(...this.files.map((file) => this.item(file)));
    const options = element("p", "tray-options");
    if (this.files.every((file) => PICTURES.includes(file.type))) {
      options.append(this.option(words.asFile, this.kind === "document", (on) => {
        this.kind = on ? "document" : "photo";
        this.show();
      }));
    }
    if (this.kind === "photo") {
      options.append(this.option(words.cover, this.spoiler, (on) => {
        this.spoiler = on;
      }));
    }
    options.append(button("tray-empty", words.cancel, () => this.empty()));
    this.root.replaceChildren(items, options);
  }

  item(file) {
    const item = element("li", "tray-item");
    if (this.kind === "photo") {
      const image = element("img");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      item.append(image);
    } else item.append(element("span", "tray-file", `${file.name} · ${fileSize(file.size)}`));
    const remove = button("icon", "✕", () => {
      this.files = this.files.filter((each) => each !== file);
      this.show();
    });
    item.append(name(remove, `${this.phone.words.remove} ${file.name}`));
    return item;
  }

  option(label, on, change) {
    const made = element("label");
    const box = element("input");
    box.type = "checkbox";
    box.checked = on;
    box.addEventListener("change", () => change(box.checked));
    made.append(box, label);
    return made;
  }

  // Several at once are an album; the caption stands on the first.
  async send(caption) {
    const { files, kind, spoiler } = this;
    const form = new FormData();
    files.forEach((file, number) => form.append(files.length > 1 ? `file${number}` : "file", file, file.name));
    form.append("kind", kind);
    form.append("caption", caption);
    form.append("spoiler", spoiler ? "1" : "");
    if (!(await this.phone.act(files.length > 1 ? "album" : kind, form))) return false;
    this.empty();
    return true;
  }

  empty() {
    this.files = [];
    this.show();
  }

  drop() {
    for (const image of this.root.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.root.replaceChildren();
  }
}
