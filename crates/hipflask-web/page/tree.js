"use strict";

// A value as the crate describes it: { t: type, v: value }.
const CONTAINERS = { dict: "entry", list: "item", tuple: "item" };
const PYTHON_NAMES = { null: "None", markup: "Markup", uuid: "UUID" };
// More rows than this are not made before somebody asks for them.
const ROWS_AT_ONCE = 200;
const LETTERS_AT_ONCE = 600;

const childrenOf = ({ t, v }) => (t === "dict" ? v : v.map((item, index) => [index, item]));

/**
 * Shows a value as a tree that folds.
 *
 * `folded` maps paths to whether they are folded, and outlives the tree. `about(path)`
 * is what is known about an entry. `onEdit(path, value)` is called with a new value, or
 * with none when the entry is to go; `isChanged(path)` says whether that happened.
 */
function tree(value, { folded, about, onEdit, isChanged }) {
  if (!(value.t in CONTAINERS) || value.v.length === 0) {
    return element("ul", { className: "tree" }, leaf(null, value, []));
  }
  return element("ul", { className: "tree" }, ...rows(value, []));

  function rows(parent, path, from = 0) {
    const all = childrenOf(parent);
    const some = all.slice(from, from + ROWS_AT_ONCE).map(([key, child]) => row(key, child, [...path, key]));
    const rest = all.length - from - some.length;
    if (rest > 0) {
      const more = element("li", {}, button(`Show more (${rest.toLocaleString("en")} left)`, () => {
        more.replaceWith(...rows(parent, path, from + ROWS_AT_ONCE));
      }, { className: "quiet" }));
      some.push(more);
    }
    return some;
  }

  function row(key, child, path) {
    return child.t in CONTAINERS && child.v.length > 0 ? branch(key, child, path) : leaf(key, child, path);
  }

  function branch(key, child, path) {
    const id = JSON.stringify(path);
    const inside = element("ul");
    const summary = element("summary", { className: "row" }, name(key), type(child), ...explanation(path));
    const details = element("details", { open: !folded.get(id) }, summary, inside);
    const fill = () => {
      if (details.open && !inside.hasChildNodes()) inside.append(...rows(child, path));
    };
    details.ontoggle = () => {
      folded.set(id, !details.open);
      fill();
    };
    fill();
    return element("li", {}, details);
  }

  function leaf(key, child, path) {
    const said = element("div", { className: "said" }, ...(key === null ? [] : [name(key)]), ...shown(child), ...explanation(path));
    const line = element("div", { className: isChanged(path) ? "row changed" : "row" }, said);
    const item = element("li", {}, line);
    if (child.t in EDITORS) {
      line.append(button("Edit", () => {
        const editor = editorOf(key, child, (edited) => onEdit(path, edited), () => {
          editor.replaceWith(line);
          line.lastElementChild.focus();
        });
        line.replaceWith(editor);
        editor.querySelector("textarea, input, select").focus();
      }, { className: "quiet", "aria-label": `Edit ${key ?? "the value"}` }));
    }
    return item;
  }

  function explanation(path) {
    const text = about(path);
    return text ? [element("span", { className: "about", textContent: text })] : [];
  }
}

function name(key) {
  if (typeof key === "number") return element("span", { className: "key index", textContent: key });
  return element("span", { className: "key" }, ...(key === "" ? ['""'] : visible(key)));
}

function type({ t, v }) {
  const python = PYTHON_NAMES[t] ?? t;
  const size = t in CONTAINERS ? count(v.length, CONTAINERS[t], t === "dict" ? "entries" : "items")
    : t === "bytes" ? count(v.length / 2, "byte") : "";
  return element("span", { className: "type", textContent: [python, size].filter(Boolean).join(", ") });
}

/** A leaf's value and its type, and a date's local time. */
function shown(child) {
  const { t, v } = child;
  const className = t === "str" || t === "markup" ? "value text" : "value";
  if (t === "datetime") {
    const [utc, local] = moment(Date.parse(`${v}Z`) / 1000, child.us);
    return [element("bdi", { className }, utc), type(child), element("span", { className: "about" }, local)];
  }
  return [...shortened(leafText(t, v), element("bdi", { className })), type(child)];
}

function leafText(t, v) {
  switch (t) {
    case "bytes": return v.replace(/../g, "$& ").trim() || "empty";
    case "uuid": return hyphenated(v);
    case "float": return floatText(v);
    case "null": return "None";
    case "bool": return v ? "True" : "False";
    case "str": case "markup": case "int": return v;
    default: return "empty";
  }
}

