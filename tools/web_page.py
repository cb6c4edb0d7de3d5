#!/usr/bin/env python3
"""Makes the page of crates/hipflask-web one file: puts the style and the scripts into
it, the crate into the scripts, and the hashes of both into its policy.

    tools/web_page.py WASM HTML"""
import base64
import hashlib
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parent.parent / "crates" / "hipflask-web" / "page"


def sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def main(wasm, html):
    wasm = pathlib.Path(wasm).read_bytes()
    page = (PAGE / "index.html").read_text()
    style = (PAGE / "style.css").read_text()
    scripts = re.findall(r'<script src="([\w.]+)"></script>\n', page)
    # In a block, their names are no properties of the window.
    script = '"use strict";\n{\n' + "\n".join((PAGE / name).read_text() for name in scripts) + "}\n"
    script = script.replace("{wasm}", base64.b64encode(wasm).decode())
    assert "</script" not in script and "<!--" not in script and "</style" not in style

    page = page.replace('<link rel="stylesheet" href="style.css">', f"<style>{style}</style>")
    first, *others = (f'<script src="{name}"></script>\n' for name in scripts)
    for other in others:
        page = page.replace(other, "")
    page = page.replace(first, f"<script>{script}</script>\n")
    page = page.replace("{script}", sha256(script)).replace("{style}", sha256(style))
    assert not re.search(r"\b(?:src|href)=", page.replace(script, ""))
    pathlib.Path(html).write_text(page)
    print(f"{html}: {len(page.encode()):,} bytes, of which the crate, {len(wasm):,} bytes as WebAssembly, takes {4 * ((len(wasm) + 2) // 3):,}")


main(*sys.argv[1:])
