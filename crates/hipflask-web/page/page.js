"use strict";

(async () => {
  const at = (id) => document.getElementById(id);
  let ask;
  try {
    ask = await startCrate();
  } catch (error) {
    at("notes").replaceChildren(element("li", { textContent: `This browser does not run the page’s WebAssembly: ${error.message}` }));
    at("notes").hidden = false;
    return;
  }

  // The answer about the cookie, which of several it is, its value, and what was changed in it.
  let found = null;
  let which = 0;
  let shown;
  let draft = null;
  let changed = new Set();
  const folded = new Map();

  const settings = () => ({
    key: at("key").value,
    name: at("name").value,
    salt: at("salt").value,
    derivation: at("derivation").value,
    digest: at("digest").value,
    lifetime_secs: Math.round(Math.max(0, Number(at("lifetime").value)) * Number(at("lifetime-unit").value)),
    now_secs: Math.floor(Date.now() / 1000),
  });

  /** Asks about the cookie, and shows what the answer says anew. */
  function look() {
    const pasted = at("cookie").value;
    at("clear").hidden = pasted === "";
    const answer = pasted.trim() === "" ? {} : ask({ ask: "inspect", pasted, which, settings: settings() });
    const value = answer.cookies?.[which].value;
    const another = value !== shown;
    shown = value;
    found = answer.report ? answer : null;
    if (another) {
      draft = null;
      changed = new Set();
      folded.clear();
    }
    colour(pasted);
    showNotes(answer);
    showChoice();
    at("result").hidden = !found;
    if (!found) return;
    if (another) {
      fold(false);
      showContents();
    }
    showSignature();
    showConfig();
    showTimes();
    showSize();
    showEdited();
  }

  // The cookie

  function colour(pasted) {
    const nodes = [];
    const add = (className, text) => text && nodes.push(element("span", { className, textContent: text }));
    const lengths = found?.report.cookie.field_lens_bytes;
    at("parts").hidden = !lengths;
    if (lengths) {
      const { start, end } = found.cookies[which];
      const [time, signature] = [start + lengths[0] + 1, end - lengths[2]];
      add("beside", pasted.slice(0, start));
      add("payload", pasted.slice(start, time - 1));
      add("dot", pasted.slice(time - 1, time));
      add("time", pasted.slice(time, signature - 1));
      add("dot", pasted.slice(signature - 1, signature));
      add("signature", pasted.slice(signature, end));
      add("beside", pasted.slice(end));
      at("parts").replaceChildren(...["payload", "time", "signature"].map((part, index) => element("li", { className: part },
        element("span", { className: "mark" }),
        element("b", { textContent: part[0].toUpperCase() + part.slice(1) }),
        ` ${count(lengths[index], "letter")}`)));
    } else {
      nodes.push(pasted);
    }
    // A line break at the end has no height of its own.
    at("coloured").replaceChildren(...nodes, "\u200b");
  }

  function showNotes({ error, notes = [], report }) {
    const all = [error, report && report.kind !== "session" && `It is ${report.kind_sentence}`, ...notes, ...report?.notes ?? []];
    at("notes").replaceChildren(...all.filter(Boolean).map((note) => element("li", {}, ...visible(sentence(note)))));
    at("notes").hidden = !at("notes").hasChildNodes();
  }

  function showChoice() {
    const cookies = found?.cookies ?? [];
    at("choice").hidden = cookies.length < 2;
    at("choice").replaceChildren(
      element("legend", { textContent: `${cookies.length} cookies of the name` }),
      ...cookies.map((_, index) => element("label", {},
        element("input", { type: "radio", name: "which", checked: index === which, onchange: () => { which = index; look(); } }),
        index === 0 ? "1st, which counts" : ["2nd", "3rd"][index - 1] ?? `${index + 1}th`)));
  }

  // The contents

  const shownValue = () => draft ?? found.written;

  function showContents() {
    const value = shownValue()?.typed;
    const explained = new Map(found.report.entries.map(({ key, sentence }) => [key, sentence]));
    const why = found.report.payload?.error ?? "There is no payload in it.";
    for (const id of ["fold", "edit-json", "copy-json", "copy-python"]) at(id).hidden = !value;
    at("json-editor").hidden = true;
    at("tree").hidden = false;
    at("tree").replaceChildren(value
      ? tree(value, {
          folded,
          about: ([key, ...rest]) => (rest.length === 0 ? explained.get(key) : undefined),
          isChanged: (path) => changed.has(JSON.stringify(path)),
          onEdit: edit,
        })
      : element("p", { className: "error" }, ...visible(why)));
  }

  function fold(all) {
    at("fold").textContent = all ? "Unfold" : "Fold";
    folded.clear();
    if (all) for (const [key] of childrenOf(shownValue().typed)) folded.set(JSON.stringify([key]), true);
  }

  at("fold").onclick = () => {
    fold(at("fold").textContent === "Fold");
    showContents();
  };

  for (const form of ["json", "python"]) {
    const copier = at(`copy-${form}`);
    const label = copier.textContent;
    copier.onclick = async () => say(copier, label, await copy(shownValue()[form]));
  }

  /** Says on a button whether it copied, and to those who do not see it. */
  function say(copier, label, copied) {
    copier.textContent = copied ? "Copied" : "Not copied";
    at("status").textContent = copied ? "Copied" : "The browser did not allow to copy";
    copier.onblur = copier.onmouseleave = () => { copier.textContent = label; };
  }

  // Editing

  function edit(path, value) {
    if (path.length === 0) {
      attempt({ typed: value }, path);
      return;
    }
    const edited = structuredClone(shownValue().typed);
    const last = path.at(-1);
    const parent = path.slice(0, -1).reduce((node, key) => childrenOf(node).find(([name]) => name === key)[1], edited);
    const index = parent.t === "dict" ? parent.v.findIndex(([name]) => name === last) : last;
    if (value === undefined) parent.v.splice(index, 1);
    else if (parent.t === "dict") parent.v[index][1] = value;
    else parent.v[index] = value;
    attempt({ typed: edited }, path);
  }

  /** Takes an edited value if the crate can write it. */
  function attempt(value, path) {
    const answer = ask({ ask: "write", value });
    at("edit-error").hidden = !answer.error;
    at("edit-error").textContent = answer.error ? sentence(answer.error) : "";
    if (answer.error) return false;
    draft = answer;
    changed.add(JSON.stringify(path));
    showContents();
    showEdited();
    at("edited").scrollIntoView({ block: "nearest" });
    at("status").textContent = "The value was changed";
    return true;
  }

  at("edit-json").onclick = () => {
    at("json").value = indented(shownValue().json);
    at("tree").hidden = true;
    at("json-editor").hidden = false;
    at("json").focus();
  };
  at("json-apply").onclick = () => {
    if (attempt({ json: at("json").value }, [])) at("edit-json").focus();
  };
  at("json-cancel").onclick = () => {
    at("edit-error").hidden = true;
    showContents();
    at("edit-json").focus();
  };

  function showEdited() {
    at("edited").hidden = !draft;
    if (!draft) return;
    const key = at("key").value;
    const kept = document.querySelector("input[name=signed-at][value=kept]");
    kept.disabled = found.report.timestamp === null;
    const answer = key === "" ? { error: "type a secret key to sign it" }
      : ask({
          ask: "sign",
          value: { typed: draft.typed },
          like: found.cookies[which].value,
          signed_at_secs: kept.checked ? found.report.timestamp : settings().now_secs,
          settings: settings(),
        });
    at("edited-cookie").replaceChildren();
    if (answer.cookie) {
      const [signature, time, ...payload] = answer.cookie.split(".").reverse();
      at("edited-cookie").append(
        element("span", { className: "payload", textContent: payload.reverse().join(".") }), ".",
        element("span", { className: "time", textContent: time }), ".",
        element("span", { className: "signature", textContent: signature }));
    }
    at("edited-cookie").hidden = at("edited-copy").hidden = at("edited-open").hidden = !answer.cookie;
    at("edited-note").textContent = answer.error && sentence(answer.error)
      || `${count(answer.cookie.length, "byte")}, signed ${answer.like ? "as the cookie above is" : "with the key and the settings above, which did not sign the cookie above"}.`;
  }

  for (const radio of document.querySelectorAll("input[name=signed-at]")) radio.onchange = showEdited;
  at("edited-copy").onclick = async () => say(at("edited-copy"), "Copy", await copy(at("edited-cookie").textContent));
  at("edited-open").onclick = () => paste(at("edited-cookie").textContent);
  at("edited-undo").onclick = () => {
    draft = null;
    changed = new Set();
    at("edit-error").hidden = true;
    showContents();
    showEdited();
    at("edit-json").focus();
  };

  // Signature, time and size

  // More than this of one cookie no browser has to keep (RFC 6265, section 6.1).
  const BROWSERS_KEEP_BYTES = 4096;
  const VERDICTS = { holds: "good", unknown: "open" };

  function showSignature() {
    const { signature } = found.report;
    at("verdict").className = `verdict ${found.bad_key ? "bad" : VERDICTS[signature.state] ?? "bad"}`;
    const says = found.bad_key ? sentence(found.bad_key) : verdict(found.report);
    // It is read out when it changes.
    if (at("verdict").textContent !== says) at("verdict").textContent = says;
    at("ways").replaceChildren(...signature.holds_with.map((way) => element("div", { className: "way" },
      element("p", {}, "It holds with ", element("b", {}, ...visible(way.key)), ", salt ", element("code", {}, ...visible(way.salt)),
        `, derivation ${way.derivation}, digest ${way.digest}.`),
      button("Use these settings", () => {
        at("salt").value = way.salt;
        at("derivation").value = way.derivation;
        at("digest").value = way.digest;
        at("settings").open = true;
        look();
        at("key").focus();
      }))));
  }

  function showConfig() {
    at("config").hidden = found.report.config.length === 0;
    at("config-text").textContent = found.report.config.join("\n");
  }

  function showTimes() {
    const { timestamp } = found.report;
    const rows = [];
    const add = (term, ...about) => rows.push(element("dt", { textContent: term }), element("dd", {}, ...about));
    if (timestamp === null) {
      add("Signed", "at no time that can be read");
    } else {
      const { lifetime_secs, now_secs } = settings();
      const until = timestamp + lifetime_secs;
      add("Signed", ...moment(timestamp));
      add("Age", now_secs >= timestamp ? duration(now_secs - timestamp) : `${duration(timestamp - now_secs)} in the future`);
      add("Valid until", ...moment(until), element("span", {
        className: now_secs > until ? "local error" : "local",
        textContent: now_secs > until ? `expired ${duration(now_secs - until)} ago` : `${duration(until - now_secs)} left`,
      }));
    }
    at("times").replaceChildren(...rows);
  }

  function showSize() {
    const { cookie, payload } = found.report;
    const share = Math.min(1, cookie.header_len_bytes / BROWSERS_KEEP_BYTES);
    at("size").textContent = `${cookie.header_len_bytes.toLocaleString("en")} of ${count(BROWSERS_KEEP_BYTES, "byte")}, with name and attributes`
      + (cookie.fits ? "" : ". Browsers may drop it.");
    at("size").className = cookie.fits ? "" : "error";
    at("bar").className = cookie.fits ? "bar" : "bar over";
    at("bar").firstElementChild.style.setProperty("--part", `${100 * share}%`);
    at("bar").setAttribute("aria-valuemax", BROWSERS_KEEP_BYTES);
    at("bar").setAttribute("aria-valuenow", Math.min(cookie.header_len_bytes, BROWSERS_KEEP_BYTES));
    at("bar").setAttribute("aria-valuetext", at("size").textContent);
    const packing = payload?.compressed ? "compressed from" : "not compressed:";
    at("packing").textContent = payload?.text_len_bytes == null ? "" :
      `The payload is ${packing} ${count(payload.text_len_bytes, "byte")} of JSON.`;
    const largest = (payload?.entry_lens_bytes ?? []).slice(0, 5);
    at("largest").hidden = largest.length === 0;
    at("largest").tBodies[0].replaceChildren(...largest.map(([key, bytes]) => element("tr", {},
      element("th", { scope: "row" }, ...(key === "" ? ['""'] : visible(key))), element("td", { textContent: count(bytes, "byte") }))));
  }

  // What one does

  function paste(text) {
    at("cookie").value = text;
    which = 0;
    look();
    at("cookie").focus();
  }

  at("cookie").oninput = () => { which = 0; look(); };
  at("clear").onclick = () => paste("");
  at("example").onclick = () => {
    Object.assign(at("key"), { value: "dev" });
    Object.assign(at("salt"), { value: "cookie-session" });
    at("derivation").value = "hmac";
    at("digest").value = "sha1";
    at("name").value = "session";
    const { cookie } = ask({
      ask: "sign", value: { json: EXAMPLE }, like: null, signed_at_secs: settings().now_secs - 7000, settings: settings(),
    });
    paste(`Cookie: theme=dark; session=${cookie}`);
  };
  at("show-key").onclick = () => {
    const shows = at("key").type === "password";
    at("key").type = shows ? "text" : "password";
    at("show-key").textContent = shows ? "Hide" : "Show";
    at("show-key").setAttribute("aria-pressed", shows);
  };
  const choices = ask({ ask: "choices" });
  for (const [id, texts] of [["derivation", choices.derivations], ["digest", choices.digests], ["salts", choices.salts]]) {
    at(id).replaceChildren(...texts.map((text) => element("option", { value: text, textContent: text })));
  }
  for (const id of ["key", "name", "salt", "derivation", "digest", "lifetime", "lifetime-unit"]) at(id).oninput = look;
  // Cookies age.
  setInterval(() => { if (found && !document.hidden) look(); }, 10_000);
  look();
})();

