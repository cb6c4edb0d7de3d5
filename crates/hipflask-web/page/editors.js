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

// A double is described by its bits.
function bitsOf(float) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, float);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

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
