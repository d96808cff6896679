#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The rooms of the sources and who calls whom, from the sources themselves.

usage: scripts/architecture.py          write docs/architecture.svg
       scripts/architecture.py --check  does it show what is there? Else say what differs
       scripts/architecture.py --rules  arrows and circles that must not be
       scripts/architecture.py --list   every arrow, with the functions behind it
"""
import collections
import pathlib
import re
import subprocess
import sys
from xml.sax.saxutils import escape

TOP = pathlib.Path(__file__).resolve().parent.parent
SVG = TOP / "docs/architecture.svg"

# Room: (x, y, width, caption). A room of the ground floor is not pointed to: who uses it has its tag.
ROOMS = {
    "cli/verbs": (44, 104, 376, "one file a verb"),
    "cli/wire": (44, 312, 112, "handovers"),
    "cli/image": (176, 312, 112, "file to kexec"),
    "cli/report": (308, 312, 112, "blackout, map"),
    "cli/kept": (110, 423, 112, "files of trees"),
    "cli/session": (242, 423, 112, "who holds them"),
    "cli/base": (44, 534, 240, "tables, JSON, files, ioctls"),
    "lib": (308, 534, 112, "libliveupdate"),
    "liveupdate": (490, 104, 150, "sessions and their files"),
    "kept": (660, 104, 150, "directories of a tmpfs"),
    "kmod/clients": (830, 104, 160, "parcels, regions, metadata"),
    "kmod/face": (1010, 104, 160, "/dev/kho, sysfs, debugfs"),
    "shmem": (730, 254, 160, "files in memory"),
    "kmod/api": (490, 254, 200, "what drivers call"),
    "kmod/image": (994, 254, 176, "image and scratch"),
    "kmod/out": (490, 404, 320, "what the next kernel will be given"),
    "kmod/in": (850, 404, 320, "what the previous kernel left"),
    "kmod/machine": (490, 540, 320, "RAM, the firmware's memory"),
    "kmod/compat": (850, 540, 320, "the only place that knows kernel versions"),
    "core": (44, 684, 1126, "tracker, cover, chain, FDT, formats, checks: pure C, for modules, tool, tests and fuzzers"),
}
HEIGHT = 80
GROUND = {"core": "core", "cli/base": "base", "kmod/machine": "machine", "kmod/compat": "compat"}
COLOURS = {"cli": "#2f6f9f", "lib": "#2f6f9f", "kmod": "#3d7a4b", "liveupdate": "#3d7a4b", "kept": "#3d7a4b", "shmem": "#3d7a4b", "core": "#8a5a2b"}

# Against the flow, or past a room, and why that is so.
KNOWN = {
    ("kmod/out", "kmod/image"): "where most memory cannot be preserved, one that can is looked for as scratch is",
    ("kmod/out", "kmod/api"): "what is preserved for a driver is checked in one place",
    ("kmod/in", "kmod/clients"): "metadata tell who handed over, with native kernels too",
}

# Never, for any reason.
def forbidden(source, target):
    kernel = ("kmod", "liveupdate", "kept", "shmem")
    if source == "core":
        return "core/ knows nothing of what it is compiled into"
    if source.startswith(kernel) and target.startswith(("cli", "lib")):
        return "the kernel's side knows nothing of the tool"
    if source.startswith(("cli", "lib")) and target.startswith(kernel):
        return "the tool reaches the modules through ioctls and files only"
    if (source, target) == ("kmod/clients", "kmod/out"):
        return "clients use kmod/api as any driver does"
    return None


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("kmod", "cli") and len(parts) > 2 else parts[0]


def unit_of(name):
    return re.sub(r"\.[ch]$", "", name)


def world_of(name):
    """Tool and modules may have functions of one name."""
    return "tool" if name.startswith(("cli/", "lib/")) else "core" if name.startswith("core/") else "kernel"


def read_sources():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "core", "kmod",
                            "liveupdate", "kept", "shmem", "cli", "lib"], cwd=TOP, capture_output=True, text=True, check=True)
    sources = {}
    for name in sorted(set(names.stdout.split())):
        path = TOP / name
        if not name.endswith((".c", ".h")) or not path.exists() or name.endswith("aside.c"):
            continue
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S)
        sources[name] = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    return sources


DEFINITION = re.compile(r"^(?!static\b|typedef\b|return\b)(?:[a-z_][\w \t*]*?[ *\n])(\w+)\((?:[^;{}])*?\)\s*\n\{", re.M)
USE = re.compile(r"(?<!enum )(?<!struct )(?<![\w.>])([a-z]\w+)\b")


def find_calls(sources):
    """(caller's file, callee's file) -> functions; also those that are handed over as pointers."""
    defined = collections.defaultdict(set)
    for name, text in sources.items():
        for match in DEFINITION.finditer(text):
            defined[match.group(1)].add(name)
    calls = collections.defaultdict(set)
    for name, text in sources.items():
        if not name.endswith(".c"):
            continue
        for word in set(USE.findall(text)):
            for target in defined.get(word, ()):
                worlds = {world_of(name), world_of(target)}
                if unit_of(target) != unit_of(name) and worlds != {"tool", "kernel"}:
                    calls[name, target].add(word)
    return calls


def find_arrows(sources, calls):
    arrows = collections.defaultdict(set)
    # What is in compat/ is inline.
    for name, text in sources.items():
        if room_of(name) != "kmod/compat" and "kho_compat_" in text:
            arrows[room_of(name), "kmod/compat"].add("kho_compat_*")
    for (source, target), functions in calls.items():
        if room_of(source) != room_of(target):
            arrows[room_of(source), room_of(target)] |= functions
    return arrows


def circles(calls):
    """Sets of files that call one another in a circle (Tarjan)."""
    graph = collections.defaultdict(set)
    for source, target in calls:
        graph[unit_of(source)].add(unit_of(target))
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def explains_circle(unit):
    text = (TOP / (unit + ".c")).read_text()
    head = re.match(r"(//[^\n]*\n)?\s*/\*.*?\*/", text, re.S)
    return bool(head) and "circle" in head.group(0)


def above(source, target):
    """Is the target in a row above?"""
    return ROOMS[target][1] < ROOMS[source][1]


# Files that call one another in a circle with no word about it yet; none may come in.
OLD_CIRCLES = pathlib.Path(__file__).with_name("architecture-circles.txt")


def check_rules(calls, arrows):
    failed = []
    for (source, target), functions in sorted(arrows.items()):
        why = forbidden(source, target)
        if not why and source in ROOMS and target in ROOMS and (source, target) not in KNOWN and (
                above(source, target) or (source, target) == ("kmod/clients", "kmod/out")):
            why = "against the flow of data, and not explained in scripts/architecture.py"
        if why:
            failed.append(f"{source} -> {target} ({', '.join(sorted(functions)[:4])}): {why}")
    for name, text in read_sources().items():
        if name.startswith(("kmod/in/", "kmod/face/")):
            for header in re.findall(r"^#include <(linux/kho/abi/(?!metadata)\S+)>", text, re.M):
                failed.append(f"{name}: includes {header}: what came in is taken apart in core/ only")
    known = set(OLD_CIRCLES.read_text().split()) if OLD_CIRCLES.exists() else set()
    for group in circles(calls):
        silent = [unit for unit in group if unit not in known and not explains_circle(unit)]
        if silent:
            failed.append(f"{' <-> '.join(group)}: a circle; the comment at the top does not say why in: "
                          + ", ".join(silent))
    return failed


def missing_functions(names, sources):
    everything = "\n".join(sources.values())
    return sorted(name for name in set(names) if not re.search(rf"\b{name}\(", everything))


def check_text(sources):
    """What docs/architecture.md names is there."""
    text = (TOP / "docs/architecture.md").read_text()
    failed = []
    for name in sorted(set(re.findall(r"`([\w/]+\.(?:[chp]y?|sh))`", text))):
        if not (TOP / name).exists():
            failed.append(f"docs/architecture.md: {name} is not there")
    for name in missing_functions(re.findall(r"`(\w+)\(\)`", text), sources):
        failed.append(f"docs/architecture.md: there is no function {name}()")
    return failed


# ------------------------------------------------------------------------------------ the picture

def colour(room):
    return COLOURS[room.split("/")[0]]


def draw_room(room, tags):
    x, y, width, caption = ROOMS[room]
    name = {"lib": "lib/", "core": "core/", "liveupdate": "liveupdate/", "kept": "kept/", "shmem": "shmem/"}.get(room, room.split("/")[-1] + "/")
    out = [f'<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="7" fill="#fff" stroke="{colour(room)}" '
           f'stroke-width="1.6"/>',
           f'<rect x="{x}" y="{y}" width="6" height="{HEIGHT}" rx="3" fill="{colour(room)}"/>',
           f'<text x="{x + 16}" y="{y + 22}" class="name" fill="{colour(room)}">{name}</text>']
    words, line, lines = caption.split(), "", []
    for word in words:
        if len(line + word) * 6.1 > width - 26 and line:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line)
    for i, text in enumerate(lines):
        out.append(f'<text x="{x + 16}" y="{y + 40 + 14 * i}" class="caption">{escape(text.strip())}</text>')
    at = x + 14
    for tag in sorted(tags):
        size = 7 * len(tag) + 12
        ground = next(r for r, t in GROUND.items() if t == tag)
        out.append(f'<rect x="{at}" y="{y + HEIGHT - 25}" width="{size - 4}" height="17" rx="8" fill="{colour(ground)}" '
                   f'fill-opacity="0.14"/><text x="{at + (size - 4) / 2}" y="{y + HEIGHT - 13}" class="tag" '
                   f'fill="{colour(ground)}">{tag}</text>')
        at += size
    return out


def draw_arrows(arrows):
    """Ports along an edge are in the order of where the arrows go."""
    shown = [(s, t) for s, t in sorted(arrows) if s in ROOMS and t in ROOMS and t not in GROUND]
    middle = {room: ROOMS[room][0] + ROOMS[room][2] / 2 for room in ROOMS}
    ports = collections.defaultdict(list)
    for s, t in shown:
        if ROOMS[s][1] == ROOMS[t][1]:
            continue
        up = above(s, t)
        ports[s, "top" if up else "bottom"].append((middle[t], s, t))
        ports[t, "bottom" if up else "top"].append((middle[s], s, t))

    def port(room, side, s, t):
        order = sorted(ports[room, side])
        place = [(a, b) for _, a, b in order].index((s, t))
        x, y, width, _ = ROOMS[room]
        return x + 16 + (width - 32) * (place + 1) / (len(order) + 1), y + (HEIGHT if side == "bottom" else 0)

    out = []
    for s, t in shown:
        against = (s, t) in KNOWN
        style = 'class="against" marker-end="url(#grey)"' if against else \
            f'stroke="{colour(s)}" marker-end="url(#{colour(s)[1:]})"'
        if ROOMS[s][1] == ROOMS[t][1]:
            right = middle[t] > middle[s]
            x1 = ROOMS[s][0] + (ROOMS[s][2] if right else 0)
            x2 = ROOMS[t][0] + (0 if right else ROOMS[t][2]) + (-5 if right else 5)
            y = ROOMS[s][1] + HEIGHT / 2 + (8 if right else -8)
            path = f"M{x1:.0f} {y:.0f} L{x2:.0f} {y:.0f}"
        else:
            up = above(s, t)
            x1, y1 = port(s, "top" if up else "bottom", s, t)
            x2, y2 = port(t, "bottom" if up else "top", s, t)
            y2 += 5 if up else -5
            bend = (y2 - y1) * 0.5
            path = f"M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
        out.append(f'<path d="{path}" fill="none" stroke-width="1.5" {style}/>')
    return out


def draw(arrows):
    tags = collections.defaultdict(set)
    for s, t in arrows:
        if t in GROUND:
            tags[s].add(GROUND[t])
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           '<!-- SPDX-License-Identifier: GPL-2.0; made by scripts/architecture.py -->',
           '<svg xmlns="http://www.w3.org/2000/svg" width="1214" height="872" viewBox="0 0 1214 872" '
           'font-family="Helvetica, Arial, sans-serif">',
           '<style>.name{font-size:16px;font-weight:bold}.caption{font-size:12px;fill:#444}.tag{font-size:11px;'
           'text-anchor:middle}.panel{font-size:14px;fill:#555}.against{stroke:#999;stroke-dasharray:5 4}</style>',
           '<defs>']
    for name in sorted({c[1:] for c in COLOURS.values()} | {"999999"}):
        out.append(f'<marker id="{"grey" if name == "999999" else name}" viewBox="0 0 8 8" refX="5" refY="4" '
                   f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#{name}"/></marker>')
    out += ['</defs>', '<rect width="1214" height="872" fill="#fff"/>']
    for x, width, fill, text in ((24, 416, "#eef4f9", "user space: the tool kho"),
                                 (470, 720, "#eef6f0", "the kernel: kho.ko, liveupdate.ko, kho-kept.ko; drivers call api/")):
        out.append(f'<rect x="{x}" y="56" width="{width}" height="580" rx="12" fill="{fill}"/>'
                   f'<text x="{x + 20}" y="82" class="panel">{text}</text>')
    out.append('<rect x="24" y="656" width="1166" height="124" rx="12" fill="#f8f2ea"/>')
    out += draw_arrows(arrows)
    for room in ROOMS:
        out += draw_room(room, tags[room])
    out += ['<text x="24" y="36" class="panel" style="font-weight:bold">Who calls whom</text>',
            '<text x="170" y="36" class="caption">An arrow: functions there are called. A tag: so are functions of '
            'core/, base/, machine/ or compat/. Dashed: against the flow, for a reason.</text>',
            '<text x="607" y="812" class="caption" text-anchor="middle">core/ reads and writes the wire: '
            'include/linux/kho/abi. The tool reaches the modules through the ioctls of include/uapi, and sysfs, only.'
            '</text>',
            '<text x="607" y="838" class="caption" text-anchor="middle">this kernel: driver, api/, out/, core/, wire'
            '  &#8594;  kexec  &#8594;  next kernel: wire, core/, in/, api/, driver</text>',
            '</svg>']
    return "\n".join(out) + "\n"


def main():
    sources = read_sources()
    calls = find_calls(sources)
    arrows = find_arrows(sources, calls)
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if len(sys.argv) == 1:
        SVG.write_text(draw(arrows))
    elif what == "--check":
        if not SVG.exists() or SVG.read_text() != draw(arrows):
            sys.exit("docs/architecture.svg does not show what is there: run scripts/architecture.py")
    elif what == "--rules":
        failed = check_rules(calls, arrows) + check_text(sources)
        if failed:
            sys.exit("\n".join(failed))
    elif what == "--list":
        for (source, target), functions in sorted(arrows.items()):
            print(f"{source} -> {target}: {', '.join(sorted(functions))}")
        for group in circles(calls):
            print("circle:", " ".join(group))
    elif what in ("-h", "--help"):
        print(__doc__.strip())
    else:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
