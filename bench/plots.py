# SPDX-License-Identifier: GPL-2.0
"""Plots of cost against amount, drawn by gnuplot as SVG."""

import subprocess

STYLE = """set terminal svg size 720,420 font 'sans-serif,13' background '#ffffff'
set grid lc rgb '#dddddd'
set key top left
set logscale xy
set format x '%.0s%c'
set format y '%.0s%c'
"""
COLOURS = {"kho": "#1f77b4", "native": "#d62728", "published": "#d62728"}


def data(points):
    """A line for each point. Of those at the same x only the first belongs to the curve."""
    text = ""
    last = None
    for x, y in points:
        text += ("\n" if x == last else "") + f"{x} {y}\n"
        last = x
    return text


def plot(path, title, xlabel, ylabel, lines):
    """@lines: name, colour, dashed, points. Points without a positive value cannot be drawn."""
    lines = [(n, c, d, sorted((p for p in pts if p[1] and p[1] > 0), key=lambda p: p[0]))
             for n, c, d, pts in lines]
    lines = [line for line in lines if line[3]]
    if not lines:
        return
    script = STYLE + f"set output '{path}'\nset title '{title}'\n"
    script += f"set xlabel '{xlabel}'\nset ylabel '{ylabel}'\n"
    for i, line in enumerate(lines):
        script += f"$data{i} << end\n" + data(line[3]) + "end\n"
    script += "plot " + ", ".join(
        f"$data{i} with linespoints lw 2 pt 7 ps 0.6 {'dt 2' if dashed else ''} "
        f"lc rgb '{colour}' title '{name}'"
        for i, (name, colour, dashed, _) in enumerate(lines)) + "\n"
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    with open(path, encoding="utf-8") as file:
        head, rest = file.read().split("\n", 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}\n<!-- SPDX-License-Identifier: GPL-2.0 -->\n{rest}")


def series(machines, side, prefix, value):
    points = []
    for case in machines.cases(side):
        if case.startswith(prefix + "-"):
            count = machines.get(side, case, "count")
            points.append((count, value(side, case)))
    return points


def draw_handovers(figures, machines, docs):
    published = figures["published"]["machines"]
    for prefix, what in (("isolated", "single pages, none beside another"),
                         ("contiguous", "pages beside one another"),
                         ("order9", "folios of 2 MiB")):
        lines = [(side, COLOURS[side], False, series(machines, side, prefix, machines.whole))
                 for side in ("kho", "native")]
        if not lines[1][3]:
            lines[1] = ("native (published)", COLOURS["published"], True,
                        [(p["count"], p["whole"]) for case, p in published.items()
                         if case.startswith(prefix + "-")])
        per_block = [(n, c, d, [(x, y / x) for x, y in pts if y]) for n, c, d, pts in lines]
        plot(f"{docs}/{prefix}.svg", f"Whole handover of {what}", "blocks",
             "guest instructions a block", per_block)


def draw_scale(figures, docs):
    colours = ("#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")
    groups = {}
    for e in figures["scale"]["experiments"]:
        groups.setdefault(e["pattern"], []).append(e)
    plot(f"{docs}/scale.svg", "Preserving, re-plan included, with the real core",
         "blocks", "seconds of CPU time",
         [(name, colour, False,
           [(e["blocks"], (e["preserve_ns"] * e["blocks"] + e["replan_ms"] * 1e6) / 1e9)
            for e in group])
          for (name, group), colour in zip(groups.items(), colours)])


def draw(figures, machines, docs):
    draw_handovers(figures, machines, docs)
    draw_scale(figures, docs)
