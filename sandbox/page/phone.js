// One person's phone: the chat, the keyboards, and what the person does.

import { call } from "./api.js";
import { Composer } from "./composer.js";
import { element, messageElement } from "./message.js";
import { wordsFor } from "./words.js";

const TOAST_MILLISECONDS = 4000;
const ACTION_MILLISECONDS = 5500;

export class Phone {
  constructor(person, onNews) {
    this.person = person;
    this.onNews = onNews;
    this.rows = new Map(); // message id → { element, seen: what it showed }
    this.alertsSeen = null;
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.root.id = `person-${person.id}`;
    this.messages = this.find(".messages");
    this.atEnd = true;
    this.scrolledTo = 0;
    this.messages.addEventListener("scroll", () => this.scrolled());
    // Pictures load late and keyboards come and go: who reads the end stays there.
    this.messages.addEventListener("load", () => this.stayAtEnd(), true);
    new ResizeObserver(() => this.stayAtEnd()).observe(this.messages);
    this.composer = new Composer(this);
    this.find(".phone-language").addEventListener("change", (event) => this.setLanguage(event.target.value));
    this.find(".phone-block").addEventListener("click", () => this.act(this.view?.blocked ? "unblock" : "block", {}));
    this.find(".big-button").addEventListener("click", () => this.bigButton());
    this.showPerson(person);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // What is shown.

  showPerson(person) {
    const changed = person.language_code !== this.person.language_code;
    this.person = person;
    this.words = wordsFor(person);
    this.root.lang = person.language_code.startsWith("zh") ? "zh-CN" : "en";
    this.root.setAttribute("aria-label", person.first_name);
    this.find(".avatar").textContent = [...person.first_name][0];
    this.find(".phone-name").textContent = person.first_name;
    this.find(".phone-language").value = person.language_code.startsWith("zh") ? "zh-hans" : "en";
    this.find(".phone-note").textContent = person.note;
    this.find(".phone-note").hidden = !person.note;
    this.composer.label();
    if (changed) this.rows.clear();
    if (this.view) this.show(this.view);
  }

  async refresh() {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = true;
    try {
      do {
        this.again = false;
        this.show(await call("GET", `/people/${this.person.id}/chat`));
      } while (this.again);
    } catch (error) {
      this.showState(this.words.waiting);
    } finally {
      this.refreshing = false;
    }
  }

  show(view) {
    const known = this.view?.messages.length ?? view.messages.length;
    this.view = view;
    this.showMessages(view);
    this.showState(this.words.actions[view.action] ?? (view.action ? this.words.action : ""));
    clearTimeout(this.actionTimer);
    if (view.action) this.actionTimer = setTimeout(() => this.showState(""), ACTION_MILLISECONDS);
    this.showAlerts(view.alerts);
    this.showBigButton(view);
    this.composer.show(view);
    if (view.messages.slice(known).some((message) => message.by_bot)) this.onNews(this);
  }

  showState(state) {
    this.find(".phone-state").textContent = state || this.person.phone;
    this.find(".phone-state").classList.toggle("active", Boolean(state));
  }

  showMessages(view) {
    const actions = {
      press: (message, button) => this.press(message, button),
      edit: (message) => this.composer.startEdit(message),
      command: (text) => this.act("send", { text }),
    };
    if (this.rows.size === 0) this.messages.replaceChildren();
    if (view.messages.length === 0) {
      this.messages.replaceChildren(element("p", "description", view.description || this.words.empty));
    }
    for (const message of view.messages) {
      const seen = JSON.stringify(message);
      const row = this.rows.get(message.id);
      if (row?.seen === seen) continue;
      const made = messageElement(message, this.words, actions);
      if (row) row.element.replaceWith(made);
      else {
        this.find(".description")?.remove();
        this.messages.append(made);
      }
      this.rows.set(message.id, { element: made, seen });
    }
    this.stayAtEnd();
  }

  // Only scrolling up leaves the end: the list also gets shorter by itself.
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.messages;
    if (scrollHeight - scrollTop - clientHeight < 40) this.atEnd = true;
    else if (scrollTop < this.scrolledTo) this.atEnd = false;
    this.scrolledTo = scrollTop;
  }

  stayAtEnd() {
    if (this.atEnd) this.messages.scrollTop = this.messages.scrollHeight;
  }

  showAlerts(alerts) {
    const fresh = this.alertsSeen === null ? [] : alerts.slice(this.alertsSeen);
    this.alertsSeen = alerts.length;
    for (const alert of fresh) this.toast(alert.text, alert.show_alert);
  }

  toast(text, stays = false) {
    const toast = this.find(".toast");
    toast.replaceChildren(element("span", "", text));
    clearTimeout(this.toastTimer);
    const hide = () => {
      toast.hidden = true;
    };
    if (stays) {
      const ok = element("button", "primary", "OK");
      ok.type = "button";
      ok.addEventListener("click", hide);
      toast.append(ok);
    } else this.toastTimer = setTimeout(hide, TOAST_MILLISECONDS);
    toast.classList.toggle("alert", stays);
    toast.hidden = false;
  }

  showBigButton(view) {
    const fresh = view.messages.length === 0;
    const button = this.find(".big-button");
    button.hidden = !(view.blocked || fresh);
    button.textContent = view.blocked ? this.words.unblock : this.words.start;
    this.find(".composer").hidden = !button.hidden;
    const block = this.find(".phone-block");
    block.textContent = view.blocked ? "↺" : "⊘";
    block.title = view.blocked ? this.words.unblock : this.words.block;
    block.setAttribute("aria-label", block.title);
  }

  // What the person does.

  async bigButton() {
    if (this.view?.blocked) await this.act("unblock", {});
    await this.act("send", { text: "/start" });
  }

  async act(act, body) {
    try {
      const done = await call("POST", `/people/${this.person.id}/${act}`, body);
      this.atEnd = true;
      this.stayAtEnd();
      return done;
    } catch (error) {
      this.toast(error.message);
      return null;
    }
  }

  async press(message, button) {
    const done = await this.act("press", { message_id: message.id, callback_data: button.callback_data });
    if (done?.update_id) await call("GET", `/acts/${done.update_id}?timeout=15`).catch(() => null);
  }

  async setLanguage(code) {
    await call("PATCH", `/people/${this.person.id}`, { language_code: code });
  }
}
