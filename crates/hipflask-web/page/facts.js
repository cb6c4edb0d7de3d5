// More than this of one cookie no browser has to keep (RFC 6265, section 6.1).
const BROWSERS_KEEP_BYTES = 4096;
// How the signature's states look; all others look bad.
const LOOKS = { holds: "good", unknown: "open" };

/** Says whether the signature holds, and what would make it. */
function showSignature({ report, bad_key, keys }, onUse) {
  const { signature, kind, config } = report;
  const is_unsigned_id = kind === "flask_session_id" && signature.state === "unsigned";
  const looks = bad_key ? "bad" : is_unsigned_id ? "open" : LOOKS[signature.state] ?? "bad";
  const ways = signature.holds_with;
  const says = sentence(bad_key ?? signature.sentences[0] + (ways.length > 0 ? ":" : ""));
  at("verdict").className = `verdict ${looks}`;
  // It is read out when it changes.
  if (at("verdict").textContent !== says) at("verdict").textContent = says;
  at("ways").replaceChildren(...ways.map((way, index) => element("div", { className: "way" },
    element("p", {}, element("b", {}, ...visible(way.key)), ", salt ", element("code", {}, ...visible(way.salt)),
      `, derivation ${way.derivation}, digest ${way.digest}`),
    button("Use this", () => onUse({ ...way, key: keys[index] })))));
  at("config").hidden = config.length === 0;
  at("config-text").textContent = config.join("\n");
}

/** Says when it was signed, how old it is, and until when it is valid. */
function showTimes({ timestamp }, { lifetime_secs, now_secs }) {
  const rows = [];
  const add = (term, ...about) => rows.push(element("dt", { textContent: term }), element("dd", {}, ...about));
  if (timestamp === null) {
    add("Signed", "at no time that can be read");
  } else {
    const until = timestamp + lifetime_secs;
    const [className, left] = now_secs > until ? ["local error", `expired ${duration(now_secs - until)} ago`]
      : ["local", `${duration(until - now_secs)} left`];
    add("Signed", ...moment(timestamp));
    add("Age", now_secs >= timestamp ? duration(now_secs - timestamp) : `${duration(timestamp - now_secs)} in the future`);
    add("Valid until", ...moment(until), element("span", { className, textContent: left }));
  }
  at("times").replaceChildren(...rows);
}

/** Says how large it is, and why. */
function showSize({ cookie, payload }) {
  const bytes = cookie.header_len_bytes;
  const says = `${bytes.toLocaleString("en")} of ${count(BROWSERS_KEEP_BYTES, "byte")}, with name and attributes`
    + (cookie.fits ? "" : ". Browsers may drop it.");
  at("size").textContent = says;
  at("size").className = cookie.fits ? "" : "error";
  const bar = at("bar");
  bar.className = cookie.fits ? "bar" : "bar over";
  bar.firstElementChild.style.setProperty("--part", `${(100 * Math.min(bytes, BROWSERS_KEEP_BYTES)) / BROWSERS_KEEP_BYTES}%`);
  bar.setAttribute("aria-valuemax", BROWSERS_KEEP_BYTES);
  bar.setAttribute("aria-valuenow", Math.min(bytes, BROWSERS_KEEP_BYTES));
  bar.setAttribute("aria-valuetext", says);
  const json = payload?.text_len_bytes ?? null;
  at("packing").hidden = json === null;
  at("packing").textContent = `The payload is ${payload?.compressed ? "compressed from" : "not compressed:"} ${count(json ?? 0, "byte")} of JSON.`;
  const largest = (payload?.entry_lens_bytes ?? []).slice(0, 5);
  at("largest").hidden = largest.length === 0;
  at("largest").tBodies[0].replaceChildren(...largest.map(([key, bytes]) => element("tr", {},
    element("th", { scope: "row" }, ...visibleKey(key)), element("td", { textContent: count(bytes, "byte") }))));
}
