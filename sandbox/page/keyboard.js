// The reply keyboard under the text field.

import { button, element } from "./element.js";

export class ReplyKeyboard {
  constructor(phone) {
    this.phone = phone;
    this.root = phone.find(".keyboard");
    this.toggle = phone.find(".keyboard-toggle");
    this.folded = false;
    this.toggle.addEventListener("click", () => {
      this.folded = !this.folded;
      this.show(phone.view);
    });
  }

  show(view) {
    const rows = view.keyboard?.keyboard ?? [];
    const signature = JSON.stringify(rows);
    if (signature !== this.signature) {
      this.folded = false;
      if (this.root.contains(document.activeElement)) this.phone.find("textarea").focus();
      this.root.replaceChildren(...rows.map((row) => this.row(row)));
    }
    this.signature = signature;
    this.toggle.hidden = rows.length === 0;
    this.toggle.setAttribute("aria-expanded", String(!this.folded));
    this.root.hidden = rows.length === 0 || this.folded || view.blocked;
  }

  row(keys) {
    const made = element("div", "keyboard-row");
    made.append(...keys.map((key) => button("key", key.text, () => this.press(key))));
    return made;
  }

  press(key) {
    if (key.request_contact) return this.phone.act("contact", {});
    if (key.request_location) return this.phone.act("other", { kind: "location" });
    return this.phone.act("send", { text: key.text });
  }
}