const EXAMPLE = String.raw`{"_fresh":true,"_id":"5d8b1e","_permanent":true,"_user_id":"42","avatar":{" b":"iVBORw0KGgo="},
"basket":{"items":[{" t":["tea",2,3.5]},{" t":["cups",6,4.25]}],"voucher":null},
"device":{" u":"6f1c0d5a9b3e4f7a8c2d1e0f9a8b7c6d"},"last_seen":{" d":"Fri, 27 Nov 2026 20:00:00 GMT"},
"_flashes":[{" t":["success",{" m":"Welcome back, <b>Zo\u00eb</b>."}]}],"name":"Zo\u00eb"}`;

/** JSON text on several lines, without a change to what it says. */
function indented(json) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|\[\s*\]|\{\s*\}|[[{]|[\]}]|,|:/gs, (token) => {
    if (token === "[" || token === "{") { depth += 1; return token + line(); }
    if (token === "]" || token === "}") { depth -= 1; return line() + token; }
    if (token === ",") return token + line();
    return token === ":" ? ": " : token;
  });
}

/** What the signature says, as a sentence. */
function verdict({ signature }) {
  const { state, by_secs, digest_by_length, holds_with, sentences } = signature;
  const length = digest_by_length === null ? "Its length is that of no known digest: it was cut short or added to." : "";
  switch (state) {
    case "unknown": return digest_by_length === null ? length : `Type the app’s key to check it. It is as long as one of ${digest_by_length}.`;
    case "holds": return "The key is right, and the cookie is valid.";
    case "expired": return `The key is right, but the cookie expired ${duration(by_secs)} ago.`;
    case "future": return `The key is right, but the cookie was signed ${duration(by_secs)} from now: clocks differ.`;
    case "untimed": return "The key is right, but there is no time in it: it is the token of a plain serializer, and no session.";
    case "out_of_range": return "The key is right, but its time lies after the year 9999.";
    case "unsigned": return "There is no signature: nothing stands behind a dot.";
    case "mismatch": return holds_with.length > 0 ? "It does not hold like this, but it would:"
      : `It does not hold: it was signed with another key, or changed since. ${length}`.trim();
    default: return sentences.map(sentence).join(" ");
  }
}

/** What the crate says begins with a small letter and ends without a stop. */
function sentence(text) {
  return text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

function duration(secs) {
  const [days, hours, minutes] = [Math.floor(secs / 86400), Math.floor(secs / 3600) % 24, Math.floor(secs / 60) % 60];
  if (days) return `${count(days, "day")} ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${secs % 60} s` : `${secs} s`;
}
