const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** What the crate says begins with a small letter and ends without a stop. */
function sentence(text) {
  return text[0].toUpperCase() + text.slice(1) + (/[.:!?]$/.test(text) ? "" : ".");
}

function duration(secs) {
  const [days, hours, minutes] = [Math.floor(secs / 86400), Math.floor(secs / 3600) % 24, Math.floor(secs / 60) % 60];
  if (days) return `${count(days, "day")} ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${secs % 60} s` : `${secs} s`;
}

/** A moment in UTC and in local time, as elements, with its microseconds if it has any. */
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

/** JSON text on several lines, without a change to what it says. */
function indented(json) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|\[\s*\]|\{\s*\}|[[\]{},:]/gs, (token) => {
    switch (token) {
      case "[": case "{": depth += 1; return token + line();
      case "]": case "}": depth -= 1; return line() + token;
      case ",": return token + line();
      case ":": return ": ";
      default: return token;
    }
  });
}
