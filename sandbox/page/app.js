// Puts the page together: a phone for each person, tabs for narrow screens, the side panel.

import { call, listen } from "./api.js";
import { element, name } from "./element.js";
import { Panel } from "./panel.js";
import { addPerson } from "./people.js";
import { Phone } from "./phone.js";
import { Stored } from "./stored.js";
import { Traffic } from "./traffic.js";
import { Trouble } from "./trouble.js";
import { pageWords } from "./words.js";

// Tests make people by the hundred; a page of so many phones would help nobody.
const MOST_PHONES = 12;

const byId = (id) => document.getElementById(id);
for (const labelled of document.querySelectorAll("[data-word]")) labelled.textContent = pageWords[labelled.dataset.word];
for (const labelled of document.querySelectorAll("[data-label]")) labelled.setAttribute("aria-label", pageWords[labelled.dataset.label]);
for (const field of document.querySelectorAll("[data-placeholder]")) field.placeholder = pageWords[field.dataset.placeholder];
name(byId("add-zh"), pageWords.addZh);
name(byId("add-en"), pageWords.addEn);
byId("bot").textContent = pageWords.bot;
document.documentElement.lang = navigator.language;

let people = [];
const phones = new Map(); // person id → { phone, tab, unread }
const traffic = new Traffic(byId("calls"), byId("traffic-person"), byId("traffic-method"), (id) => phones.get(id)?.phone.person.first_name ?? "");
const trouble = new Trouble(byId("troubles"), byId("pending"));
const panel = new Panel(byId("panel"), byId("panel-toggle"), { traffic, stored: new Stored(byId("tables")), trouble });

async function showPeople() {
  people = await call("GET", "/people");
  for (const person of people.slice(0, MOST_PHONES)) {
    if (phones.has(person.id)) phones.get(person.id).phone.showPerson(person);
    else addPhone(person);
  }
  for (const { phone } of phones.values()) {
    phone.others = () => people.filter((person) => person.id !== phone.person.id && person.phone).slice(0, MOST_PHONES);
  }
  traffic.offer(people.slice(0, MOST_PHONES));
}

function addPhone(person) {
  const tab = element("button", "tab", person.first_name);
  tab.type = "button";
  const entry = { tab, unread: 0 };
  entry.phone = new Phone(person, (unread) => {
    entry.unread = unread;
    tab.dataset.unread = unread || "";
    showTitle();
  });
  tab.addEventListener("click", () => bringIn(entry));
  phones.set(person.id, entry);
  byId("tabs").append(tab);
  byId("phones").append(entry.phone.root);
  seen.observe(entry.phone.root);
  entry.phone.refresh();
}

function bringIn({ phone }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  phone.root.scrollIntoView({ behavior: calm ? "auto" : "smooth", inline: "center", block: "nearest" });
}

// Where there are more tabs than a narrow screen has room for.
function bringTabIn(tab) {
  const bar = byId("tabs");
  const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
  bar.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

function showTitle() {
  const unread = [...phones.values()].reduce((sum, entry) => sum + entry.unread, 0);
  document.title = unread ? `(${unread}) ${pageWords.title}` : pageWords.title;
}

// The tab of the phone one looks at is marked, and what it shows counts as read.
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const { tab, phone } = [...phones.values()].find((each) => each.phone.root === entry.target);
      tab.classList.toggle("current", entry.isIntersecting);
      tab.setAttribute("aria-current", String(entry.isIntersecting));
      if (entry.isIntersecting) bringTabIn(tab);
      phone.timeline.look(entry.isIntersecting);
    }
  },
  { threshold: 0.6 },
);

async function showBot() {
  const bots = await call("GET", "/bots");
  const bot = bots.at(-1);
  byId("bot").textContent = bot ? `@${bot.username} · Bot API ${bot.version}` : pageWords.bot;
}

async function showAll() {
  await Promise.all([showPeople(), showBot()]);
  for (const { phone } of phones.values()) phone.refresh();
  panel.refresh();
}

for (const [id, language] of [["add-zh", "zh-hans"], ["add-en", "en"]]) {
  byId(id).addEventListener("click", async () => {
    const person = await addPerson(language, people);
    await showPeople();
    if (phones.has(person.id)) bringIn(phones.get(person.id));
  });
}

listen((event) => {
  if (event.type === "chat") phones.get(event.person)?.phone.refresh();
  else if (event.type === "traffic") panel.refresh();
  else if (event.type === "people") showPeople();
  else if (event.type === "bots") showAll();
}, showAll, () => window.location.reload());
showTitle();
