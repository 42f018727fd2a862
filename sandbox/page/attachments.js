// What one can attach: photos, files, contact cards, and other kinds of messages.

import { arrows, button, element } from "./element.js";

export class Attachments {
  constructor(phone, tray) {
    this.phone = phone;
    this.menu = phone.find(".attach-menu");
    this.opener = phone.find(".attach");
    this.list = this.menu.querySelector("[role=menu]");
    this.opener.addEventListener("click", () => (this.menu.hidden ? this.open() : this.close()));
    arrows(this.menu, "[role=menuitem]", { onEscape: () => this.close(true) });
    this.menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.menu.contains(event.relatedTarget)) this.close();
    });
    document.addEventListener("click", (event) => {
      if (!phone.root.contains(event.target) || !event.target.closest(".attach, .attach-menu")) this.close();
    });
    for (const [selector, kind] of [[".photo-input", "photo"], [".file-input", "document"]]) {
      const input = phone.find(selector);
      input.addEventListener("change", () => {
        tray.take([...input.files], kind);
        input.value = "";
      });
    }
  }

  open() {
    const { phone } = this;
    const { words } = phone;
    this.show([
      [words.photo, () => phone.find(".photo-input").click()],
      [words.file, () => phone.find(".file-input").click()],
      [words.myContact, () => phone.act("contact", {})],
      [words.otherContact, () => this.showPeople(), true],
      [words.location, () => phone.act("other", { kind: "location" })],
      [words.sticker, () => phone.act("other", { kind: "sticker" })],
      [words.voice, () => phone.act("other", { kind: "voice" })],
    ]);
  }

  showPeople() {
    const { phone } = this;
    this.show(phone.others().map((other) => [other.first_name, () => phone.act("contact", { of: other.id })]));
    const card = this.card();
    this.menu.append(card);
    if (!this.list.childElementCount) card.querySelector("input").focus();
  }

  // Somebody of the address book, who is not on Telegram.
  card() {
    const { words } = this.phone;
    const form = element("div", "card");
    const [person, phone] = ["name", "phone"].map((field) => {
      const input = element("input");
      input.placeholder = words[field];
      input.setAttribute("aria-label", words[field]);
      input.autocomplete = "off";
      form.append(input);
      return input;
    });
    const share = () => {
      if (!phone.value.trim()) return phone.focus();
      this.close();
      return this.phone.act("contact", { contact: { first_name: person.value || phone.value, phone_number: phone.value } });
    };
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      share();
    });
    form.append(button("primary", words.share, share));
    return form;
  }

  show(entries) {
    this.menu.querySelector(".card")?.remove();
    this.list.setAttribute("aria-label", this.phone.words.attach);
    this.list.replaceChildren(
      ...entries.map(([label, act, stays]) => {
        const entry = button("", label, (event) => {
          event.stopPropagation();
          if (!stays) this.close(true);
          act();
        });
        entry.setAttribute("role", "menuitem");
        return entry;
      }),
    );
    this.menu.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    this.menu.querySelector("[role=menuitem]")?.focus();
  }

  close(back = false) {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    if (back) this.opener.focus();
  }
}
