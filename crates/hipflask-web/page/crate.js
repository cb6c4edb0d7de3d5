// The crate, as WebAssembly in base64. tools/web_page.py puts it here.
const WASM = "{wasm}";

/** Starts the crate. Answers a function that asks it a question. */
async function startCrate() {
  const bytes = Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, hipflask_buffer, hipflask_buffer_len, hipflask_answer } = instance.exports;
  const start = hipflask_buffer() >>> 0;

  return (question) => {
    // Half a surrogate pair has no form in UTF-8.
    const text = new TextEncoder().encode(JSON.stringify(question, (_, value) =>
      typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value));
    if (text.length > hipflask_buffer_len()) return { error: "That is more than this page has room for." };
    // Memory that grew is another ArrayBuffer, so it is asked for each time.
    new Uint8Array(memory.buffer, start, text.length).set(text);
    const length = hipflask_answer(text.length);
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, start, length)));
  };
}
