"use strict";

/** Makes an element. Text only ever becomes a text node: nothing on this page parses HTML. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property.includes("-")) made.setAttribute(property, value);
    else made[property] = value;
  }
  made.append(...children);
  return made;
}

function button(text, onclick, properties = {}) {
  return element("button", { type: "button", textContent: text, onclick, ...properties });
}

// What one would not see, or what would turn the text around it.
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Text as nodes, in which what cannot be seen is spelled as Python spells it. */
function visible(text) {
  return text.split(new RegExp(`(${INVISIBLE.source})`, "u")).map((piece) =>
    INVISIBLE.test(piece) ? element("span", { className: "escape", textContent: escaped(piece) }) : piece);
}

function escaped(letter) {
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[letter];
  if (named) return named;
  const code = letter.codePointAt(0);
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** A moment in UTC and, below it, in local time, with its microseconds if it has any. */
function moment(secs, micros = 0) {
  const date = new Date(secs * 1000);
  if (Number.isNaN(date.getTime())) return [element("span", { textContent: `${secs} seconds since 1970` }), ""];
  const fraction = micros ? `.${String(micros).padStart(6, "0")}` : "";
  const show = (options) => new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", ...options,
  }).format(date).replace(/:\d\d:\d\d/, `$&${fraction}`);
  return [
    element("time", { dateTime: date.toISOString(), textContent: `${show({ timeZone: "UTC" })} UTC` }),
    element("span", { className: "local", textContent: `${show({ timeZoneName: "short" })}, local` }),
  ];
}

/** Copies text, also where the page has no permission for the newer way. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { value: text, className: "visually-hidden" });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
