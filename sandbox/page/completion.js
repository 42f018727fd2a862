// The list of commands, opened by its button or by a slash, and completed while one types.

import { button, element } from "./element.js";

export class Completion {
  constructor(phone, field) {
    this.phone = phone;
    this.field = field;
    this.list = phone.find(".suggestions");
    this.list.id = `${phone.root.id}-commands`;
    field.setAttribute("aria-controls", this.list.id);
    this.at = -1;
    field.addEventListener("input", () => this.offer(/^\/\w*$/.test(field.value) ? field.value : ""));
    phone.find(".menu").addEventListener("click", () => {
      this.offer(this.list.hidden ? "/" : "");
      field.focus();
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".menu, .suggestions, textarea")) this.close();
    });
  }

  offer(beginning) {
    const fitting = (this.phone.view?.commands ?? []).filter(({ command }) => beginning && `/${command}`.startsWith(beginning));
    this.list.replaceChildren(...fitting.map((command, number) => this.option(command, number)));
    this.list.hidden = fitting.length === 0;
    this.field.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark(this.list.hidden ? -1 : 0);
  }

  option({ command, description }, number) {
    const made = button("suggestion", "", () => this.take(`/${command}`));
    made.id = `${this.list.id}-${number}`;
    made.tabIndex = -1;
    made.setAttribute("role", "option");
    made.append(element("strong", "", `/${command}`), element("span", "", description));
    return made;
  }

  // Whether the key was for the list.
  key(event) {
    if (this.list.hidden) return false;
    const options = this.list.children;
    if (event.key === "ArrowDown") this.mark((this.at + 1) % options.length);
    else if (event.key === "ArrowUp") this.mark((this.at - 1 + options.length) % options.length);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.take(options[this.at].firstChild.textContent);
    else if (event.key === "Tab" && !event.shiftKey) {
      this.field.value = options[this.at].firstChild.textContent;
      this.close();
    } else return false;
    event.preventDefault();
    return true;
  }

  mark(number) {
    this.at = number;
    [...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === number)));
    const marked = this.list.children[number];
    marked?.scrollIntoView({ block: "nearest" });
    if (marked) this.field.setAttribute("aria-activedescendant", marked.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  async take(command) {
    this.close();
    if (await this.phone.act("send", { text: command })) this.phone.composer.clear();
  }

  close() {
    this.offer("");
  }
}
