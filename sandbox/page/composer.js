// The lower end of a phone: the text field, and what it sends.

import { Attachments } from "./attachments.js";
import { Completion } from "./completion.js";
import { name } from "./element.js";
import { ReplyKeyboard } from "./keyboard.js";
import { typed } from "./text.js";
import { Tray } from "./tray.js";

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.field = phone.find("textarea");
    this.editing = null;
    this.tray = new Tray(phone, this.field);
    this.completion = new Completion(phone, this.field);
    this.attachments = new Attachments(phone, this.tray);
    this.keyboard = new ReplyKeyboard(phone);
    phone.find(".composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("input", () => this.grow());
    phone.find(".editing-end").addEventListener("click", () => this.endEdit());
  }

  label() {
    const { words } = this.phone;
    const names = { ".attach": words.attach, ".menu": words.commands, ".send": words.send, ".keyboard-toggle": words.keyboard, ".editing-end": words.cancel };
    for (const [selector, label] of Object.entries(names)) name(this.phone.find(selector), label);
    this.field.setAttribute("aria-label", words.write);
    this.phone.find(".suggestions").setAttribute("aria-label", words.commands);
    this.phone.find(".keyboard").setAttribute("aria-label", words.keys);
    this.field.placeholder = words.write;
  }

  show(view) {
    this.keyboard.show(view);
    this.field.placeholder = view.keyboard?.input_field_placeholder || this.phone.words.write;
    this.phone.find(".menu").hidden = view.commands.length === 0;
  }

  key(event) {
    if (event.isComposing || this.completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") {
      this.endEdit();
      this.tray.empty();
    }
  }

  async send() {
    if (this.tray.full) {
      if (await this.tray.send(this.field.value)) this.clear();
      return;
    }
    const text = this.field.value;
    if (!text.trim()) return;
    const done = this.editing
      ? await this.phone.act("edit", { message_id: this.editing.id, text })
      : await this.phone.act("send", typed(text));
    if (!done) return;
    this.completion.close();
    this.endEdit();
    this.clear();
  }

  clear() {
    this.field.value = "";
    this.grow();
  }

  grow() {
    this.field.rows = Math.min(this.field.value.split("\n").length, 5);
  }

  startEdit(message) {
    this.editing = message;
    this.field.value = message.text;
    this.grow();
    this.phone.find(".editing span").textContent = this.phone.words.editing;
    this.phone.find(".editing").hidden = false;
    this.field.focus();
  }

  endEdit() {
    if (this.editing) this.clear();
    this.editing = null;
    this.phone.find(".editing").hidden = true;
  }
}
