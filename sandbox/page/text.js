// Text with entities, both ways. Everything becomes text nodes; nothing is ever parsed as HTML.

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

// Entities are nested or apart, sorted by offset, the longer first; offsets are UTF-16 units, as JavaScript's are.
export function render(text, entities, onCommand) {
  const fragment = document.createDocumentFragment();
  fill(fragment, text, 0, text.length, [...entities], onCommand);
  return fragment;
}

function fill(parent, text, from, to, entities, onCommand) {
  let at = from;
  while (entities.length && entities[0].offset < to) {
    const entity = entities.shift();
    if (entity.offset < at) continue;
    const end = Math.min(entity.offset + entity.length, to);
    parent.append(text.slice(at, entity.offset));
    const element = elementFor(entity, text.slice(entity.offset, end), onCommand);
    fill(element, text, entity.offset, end, entities, onCommand);
    parent.append(element);
    at = end;
  }
  parent.append(text.slice(at, to));
}

function elementFor(entity, covered, onCommand) {
  if (entity.type === "bot_command") {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "command";
    button.addEventListener("click", () => onCommand(covered));
    return button;
  }
  const url = entity.type === "text_link" ? entity.url : entity.type === "url" ? covered : "";
  if (/^https?:\/\//.test(url)) {
    const link = document.createElement("a");
    link.href = url;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  }
  if (entity.type === "spoiler") {
    const spoiler = document.createElement("button");
    spoiler.type = "button";
    spoiler.className = "text-spoiler";
    spoiler.addEventListener("click", () => spoiler.classList.add("seen"));
    return spoiler;
  }
  return document.createElement(TAGS[entity.type] ?? "span");
}

const MARKS = [
  [/\*\*(.+?)\*\*/s, "bold"],
  [/__(.+?)__/s, "italic"],
  [/~~(.+?)~~/s, "strikethrough"],
  [/\|\|(.+?)\|\|/s, "spoiler"],
  [/`([^`\n]+)`/, "code"],
];

// What Telegram's apps do with **bold**, __italic__ and the like before they send: the marks go, entities come.
export function typed(source) {
  let text = source;
  const entities = [];
  for (const [pattern, type] of MARKS) {
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      const width = (match[0].length - match[1].length) / 2;
      const end = match.index + match[0].length;
      for (const entity of entities) {
        if (entity.offset >= end) entity.offset -= 2 * width;
        else if (entity.offset >= match.index) entity.offset -= width;
      }
      text = text.slice(0, match.index) + match[1] + text.slice(end);
      entities.push({ type, offset: match.index, length: match[1].length });
    }
  }
  return { text, entities };
}
