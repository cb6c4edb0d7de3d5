/**
 * The tree, and what somebody changed in it.
 *
 * `ask` is the crate, and `settings` answers what is known beside the cookie.
 */
function contents(ask, settings, open) {
  // The answer about the cookie, what was made of its value, where that was changed, and
  // what is folded.
  let found = null;
  let draft = null;
  let changed = new Set();
  const folded = new Map();

  const value = () => draft ?? found.written;

  /** Shows another cookie's contents. */
  function show(answer) {
    found = answer;
    draft = null;
    changed = new Set();
    folded.clear();
    at("fold").textContent = "Fold";
    at("edit-error").hidden = true;
    showTree();
    showEdited();
  }

  /** Shows the tree; the button that edits the value at `path` gets the focus. */
  function showTree(path) {
    const explained = new Map(found.report.entries.map((entry) => [entry.key, entry.sentence]));
    for (const id of ["fold", "edit-json", "copy-json", "copy-python"]) at(id).hidden = !value();
    at("json-editor").hidden = true;
    at("tree").hidden = false;
    if (!value()) {
      const why = found.report.payload?.error ?? "there is no payload in it";
      at("tree").replaceChildren(element("p", { className: "error" }, ...visible(sentence(why))));
      return;
    }
    const buttons = new Map();
    at("tree").replaceChildren(tree(value().typed, {
      folded,
      about: ([key, ...rest]) => (rest.length === 0 ? explained.get(key) : undefined),
      isChanged: (path) => changed.has(JSON.stringify(path)),
      onEdit: edit,
      onButton: (path, button) => buttons.set(JSON.stringify(path), button),
    }));
    if (path) (buttons.get(JSON.stringify(path)) ?? at("edit-json")).focus();
  }

  function edit(path, edited) {
    if (path.length === 0) {
      attempt({ typed: edited }, path);
      return;
    }
    const typed = structuredClone(value().typed);
    const last = path.at(-1);
    const parent = path.slice(0, -1).reduce((node, key) => childrenOf(node).find(([name]) => name === key)[1], typed);
    const index = parent.t === "dict" ? parent.v.findIndex(([name]) => name === last) : last;
    if (edited === undefined) parent.v.splice(index, 1);
    else if (parent.t === "dict") parent.v[index][1] = edited;
    else parent.v[index] = edited;
    attempt({ typed }, path);
  }

  /** Takes an edited value if the crate can write it. */
  function attempt(edited, path) {
    const answer = ask({ write: { value: edited } });
    at("edit-error").hidden = !answer.error;
    at("edit-error").textContent = answer.error ? sentence(answer.error) : "";
    if (answer.error) return;
    draft = answer;
    changed.add(JSON.stringify(path));
    showTree(path);
    showEdited();
    at("edited").scrollIntoView({ block: "nearest" });
    at("status").textContent = "The value was changed";
  }

  /** Shows the cookie of what was changed, signed anew. */
  function showEdited() {
    at("edited").hidden = !draft;
    if (!draft) return;
    const kept = document.querySelector("input[name=signed-at][value=kept]");
    kept.disabled = found.report.timestamp === null;
    const now = settings();
    const answer = now.key === "" ? { error: "type a secret key to sign it" } : ask({
      sign: {
        value: { typed: draft.typed },
        like: found.cookie,
        signed_at_secs: kept.checked ? found.report.timestamp : now.now_secs,
        settings: now,
      },
    });
    const pieces = answer.cookie?.match(/^(.*)\.([^.]*)\.([^.]*)$/s);
    const token = pieces ? ["payload", "time", "signature"].flatMap((className, index) =>
      [index ? "." : "", element("span", { className, textContent: pieces[index + 1] })]) : [answer.cookie ?? ""];
    at("edited-cookie").replaceChildren(...token);
    at("edited-cookie").hidden = at("edited-copy").hidden = at("edited-open").hidden = !answer.cookie;
    at("edited-note").textContent = answer.error ? sentence(answer.error)
      : `${count(answer.cookie.length, "byte")}, signed ${answer.like ? "as the cookie above is"
        : "with this key and these settings, which did not sign the cookie above"}.`;
  }

  function fold(all) {
    at("fold").textContent = all ? "Unfold" : "Fold";
    folded.clear();
    for (const [key] of childrenOf(value().typed)) folded.set(JSON.stringify([key]), all);
    showTree();
  }

  at("fold").onclick = () => fold(at("fold").textContent === "Fold");
  copies(at("copy-json"), () => value().json);
  copies(at("copy-python"), () => value().python);

  at("edit-json").onclick = () => {
    at("json").value = indented(value().json);
    at("tree").hidden = true;
    at("json-editor").hidden = false;
    at("json").focus();
  };
  at("json-apply").onclick = () => attempt({ json: at("json").value }, []);
  at("json-cancel").onclick = () => {
    at("edit-error").hidden = true;
    showTree([]);
  };

  for (const radio of document.querySelectorAll("input[name=signed-at]")) radio.onchange = showEdited;
  copies(at("edited-copy"), () => at("edited-cookie").textContent);
  at("edited-open").onclick = () => open(at("edited-cookie").textContent);
  at("edited-undo").onclick = () => {
    show(found);
    at("edit-json").focus();
  };

  return { show, showEdited };
}
