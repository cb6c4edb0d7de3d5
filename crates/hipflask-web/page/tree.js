// A value as the crate describes it: { t: type, v: value }.
const CONTAINERS = { dict: "entry", list: "item", tuple: "item" };
const PYTHON_NAMES = { null: "None", markup: "Markup", uuid: "UUID" };
// More rows than this are not made before somebody asks for them.
const ROWS_AT_ONCE = 200;
const LETTERS_AT_ONCE = 600;
// Beyond so many rows, what is inside is folded until somebody asks for it.
const ROWS_UNFOLDED = 1000;

const childrenOf = ({ t, v }) => (t === "dict" ? v : v.map((item, index) => [index, item]));

/**
 * Shows a value as a tree that folds.
 *
 * `folded` maps paths to whether somebody folded them, and outlives the tree. `about(path)`
 * is what is known about an entry. `onEdit(path, value)` is called with a new value, or
 * with none when the entry is to go; `isChanged(path)` says whether that happened.
 * `onButton(path, button)` is told of each button that starts to edit.
 */
function tree(value, { folded, about, onEdit, isChanged, onButton }) {
  let room = ROWS_UNFOLDED;
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
    room -= Math.min(child.v.length, ROWS_AT_ONCE);
    const details = element("details", { open: !(folded.get(id) ?? room < 0) }, summary, inside);
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
      const edit = button("Edit", () => {
        const editor = editorOf(key, child, (edited) => onEdit(path, edited), () => {
          editor.replaceWith(line);
          edit.focus();
        });
        line.replaceWith(editor);
        editor.querySelector("textarea, input, select").focus();
      }, { className: "quiet", "aria-label": `Edit ${key ?? "the value"}` });
      line.append(edit);
      onButton(path, edit);
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
  return element("span", { className: "key" }, ...visibleKey(key));
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
