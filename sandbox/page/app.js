// Puts the page together: a phone for each person, tabs for narrow screens, the traffic panel.

import { call, listen } from "./api.js";
import { element } from "./message.js";
import { Phone } from "./phone.js";
import { Traffic } from "./traffic.js";
import { pageWords } from "./words.js";

// Tests make people by the hundred; a page of so many phones would help nobody.
const MOST_PHONES = 12;

for (const [id, text] of Object.entries(pageWords)) document.getElementById(id).textContent = text;
document.documentElement.lang = navigator.language;
document.title = pageWords.title;

const phones = new Map();
const tabs = document.getElementById("tabs");
const traffic = new Traffic(
  document.getElementById("traffic"),
  document.getElementById("traffic-toggle"),
  document.getElementById("calls"),
  (id) => phones.get(id)?.phone.person.first_name ?? "",
);

async function showPeople() {
  const people = await call("GET", "/people");
  for (const person of people.slice(0, MOST_PHONES)) {
    if (phones.has(person.id)) phones.get(person.id).phone.showPerson(person);
    else addPhone(person);
  }
  for (const { phone } of phones.values()) {
    phone.others = () => people.filter((person) => person.id !== phone.person.id && person.phone).slice(0, MOST_PHONES);
  }
}

function addPhone(person) {
  const tab = element("button", "tab", person.first_name);
  tab.type = "button";
  const phone = new Phone(person, () => {
    if (!inView(phone)) tab.classList.add("unread");
  });
  tab.addEventListener("click", () => {
    tab.classList.remove("unread");
    phone.root.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" });
  });
  phones.set(person.id, { phone, tab });
  tabs.append(tab);
  document.getElementById("phones").append(phone.root);
  seen.observe(phone.root);
  phone.refresh();
}

function inView(phone) {
  const { left, right } = phone.root.getBoundingClientRect();
  const middle = (left + right) / 2;
  return !document.hidden && middle > 0 && middle < window.innerWidth;
}

// The tab of the phone one looks at is marked, and no longer unread.
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const { tab } = [...phones.values()].find(({ phone }) => phone.root === entry.target);
      tab.classList.toggle("current", entry.isIntersecting);
      if (entry.isIntersecting) tab.classList.remove("unread");
    }
  },
  { threshold: 0.6 },
);

async function showBot() {
  const bots = await call("GET", "/bots");
  const bot = bots.at(-1);
  document.getElementById("bot").textContent = bot ? `@${bot.username}` : pageWords.bot;
}

async function showAll() {
  await Promise.all([showPeople(), showBot(), traffic.refresh()]);
  for (const { phone } of phones.values()) phone.refresh();
}

const dialog = document.getElementById("person-dialog");
document.getElementById("add").addEventListener("click", () => {
  dialog.returnValue = "";
  dialog.showModal();
});
document.getElementById("person-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "add") return;
  const person = await call("POST", "/people", Object.fromEntries(new FormData(dialog.querySelector("form"))));
  await showPeople();
  phones.get(person.id)?.phone.root.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" });
});

listen((event) => {
  if (event.type === "chat") phones.get(event.person)?.phone.refresh();
  else if (event.type === "traffic") traffic.refresh();
  else if (event.type === "people") showPeople();
  else if (event.type === "bots") showAll();
}, () => window.location.reload());
showAll();
