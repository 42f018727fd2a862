// One person's phone: who holds it, the chat, and what the person does.

import { call } from "./api.js";
import { Composer } from "./composer.js";
import { element, name } from "./element.js";
import { oneAtATime } from "./looking.js";
import { Timeline } from "./timeline.js";
import { wordsFor } from "./words.js";

const TOAST_MILLISECONDS = 4000;
const ACTION_MILLISECONDS = 5500;

export class Phone {
  constructor(person, onUnread) {
    this.person = person;
    this.alertsSeen = null;
    this.refresh = oneAtATime(() => this.look());
    this.root = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.root.id = `person-${person.id}`;
    const actions = {
      press: (message, button) => this.press(message, button),
      edit: (message) => this.composer.startEdit(message),
      command: (text) => this.act("send", { text }),
    };
    this.timeline = new Timeline(this.find(".messages"), this.find(".to-end"), actions, onUnread);
    this.composer = new Composer(this);
    this.find(".phone-language").addEventListener("change", (event) => this.setLanguage(event.target.value));
    this.find(".phone-block").addEventListener("click", () => this.act(this.view?.blocked ? "unblock" : "block", {}));
    this.find(".big-button").addEventListener("click", () => this.bigButton());
    this.find(".alert-ok").addEventListener("click", () => this.find(".alert").close());
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
    this.root.lang = this.words.locale;
    this.root.setAttribute("aria-label", person.first_name);
    this.find(".avatar").textContent = [...person.first_name][0];
    this.root.classList.add(`colour-${person.id % 6}`);
    this.find(".phone-name").textContent = person.first_name;
    this.find(".phone-language").value = person.language_code.startsWith("zh") ? "zh-hans" : "en";
    this.find(".phone-number").textContent = person.phone;
    this.find(".phone-note").textContent = person.note;
    this.find(".phone-note").hidden = !person.note;
    this.find(".messages").setAttribute("aria-label", this.words.chat);
    this.composer.label();
    if (changed) this.timeline.forget();
    if (this.view) this.show(this.view);
    else this.showState("");
  }

  async look() {
    try {
      this.show(await call("GET", `/people/${this.person.id}/chat`));
    } catch {
      this.showState(this.words.waiting);
    }
  }

  show(view) {
    this.view = view;
    this.timeline.show(view, this.words);
    this.showState(this.words.actions[view.action] ?? (view.action ? this.words.action : ""));
    clearTimeout(this.actionTimer);
    if (view.action) this.actionTimer = setTimeout(() => this.showState(""), ACTION_MILLISECONDS);
    this.showAlerts(view.alerts);
    this.showBigButton(view);
    this.composer.show(view);
  }

  // The same is not said twice: a screen reader would read it out again.
  showState(state) {
    const shown = this.find(".phone-state");
    if (shown.textContent !== state) shown.textContent = state;
  }

  showAlerts(alerts) {
    const fresh = this.alertsSeen === null ? [] : alerts.slice(this.alertsSeen);
    this.alertsSeen = alerts.length;
    for (const alert of fresh) {
      if (alert.show_alert) this.alert(alert.text);
      else this.toast(alert.text);
    }
  }

  // Not modal: only this phone shows it, the others stay in use.
  alert(text) {
    this.find(".alert-text").textContent = text;
    this.find(".alert").setAttribute("aria-label", text);
    this.find(".alert").show();
    this.find(".alert-ok").focus();
  }

  toast(text) {
    const toast = this.find(".toast");
    toast.replaceChildren(element("span", "", text));
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => toast.replaceChildren(), TOAST_MILLISECONDS);
  }

  showBigButton(view) {
    const button = this.find(".big-button");
    button.hidden = !(view.blocked || view.messages.length === 0);
    button.textContent = view.blocked ? this.words.unblock : this.words.start;
    this.find(".composer").hidden = !button.hidden;
    this.root.classList.toggle("blocked", view.blocked);
    name(this.find(".phone-block"), view.blocked ? this.words.unblock : this.words.block);
  }

  // What the person does.

  async bigButton() {
    if (this.view?.blocked) await this.act("unblock", {});
    await this.act("send", { text: "/start" });
  }

  async act(act, body) {
    try {
      const done = await call("POST", `/people/${this.person.id}/${act}`, body);
      this.timeline.goToEnd();
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
