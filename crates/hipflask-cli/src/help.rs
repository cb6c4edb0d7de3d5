//! What follows the options in the help: examples, and what all commands share.

pub const PROGRAM: &str = "\
Examples:
  SECRET_KEY=dev hipflask inspect eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
  pbpaste | hipflask inspect --key-file key.txt -
  hipflask keygen > key.txt

Each command has a --help of its own.";

pub const INSPECT: &str = "\
Examples:
  hipflask inspect --key-file key.txt 'Cookie: theme=dark; session=eyJhI…'
  curl -v https://example.com 2>&1 | SECRET_KEY=… hipflask inspect -
  hipflask inspect --json eyJhI… | jq .payload.value

What is pasted may be a value, a Cookie or Set-Cookie line, what curl -v prints
or a browser copies, a row of developer tools or of a cookie jar. A cookie is a
login as long as it is valid: mind your shell's history, or let - read it.

If a signature does not hold, every digest, every derivation and the salts
cookie-session, itsdangerous, itsdangerous.Signer, flask-session,
wtf-csrf-token, confirm-salt, login-salt, remember-salt and reset-salt are
tried, and the key also without its quotes or its line end, in Latin-1, and read
as hex, as base64 or as Python would.

Of several cookies of the name, Flask takes the first; the exit status is 0 if
one of them holds, and if no key is given.";

pub const VERIFY: &str = "\
Examples:
  hipflask verify --key-file key.txt eyJhI… && echo valid
  hipflask verify -v --lifetime 3600 - < cookie.txt

Of several cookies of the name, the first one counts, as for Flask.";

pub const SIGN: &str = "\
Examples:
  echo '{\"user\": \"ada\"}' | SECRET_KEY=dev hipflask sign
  hipflask inspect --json $C | jq .payload.value | hipflask sign --like $C

The JSON is plain, with Flask's tags or without, or it is a value with its type
as `inspect --json` prints it: {\"t\": \"dict\", \"v\": [[\"user\", {\"t\": \"str\",
\"v\": \"ada\"}]]}. With --like, --now renews the time.";

pub const ROTATE: &str = "\
Examples:
  hipflask rotate --from-file old.txt --key-file new.txt - < cookies > rotated
  hipflask rotate --from old --key new --renew eyJhI…

Standard input has one cookie in each line, and so has the answer. Where a
cookie does not hold, or is not valid now, the line is empty and a message names
it. A cookie that the new key has signed already is signed by it again.";

pub const KEYGEN: &str = "\
Example:
  hipflask keygen > key.txt

It is 32 random bytes as 43 letters, digits, - and _, the first of them a
letter, so that .env files, shells, YAML and Python all read the same text.";

pub const CHECK_KEY: &str = "\
Examples:
  hipflask check-key --key-file key.txt
  SECRET_KEY=… hipflask check-key --words words.txt

Exits with 1 if the key is weak.";

pub const STORE: &str = "\
Examples:
  redis-cli --raw get session:Q4hT0zTQbZ0s… | hipflask store -
  hipflask store '\"\\x81\\xa8_user_id\\xa11\"'

It reads what Flask-Session 0.8 keeps: msgpack, JSON, and JSON with Flask's
tags; without --codec, whichever it looks like. The value may be as redis-cli
prints it, or hex: or b64: and its bytes. A pickle is not read, because that
would run whatever is in it.

Exits with 0 if it is a session, and with 3 if it is not one that can be read.";

pub const COMPLETIONS: &str = "\
Example:
  hipflask completions bash > ~/.local/share/bash-completion/completions/hipflask";

const KEYS: &str = "\
Keys:
  Without --key and --key-file, the key is what SECRET_KEY has in the
  environment; without that, verify, sign, rotate and check-key ask for it on a
  terminal. A key is text, or other bytes if it begins with b64: (base64), hex:
  or python: (a literal as it stands in a settings.py, such as
  python:b'_5#y2L\"F4Q8z\\n\\xec]/'). Put text: in front of a key that begins so by
  itself. --key @FILE reads a file, as --key-file FILE does.";

const STATUS: &str = "\
Exit status:
  0  it holds
  1  it does not hold, or is not valid now
  2  wrong usage, or no key
  3  there is nothing that can be read";

/// Examples, and what all commands with a key share.
pub fn with_keys(examples: &str) -> String {
    format!("{examples}\n\n{KEYS}\n\n{STATUS}")
}
