const EXAMPLE = String.raw`{"_fresh":true,"_id":"5d8b1e","_permanent":true,"_user_id":"42","avatar":{" b":"iVBORw0KGgo="},
"basket":{"items":[{" t":["tea",2,3.5]},{" t":["cups",6,4.25]}],"voucher":null},
"device":{" u":"6f1c0d5a9b3e4f7a8c2d1e0f9a8b7c6d"},"last_seen":{" d":"Fri, 27 Nov 2026 20:00:00 GMT"},
"_flashes":[{" t":["success",{" m":"Welcome back, <b>Zo\u00eb</b>."}]}],"name":"Zo\u00eb"}`;
const EXAMPLE_AGE_SECS = 7000;
// Beyond this, numbers of JavaScript are no longer exact.
const LONGEST_LIFETIME_SECS = 1e15;

(async () => {
  // Without a script, none of it would work.
  at("main").hidden = false;
  let ask;
  try {
    ask = await startCrate();
  } catch (error) {
    showNotes({ error: `this browser does not run the page’s WebAssembly: ${error.message}` });
    return;
  }

  // The answer about the cookie, and which of several it is.
  let found = null;
  let which = 0;
  const inside = contents(ask, settings, paste);

  /** What is known beside the cookie. */
  function settings() {
    const lifetime_secs = Math.round(Number(at("lifetime").value) * Number(at("lifetime-unit").value));
    return {
      key: at("key").value,
      name: at("name").value,
      salt: at("salt").value,
      derivation: at("derivation").value,
      digest: at("digest").value,
      lifetime_secs: Math.min(Math.max(lifetime_secs, 0), LONGEST_LIFETIME_SECS),
      now_secs: Math.floor(Date.now() / 1000),
    };
  }

  /** Asks about the cookie, and shows what the answer says. */
  function look() {
    const pasted = at("cookie").value;
    const before = found?.cookie ?? null;
    const now = settings();
    const answer = pasted.trim() === "" ? {} : ask({ inspect: { pasted, which, before, settings: now } });
    // There may be fewer than before.
    if (!answer.cookies?.[which]) which = 0;
    found = answer.report ? { ...answer, cookie: answer.cookies[which].value } : null;
    at("clear").hidden = pasted === "";
    showCookie(pasted, answer, which, (index) => {
      which = index;
      look();
    });
    at("result").hidden = !found;
    if (!found) return;
    if (found.cookie === before) inside.showEdited();
    else inside.show(found);
    showSignature(found, use);
    showTimes(found.report, now);
    showSize(found.report);
  }

  /** Sets key, salt, derivation and digest. */
  function use(way) {
    for (const id of ["key", "salt", "derivation", "digest"]) at(id).value = way[id];
    look();
    at("key").focus();
  }

  function paste(text) {
    at("cookie").value = text;
    which = 0;
    look();
    at("cookie").focus();
  }

  const choices = ask("choices");
  for (const [id, texts] of [["derivation", choices.derivations], ["digest", choices.digests], ["salts", choices.salts]]) {
    at(id).replaceChildren(...texts.map((text) => element("option", { value: text, textContent: text })));
  }

  at("cookie").oninput = () => {
    which = 0;
    look();
  };
  for (const id of ["key", "name", "salt", "derivation", "digest", "lifetime", "lifetime-unit"]) at(id).oninput = look;
  at("clear").onclick = () => paste("");
  at("example").onclick = () => {
    const flask = { key: "dev", name: "session", salt: "cookie-session", derivation: "hmac", digest: "sha1", lifetime: 31 };
    for (const [id, value] of Object.entries({ ...flask, "lifetime-unit": 86400 })) at(id).value = value;
    const now = settings();
    const { cookie } = ask({
      sign: { value: { json: EXAMPLE }, like: null, signed_at_secs: now.now_secs - EXAMPLE_AGE_SECS, settings: now },
    });
    paste(`Cookie: theme=dark; session=${cookie}`);
  };
  at("show-key").onclick = () => {
    const shows = at("key").type === "password";
    at("key").type = shows ? "text" : "password";
    at("show-key").textContent = shows ? "Hide" : "Show";
    at("show-key").setAttribute("aria-pressed", shows);
  };

  // Cookies age. What costs time is done again only when the verdict can have changed.
  setInterval(() => {
    if (!found || document.hidden) return;
    const now = settings();
    const { timestamp, signature } = found.report;
    if (signature.state === "future" || (signature.state === "holds" && now.now_secs > timestamp + now.lifetime_secs)) look();
    else showTimes(found.report, now);
  }, 10_000);
  look();
})();
