// The lower end of a phone: text field, command list, attachments, reply keyboard.

import { element } from "./message.js";
import { typed } from "./text.js";

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.field = phone.find("textarea");
    this.keyboard = phone.find(".keyboard");
    this.suggestions = phone.find(".suggestions");
    this.menu = phone.find(".attach-menu");
    this.editing = null;
    this.keyboardFolded = false;
    phone.find(".composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("input", () => this.typedSomething());
    this.field.addEventListener("paste", (event) => this.takeFiles(event, event.clipboardData));
    phone.root.addEventListener("dragover", (event) => event.preventDefault());
    phone.root.addEventListener("drop", (event) => this.takeFiles(event, event.dataTransfer));
    phone.find(".menu").addEventListener("click", () => this.suggest(this.suggestions.hidden ? "/" : ""));
    phone.find(".attach").addEventListener("click", () => this.toggleMenu());
    phone.find(".editing-end").addEventListener("click", () => this.endEdit());
    phone.find(".keyboard-toggle").addEventListener("click", () => {
      this.keyboardFolded = !this.keyboardFolded;
      this.show(phone.view);
    });
    for (const [input, kind] of [[".photo-input", "photo"], [".file-input", "document"]]) {
      phone.find(input).addEventListener("change", (event) => {
        this.sendFiles([...event.target.files], kind);
        event.target.value = "";
      });
    }
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".attach, .attach-menu")) this.menu.hidden = true;
      if (!event.target.closest(".menu, .suggestions, textarea")) this.suggestions.hidden = true;
    });
  }

  label() {
    const { words } = this.phone;
    const names = { ".attach": words.attach, ".menu": words.commands, ".send": words.send, ".keyboard-toggle": words.keyboard, ".editing-end": words.cancel };
    for (const [selector, name] of Object.entries(names)) {
      this.phone.find(selector).title = name;
      this.phone.find(selector).setAttribute("aria-label", name);
    }
    this.field.placeholder = words.write;
    this.field.setAttribute("aria-label", words.write);
  }

  show(view) {
    const shown = view.keyboard ?? {};
    const rows = shown.keyboard ?? [];
    const signature = JSON.stringify(rows);
    if (signature !== this.signature) this.keyboardFolded = false;
    this.signature = signature;
    this.field.placeholder = shown.input_field_placeholder || this.phone.words.write;
    this.phone.find(".menu").hidden = view.commands.length === 0;
    this.phone.find(".keyboard-toggle").hidden = rows.length === 0;
    this.keyboard.hidden = rows.length === 0 || this.keyboardFolded || view.blocked;
    this.keyboard.replaceChildren(...rows.map((row) => this.keyboardRow(row)));
  }

  keyboardRow(row) {
    const made = element("div", "keyboard-row");
    for (const button of row) {
      const key = element("button", "key", button.text);
      key.type = "button";
      key.addEventListener("click", () => {
        if (button.request_contact) this.phone.act("contact", {});
        else if (button.request_location) this.phone.act("other", { kind: "location" });
        else this.phone.act("send", { text: button.text });
      });
      made.append(key);
    }
    return made;
  }

  // Text.

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") {
      this.suggestions.hidden = true;
      this.endEdit();
    }
  }

  typedSomething() {
    this.field.rows = Math.min(this.field.value.split("\n").length, 5);
    this.suggest(/^\/\w*$/.test(this.field.value) ? this.field.value : "");
  }

  suggest(beginning) {
    const commands = (this.phone.view?.commands ?? []).filter(({ command }) => beginning && `/${command}`.startsWith(beginning));
    this.suggestions.hidden = commands.length === 0;
    this.suggestions.replaceChildren(
      ...commands.map(({ command, description }) => {
        const option = element("button", "suggestion");
        option.type = "button";
        option.setAttribute("role", "option");
        option.append(element("strong", "", `/${command}`), element("span", "", description));
        option.addEventListener("click", () => {
          this.suggestions.hidden = true;
          this.clear();
          this.phone.act("send", { text: `/${command}` });
        });
        return option;
      }),
    );
  }

  async send() {
    const text = this.field.value;
    if (!text.trim()) return;
    const { editing } = this;
    const done = editing
      ? await this.phone.act("edit", { message_id: editing.id, text })
      : await this.phone.act("send", typed(text));
    if (!done) return;
    this.suggestions.hidden = true;
    this.endEdit();
    this.clear();
  }

  clear() {
    this.field.value = "";
    this.field.rows = 1;
  }

  startEdit(message) {
    this.editing = message;
    this.field.value = message.text;
    this.phone.find(".editing span").textContent = this.phone.words.editing;
    this.phone.find(".editing").hidden = false;
    this.field.focus();
  }

  endEdit() {
    if (this.editing) this.clear();
    this.editing = null;
    this.phone.find(".editing").hidden = true;
  }

  // Attachments.

  toggleMenu() {
    const { words } = this.phone;
    const entries = [
      [words.photo, () => this.phone.find(".photo-input").click()],
      [words.file, () => this.phone.find(".file-input").click()],
      [words.contact, () => this.phone.act("contact", {})],
      ...this.phone.others().map((other) => [words.of(other.first_name), () => this.phone.act("contact", { of: other.id })]),
      [words.location, () => this.phone.act("other", { kind: "location" })],
      [words.sticker, () => this.phone.act("other", { kind: "sticker" })],
      [words.voice, () => this.phone.act("other", { kind: "voice" })],
    ];
    this.menu.replaceChildren(
      ...entries.map(([name, act]) => {
        const entry = element("button", "", name);
        entry.type = "button";
        entry.setAttribute("role", "menuitem");
        entry.addEventListener("click", () => {
          this.menu.hidden = true;
          act();
        });
        return entry;
      }),
    );
    this.menu.hidden = !this.menu.hidden;
  }

  takeFiles(event, transfer) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    const pictures = files.every((file) => ["image/png", "image/jpeg"].includes(file.type));
    this.sendFiles(files, pictures ? "photo" : "document");
  }

  // Several files at once are an album; what is written in the text field is the caption of the first.
  async sendFiles(files, kind) {
    const album = files.length > 1 ? String(Date.now()) : "";
    let caption = this.field.value;
    for (const file of files) {
      const form = new FormData();
      form.append("file", file, file.name);
      form.append("caption", caption);
      form.append("album", album);
      if (!(await this.phone.act(kind, form))) return;
      caption = "";
    }
    this.clear();
  }
}
