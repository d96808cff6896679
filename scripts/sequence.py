#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who calls whom, one after the other: docs/NAME.svg from docs/NAME.txt.

usage: scripts/sequence.py          write the pictures
       scripts/sequence.py --check  do they show what the texts say, and do the sources have the functions
                                    that are named? Else say what differs
"""
import re
import sys
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True
from architecture import TOP, missing_functions, read_sources  # noqa: E402

NAMES = ["load"]
WIDTH, LEFT, STEP, HEAD = 1190, 145, 300, 78
# What is the kernel's, and what is a system call.
OTHERS = {"kexec_file_load", "kexec_add_buffer", "machine_kexec_prepare", "kimage_free", "kimage_file_post_load_cleanup"}


def read(name):
    columns, rows = [], []
    for line in (TOP / f"docs/{name}.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if match := re.fullmatch(r"who (\w+) (.*)", line):
            columns.append(match.groups())
        elif match := re.fullmatch(r"-- (.*)", line):
            rows.append(("part", None, None, match[1]))
        elif match := re.fullmatch(r"(\w+) > (\w+) (.*)", line):
            rows.append(("message", *match.groups()))
        elif match := re.fullmatch(r"(\w+) \. (.*)", line):
            rows.append(("does", match[1], None, match[2]))
        else:
            sys.exit(f"docs/{name}.txt: not understood: {line}")
    return columns, rows


def folded(text, room):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) > room:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return lines + [line]


def draw(name):
    columns, rows = read(name)
    at = {word: LEFT + STEP * i for i, (word, _) in enumerate(columns)}
    out, y = [], HEAD + 14
    for kind, source, target, text in rows:
        if kind == "part":
            y += 14
            out.append(f'<rect x="20" y="{y}" width="{WIDTH - 40}" height="22" rx="5" fill="#eef4f9"/>'
                       f'<text x="32" y="{y + 15}" class="part">{escape(text)}</text>')
            y += 34
        elif kind == "does":
            lines = folded(text, 38)
            x = at[source]
            out.append(f'<rect x="{x - 120}" y="{y - 4}" width="240" height="{14 * len(lines) + 8}" rx="5" fill="#fff" '
                       'stroke="#8a5a2b"/>')
            for line in lines:
                y += 14
                out.append(f'<text x="{x}" y="{y - 3}" class="text">{escape(line)}</text>')
            y += 18
        else:
            lines = folded(text, 48)
            x1, x2 = at[source], at[target]
            for line in lines:
                y += 13
                out.append(f'<text x="{(x1 + x2) / 2}" y="{y - 5}" class="text">{escape(line)}</text>')
            out.append(f'<path d="M{x1} {y} H{x2 + (-7 if x2 > x1 else 7)}" stroke="#2f6f9f" stroke-width="1.5" '
                       'marker-end="url(#arrow)"/>')
            y += 18
    lines = []
    for word, text in columns:
        x = at[word]
        lines.append(f'<path d="M{x} {HEAD} V{y}" stroke="#bbb" stroke-dasharray="4 4"/>')
        out.append(f'<rect x="{x - 125}" y="34" width="250" height="{HEAD - 38}" rx="7" fill="#fff" stroke="#3d7a4b" '
                   f'stroke-width="1.6"/><text x="{x}" y="58" class="who">{escape(text)}</text>')
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<!-- SPDX-License-Identifier: GPL-2.0; made by scripts/sequence.py from docs/{name}.txt -->',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 20}" viewBox="0 0 {WIDTH} {y + 20}" '
        'font-family="Helvetica, Arial, sans-serif">',
        '<style>.who{font-size:14px;font-weight:bold;text-anchor:middle}.text{font-size:11px;text-anchor:middle;'
        'paint-order:stroke;stroke:#fff;stroke-width:3px}.part{font-size:12px;font-weight:bold;fill:#2f6f9f}</style>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#2f6f9f"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{y + 20}" fill="#fff"/>', *lines, *out, '</svg>', ''])


def unknown_functions(name):
    named = set(re.findall(r"\b(\w+)\(\)", (TOP / f"docs/{name}.txt").read_text()))
    return missing_functions(named - OTHERS, read_sources())


def main():
    failed = False
    for name in NAMES:
        picture = TOP / f"docs/{name}.svg"
        if sys.argv[1:] != ["--check"]:
            picture.write_text(draw(name))
            continue
        if not picture.exists() or picture.read_text() != draw(name):
            print(f"docs/{name}.svg: does not show what docs/{name}.txt says; run scripts/sequence.py")
            failed = True
        for function in unknown_functions(name):
            print(f"docs/{name}.txt: there is no function {function}()")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    main()
