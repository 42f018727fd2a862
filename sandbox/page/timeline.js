// The list of messages: days, albums, what is new, edits and deletions as they happen, and staying at the end.

import { element } from "./element.js";
import { messageElement } from "./message.js";

const GHOST_MILLISECONDS = 6000;

export class Timeline {
  // actions: those of a message; onUnread(count)
  constructor(list, toEnd, actions, onUnread) {
    this.list = list;
    this.toEnd = toEnd;
    this.actions = actions;
    this.onUnread = onUnread;
    this.rows = new Map(); // message id → { element, seen: what it showed }
    this.unread = 0;
    this.inView = false;
    this.atEnd = true;
    this.scrolledTo = 0;
    list.addEventListener("scroll", () => this.scrolled());
    // Pictures load late and keyboards come and go: who reads the end stays there.
    list.addEventListener("load", () => this.stayAtEnd(), true);
    new ResizeObserver(() => this.stayAtEnd()).observe(list);
    toEnd.addEventListener("click", () => this.goToEnd());
    document.addEventListener("visibilitychange", () => this.read());
  }

  forget() {
    this.rows.clear();
    this.list.replaceChildren();
  }

  show(view, words) {
    this.words = words;
    const first = this.rows.size === 0;
    if (first) this.list.replaceChildren();
    if (view.messages.length === 0) this.list.replaceChildren(element("p", "description", view.description || words.empty));
    let fresh = 0;
    for (const message of view.messages) fresh += this.put(message, first);
    if (fresh) this.count(fresh);
    this.stayAtEnd();
  }

  // Gives 1 for a message of the bot's that is new, else 0.
  put(message, first) {
    const seen = JSON.stringify(message);
    const row = this.rows.get(message.id);
    if (row?.seen === seen) return 0;
    if (first && message.deleted) {
      this.rows.set(message.id, { element: null, seen });
      return 0;
    }
    const made = messageElement(message, this.words, this.actions);
    this.rows.set(message.id, { element: made, seen });
    if (row) {
      this.replace(row.element, made, message);
      return 0;
    }
    if (first) made.classList.add("quiet");
    this.list.querySelector(".description")?.remove();
    this.append(made, message, first);
    if (message.deleted) this.leaveSoon(made);
    return message.by_bot && !message.deleted && !first ? 1 : 0;
  }

  append(made, message, first) {
    const day = new Date(message.date * 1000).toDateString();
    if (day !== this.day) this.list.append(this.separator("day", dayName(message.date, this.words)));
    this.day = day;
    if (message.by_bot && !message.deleted && !first && !this.reading() && this.unread === 0) {
      this.divider?.remove();
      this.divider = this.separator("unread-line", this.words.unread);
      this.list.append(this.divider);
    }
    const before = this.list.lastElementChild;
    if (message.album && before?.dataset.album === message.album) before.append(made);
    else if (message.album) this.list.append(this.album(made, message));
    else this.list.append(made);
  }

  album(made, message) {
    const group = element("div", `album ${message.by_bot ? "from-bot" : "from-person"}`);
    group.dataset.album = message.album;
    group.classList.toggle("of-photos", message.media?.kind === "photo");
    group.append(made);
    return group;
  }

  replace(old, made, message) {
    if (!old?.isConnected) return;
    const away = message.deleted && !old.classList.contains("deleted");
    if (!message.deleted) made.classList.add(message.edited ? "changed" : "quiet");
    const held = old.contains(document.activeElement);
    old.replaceWith(made);
    // Who pressed a button by the keyboard goes on from where it was.
    if (held) made.focus({ preventScroll: true });
    if (away) this.leaveSoon(made);
  }

  // What was deleted leaves a mark for a moment, so that one sees it go; also when it came and went between two looks.
  leaveSoon(made) {
    setTimeout(() => {
      const group = made.closest(".album");
      made.remove();
      if (group?.childElementCount === 0) group.remove();
    }, GHOST_MILLISECONDS);
  }

  separator(className, text) {
    return element("p", `separator ${className}`, text);
  }

  // What is new.

  reading() {
    return this.inView && this.atEnd && !document.hidden;
  }

  count(fresh) {
    this.unread = this.reading() ? 0 : this.unread + fresh;
    this.showUnread();
  }

  read() {
    if (!this.reading() || this.unread === 0) return;
    this.unread = 0;
    this.showUnread();
  }

  look(inView) {
    this.inView = inView;
    this.read();
  }

  showUnread() {
    this.toEnd.textContent = this.unread ? `${this.unread} ↓` : "↓";
    this.toEnd.setAttribute("aria-label", this.unread ? `${this.words.unread}: ${this.unread}` : this.words.toEnd);
    this.toEnd.hidden = this.atEnd;
    this.onUnread(this.unread);
  }

  // Only scrolling up leaves the end: the list also gets shorter by itself.
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    if (scrollHeight - scrollTop - clientHeight < 40) this.atEnd = true;
    else if (scrollTop < this.scrolledTo) this.atEnd = false;
    this.scrolledTo = scrollTop;
    if (this.reading()) this.unread = 0;
    this.showUnread();
  }

  goToEnd() {
    this.divider?.remove();
    this.atEnd = true;
    this.stayAtEnd();
    this.scrolled();
  }

  stayAtEnd() {
    if (this.atEnd) this.list.scrollTop = this.list.scrollHeight;
  }
}

function dayName(date, words) {
  const day = new Date(date * 1000);
  if (day.toDateString() === new Date().toDateString()) return words.today;
  return day.toLocaleDateString(words.locale, { month: "long", day: "numeric" });
}
