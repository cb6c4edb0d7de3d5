const at = (id) => document.getElementById(id);

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
const EACH_INVISIBLE = new RegExp(`(${INVISIBLE.source})`, "u");

/** Text as nodes, in which what cannot be seen is spelled as Python spells it. */
function visible(text) {
  return text.split(EACH_INVISIBLE).map((piece) =>
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

/** A dict's key as nodes: an empty one would not be seen either. */
const visibleKey = (key) => (key === "" ? ['""'] : visible(key));

/** Gives a button the task to copy what `text` answers, and to say so. */
function copies(copier, text) {
  const label = copier.textContent;
  copier.onclick = async () => {
    const copied = await copy(text());
    copier.textContent = copied ? "Copied" : "Not copied";
    at("status").textContent = copied ? "Copied" : "The browser did not allow to copy";
  };
  copier.onblur = copier.onmouseleave = () => { copier.textContent = label; };
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