/** Puts the text into the element, or its beginning with a button that shows the rest. */
function shortened(text, into) {
  const fill = (letters) => into.replaceChildren(...visible(letters));
  if (text.length <= LETTERS_AT_ONCE) {
    fill(text);
    return [into];
  }
  // No half of a surrogate pair.
  fill(`${text.slice(0, LETTERS_AT_ONCE).replace(/[\ud800-\udbff]$/, "")}…`);
  const all = button(`Show all ${text.length.toLocaleString("en")} letters`, () => {
    fill(text);
    all.remove();
  }, { className: "quiet" });
  return [into, all];
}

const hyphenated = (hex) => hex.replaceAll("-", "").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

// A double is described by its bits.
function floatOf(bits) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

function floatText(bits) {
  const float = floatOf(bits);
  if (!Number.isFinite(float)) return { Infinity: "inf", "-Infinity": "-inf" }[float] ?? "nan";
  const text = Object.is(float, -0) ? "-0" : String(float);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function bitsOf(float) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, float);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

// How each type is edited: the text to begin with, and the value that a text stands for,
// or null if it stands for none. The crate judges what it is given once more.
const EDITORS = {
  str: { from: (v) => v, to: (text) => text, hint: "text", long: true },
  markup: { from: (v) => v, to: (text) => text, hint: "HTML", long: true },
  int: { from: (v) => v, to: (text) => (/^-?\d+$/.test(text.trim()) ? text.trim() : null), hint: "a whole number" },
  float: {
    from: floatText,
    to: (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? bitsOf(Number(text)) : null),
    hint: "a number",
  },
  bool: { from: (v) => (v ? "True" : "False"), to: (text) => text === "True", choices: ["True", "False"], hint: "" },
  bytes: {
    from: (v) => v,
    to: (text) => {
      const hex = text.replace(/\s/g, "").toLowerCase();
      return /^([\da-f]{2})*$/.test(hex) ? hex : null;
    },
    hint: "hex",
    long: true,
  },
  uuid: {
    from: hyphenated,
    to: (text) => {
      const hex = text.replaceAll("-", "").trim().toLowerCase();
      return /^[\da-f]{32}$/.test(hex) ? hex : null;
    },
    hint: "32 hex digits",
  },
  datetime: {
    from: (v) => v.replace("T", " "),
    to: (text) => (/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d$/.test(text.trim()) ? text.trim().replace(" ", "T") : null),
    hint: "YYYY-MM-DD HH:MM:SS, UTC",
  },
};

let editors = 0;

/** The row of a leaf while it is edited. */
function editorOf(key, child, onDone, onCancel) {
  const { from, to, hint, long, choices } = EDITORS[child.t];
  const id = `editing-${(editors += 1)}`;
  const field = choices
    ? element("select", { id }, ...choices.map((text) => element("option", { textContent: text })))
    : element(long ? "textarea" : "input", { id, spellcheck: false, autocomplete: "off" });
  field.value = from(child.v);
  if (long) field.rows = Math.min(12, Math.ceil(field.value.length / 60) || 1);
  const error = element("span", { className: "error", role: "alert" });
  const apply = () => {
    const v = to(field.value);
    if (v === null) {
      error.textContent = `This has to be ${hint}.`;
      field.setAttribute("aria-invalid", "true");
    } else {
      onDone({ ...child, v });
    }
  };
  const python = PYTHON_NAMES[child.t] ?? child.t;
  const editor = element("div", { className: "editor" },
    element("div", { className: "field" },
      element("label", { htmlFor: id }, ...(key === null ? ["the value"] : visible(String(key))),
        element("span", { className: "type", textContent: ` ${[python, hint].filter(Boolean).join(", ")}` })),
      field, error),
    button("Apply", apply, { className: "primary" }),
    button("Cancel", onCancel));
  if (key !== null) editor.append(button("Remove", () => onDone(undefined), { "aria-label": `Remove ${key}` }));
  editor.onkeydown = (event) => {
    if (event.key === "Escape") onCancel();
    // A text may have several lines, so there Shift makes one.
    if (event.key === "Enter" && event.target === field && !event.shiftKey) {
      event.preventDefault();
      apply();
    }
  };
  return editor;
}
