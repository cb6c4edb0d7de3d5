/** The field for the cookie: colours, what is to be said, which of several. */
function showCookie(pasted, answer, which, onChoose) {
  const cookie = answer.cookies?.[which];
  const lengths = answer.report?.kind === "jwt" ? null : answer.report?.cookie.field_lens_bytes;
  at("coloured").replaceChildren(
    ...(lengths ? coloured(pasted, cookie, lengths) : [pasted]),
    // A line break at the end has no height of its own.
    "\u200b",
  );
  at("parts").hidden = !lengths;
  at("parts").replaceChildren(...(lengths ? ["payload", "time", "signature"] : []).map((part, index) =>
    element("li", { className: part },
      element("span", { className: "mark" }),
      element("b", { textContent: sentence(part).slice(0, -1) }),
      ` ${count(lengths[index], "letter")}`)));
  showNotes(answer);
  showChoice(answer.cookies ?? [], which, onChoose);
}

/** What was pasted, as elements: the cookie's three fields and what stands beside it. */
function coloured(pasted, { start, end }, lengths) {
  const [time, signature] = [start + lengths[0] + 1, end - lengths[2]];
  return [
    ["beside", 0, start],
    ["payload", start, time - 1],
    ["dot", time - 1, time],
    ["time", time, signature - 1],
    ["dot", signature - 1, signature],
    ["signature", signature, end],
    ["beside", end, pasted.length],
  ].map(([className, from, to]) => element("span", { className, textContent: pasted.slice(from, to) }));
}

function showNotes({ error, notes = [], report }) {
  const kind = report && report.kind !== "session" && `it is ${report.kind_sentence}`;
  const all = [error, kind, ...notes, ...report?.notes ?? []].filter(Boolean);
  at("notes").replaceChildren(...all.map((note) => element("li", {}, ...visible(sentence(note)))));
  at("notes").hidden = all.length === 0;
}

function showChoice(cookies, which, onChoose) {
  at("choice").hidden = cookies.length < 2;
  at("choice").replaceChildren(
    element("legend", { textContent: `${cookies.length} cookies of the name` }),
    ...cookies.map(({ is_sent }, index) => element("label", {},
      element("input", { type: "radio", name: "which", checked: index === which, onchange: () => onChoose(index) }),
      `${index + 1}${index === 0 && is_sent ? ", which Flask takes" : ""}`)));
}
