#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes docs/performance.md and its plots from what bench/run.sh has measured.

usage: report.py [--from FILE]

It gathers build/bench/*.json into docs/performance/figures.json; with --from it takes what was
gathered before instead.
"""

import json
import os
import statistics
import sys

import plots
import targets

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = f"{TOP}/build/bench"
DOCS = f"{TOP}/docs/performance"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def gather():
    figures = {"published": load(f"{TOP}/bench/published.json")}
    for key, name in (("host", "host"), ("tracker", "bench_tracker"), ("cover", "bench_cover"),
                      ("scale", "scale")):
        figures[key] = load(f"{OUT}/{name}.json")
    with open(f"{OUT}/machines.json", encoding="utf-8") as file:
        figures["machines"] = [json.loads(line) for line in file]
    if os.path.exists(f"{OUT}/parallel.json"):
        figures["parallel"] = load(f"{OUT}/parallel.json")
    return figures


class Machines:
    """Handovers in virtual machines; medians of runs, in guest instructions."""

    def __init__(self, rows):
        self.rows = rows

    def has(self, side, case):
        return any(r["side"] == side and r["case"] == case for r in self.rows)

    def get(self, side, case, what):
        values = [r[what] for r in self.rows
                  if r["side"] == side and r["case"] == case and what in r]
        return statistics.median(values) if values else None

    def spread(self, side, case, what):
        values = [r[what] for r in self.rows
                  if r["side"] == side and r["case"] == case and what in r]
        return max(values) - min(values) if len(values) > 1 else None

    def runs(self, side, case):
        return sum(1 for r in self.rows if r["side"] == side and r["case"] == case)

    def sides(self):
        return list(dict.fromkeys(r["side"] for r in self.rows))

    def cases(self, side):
        return list(dict.fromkeys(r["case"] for r in self.rows if r["side"] == side))

    def over_nothing(self, side, case, what):
        """What a case takes beyond a handover of nothing on the same machine."""
        value, base = self.get(side, case, what), self.get(side, "nothing", what)
        if value is None or base is None:
            return None
        if self.get(side, case, "mem_mib") != self.get(side, "nothing", "mem_mib"):
            return value if what == "validate_ns" else None
        return value - base

    def over(self, side, case, base, what):
        """What a case takes beyond another one."""
        value, least = self.get(side, case, what), self.get(side, base, what)
        return None if value is None or least is None else value - least

    def incoming(self, side, case):
        """The next kernel's work until clients can restore; a native one does it while it boots."""
        what = "validate_ns" if side == "kho" else "blackout"
        return self.over_nothing(side, case, what)

    def boot(self, side, case):
        """
        What the next kernel's boot takes longer. A stock kernel's differs more between two runs
        than the parts that depend on the extents take, so those alone are looked at: making memory
        usable early, and the rest of it later, which is less where much is reserved.
        """
        if side == "native":
            return self.over_nothing(side, case, "blackout")
        early = self.over_nothing(side, case, "meminit_ns")
        late = self.over_nothing(side, case, "deferred_ns")
        return early if None in (early, late) else early + late

    def whole(self, side, case):
        """All that a handover adds between the jump and the last restored block."""
        boot = self.boot(side, case)
        check = self.over_nothing(side, case, "validate_ns") if side == "kho" else 0
        restore = self.get(side, case, "restore_ns")
        if None in (boot, check, restore):
            return None
        return boot + check + restore * self.get(side, case, "count")


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def short(value):
    """Instructions, readable."""
    if value is None:
        return "–"
    for limit, unit in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= limit:
            return f"{value / limit:,.1f} {unit}"
    return f"{value:,.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def micro(bench, case, side, what):
    for f in bench["figures"]:
        if (f["case"], f["side"], f["what"]) == (case, side, what):
            return f
    return None


def median_of(bench, case, side, what):
    f = micro(bench, case, side, what)
    return f["median"] if f else None


def tracker_table(figures):
    bench, rows = figures["tracker"], []
    texts = {f["case"]: f["text"] for f in bench["figures"]}
    for case, text in texts.items():
        native = figures["published"]["tracker"].get(case, {})
        for side, name in (("kho", "kho"), ("checked", "kho, with the look for overlaps"),
                           ("CRoaring", "CRoaring"), (None, "native KHO, published")):
            get = native.get if side is None else (
                lambda what, s=side, c=case: median_of(bench, c, s, what))
            cells = [get(what) for what in ("preserve", "unpreserve", "walk", "memory")]
            if any(cell is not None for cell in cells):
                rows.append([text, name] + [number(c, 1) for c in cells])
                text = ""
    return table(["work", "by", "preserve ns", "unpreserve ns", "walk ns a block", "KiB"], rows)


def cover_table(figures):
    bench = figures["cover"]
    texts = {f["case"]: f["text"] for f in bench["figures"]}
    rows = [[text] + [number(median_of(bench, case, "kho", what), 1)
                      for what in ("add", "again", "replan", "chain")]
            for case, text in texts.items()]
    return table(["work", "add ns a block", "again", "re-plan ns a block", "list of extents ns"],
                 rows)


SIDES = (("kho", "kho"), ("native", "native"))


def machines_table(machines):
    rows = []
    for case in machines.cases("kho"):
        count = machines.get("kho", case, "count")
        if not count or case.startswith(("plain", "kexec", "memfd", "parcel", "kept")):
            continue
        name = case
        for side, text in SIDES:
            if not machines.has(side, case):
                continue
            incoming, whole = machines.incoming(side, case), machines.whole(side, case)
            rows.append([name, text, number(machines.get(side, case, "preserve_ns")),
                         number(incoming and incoming / count),
                         number(machines.get(side, case, "restore_ns")),
                         short(machines.boot(side, case)), short(whole),
                         number(whole and whole / count)])
            name = ""
    return table(["case", "by", "preserve", "incoming", "restore", "boot over nothing", "whole",
                  "whole a block"], rows)


def published_table(figures):
    published = figures["published"]["machines"]
    rows = [[case, number(p["count"]), short(p["whole"]), number(p["whole"] / p["count"])]
            for case, p in published.items()]
    return table(["case", "blocks", "whole", "whole a block"], rows)


def memfd_table(figures, machines):
    rows = []
    for case in ("memfd-64", "memfd-64-noinit", "memfd-512", "memfd-huge-64", "memfd-huge-512"):
        for side, text in SIDES:
            mib = machines.get(side, case, "memfd")
            if not mib:
                continue
            pages = mib * 256
            rows.append([case, text] + [
                number(machines.get(side, case, what) / pages, 1)
                for what in ("preserve_ns", "retrieve_ns", "free_ns")])
    p = figures["published"]["memfd"]
    rows.append(["memfd", "native, published", p["preserve"],
                 f"{p['retrieve']} with freeing", ""])
    return table(["case", "by", "preserve a 4 KiB page", "retrieve", "free"], rows)


def ahead_table(machines):
    """The same images started in three ways, from each kernel to itself."""
    rows = []
    for side in machines.sides():
        if not side.startswith("ahead-"):
            continue
        least = machines.get(side, "kexec", "blackout")
        for case, text in (("kexec", "kexec-tools, `-l -c --no-checks`"),
                           ("itself", "`kho load --ahead=no`"), ("nothing", "`kho load`")):
            value = machines.get(side, case, "blackout")
            if None not in (value, least):
                rows.append([side[len("ahead-"):] if case == "kexec" else "", text,
                             f"{value / 1e6:,.0f} M", number(value / least, 2),
                             f"{machines.get(side, case, 'load_ns') / 1e6:,.0f} M"])
    return table(["kernel", "loaded by", "blackout", "over kexec-tools", "load"],
                 rows) if rows else "Not measured."


def kept_table(machines):
    """Each case over the empty tree, or a smaller one, for one of its files, pages or folios."""
    cases = (("kept-files-20000", "kept-empty", "small file", 20000),
             ("kept-files-100000", "kept-empty", "small file", 100000),
             ("kept-512", "kept-empty", "4 KiB page", 512 * 256),
             ("kept-512-ahead", "kept-empty", "the same, held ahead", 512 * 256),
             ("kept-huge-512", "kept-empty", "2 MiB folio", 256),
             ("kept-huge-512-ahead", "kept-empty", "the same, held ahead", 256),
             ("kept-huge-1536", "kept-huge-512", "one more 2 MiB folio", 512))
    rows = []
    for case, than, unit, count in cases:
        over = [machines.over("kho", case, than, key)
                for key in ("kept_out_ns", "kept_check_ns", "kept_in_ns")]
        if None not in over:
            rows.append([case, unit] + [number(value / count) for value in over])
    return table(["case", "for each", "out, at the last moment", "check", "restore"],
                 rows) if rows else "Not measured."


def peers_table(machines):
    """The same by other means: what is done before the jump, and what after it, for each."""
    rows = []
    for case, unit, count in (("kept-files-peers", "small file", 20000),
                              ("kept-pages-peers", "4 KiB page", 256 * 256)):
        for means, out, back in (("kept tree", "kept_out_ns", "kept_in_ns"),
                                 ("cp -a to another tmpfs, and back", "peer_cp_ns", "peer_cp_ns"),
                                 ("tar to another tmpfs, and back", "peer_tar_ns", "peer_untar_ns"),
                                 ("tar in a parcel", "peer_put_ns", "peer_get_ns")):
            values = [machines.get("kho", case, key) for key in (out, back)]
            if None not in values:
                rows.append([unit, means] + [number(value / count) for value in values])
    return table(["for each", "by", "before the jump", "after it"],
                 rows) if rows else "Not measured."


def parallel_text(figures):
    """Restoring on several processors, over one."""
    p = figures.get("parallel")
    if not p:
        return "Not measured."
    one = p["restore"][0]["ns"]
    ratios = ", ".join(f"on {r['cpus']} {r['ns'] / one:.2f}" for r in p["restore"][1:])
    return (f"Restoring {number(p['files'])} small files takes, of what it takes on one processor, "
            f"{ratios} (by the clock; the machine has {p['host_cpus']} processors for them).")


def compaction(machines):
    """What moving scattered pages together takes, and what it saves."""
    loose, dense = "kept-scattered-256", "kept-scattered-256-compacted"
    keys = ("kept_compact_ns", "kept_extent_bytes", "kept_out_ns")
    after = [machines.get("kho", dense, key) for key in keys]
    before = [machines.get("kho", loose, key) for key in keys]
    if None in after or None in before[1:]:
        return "Not measured."
    return (f"Of 256 MiB in every second page of 512 MiB the next kernel would do without "
            f"{before[1] >> 20} MiB at first, and without {after[1] >> 20} MiB after "
            f"`vm.compact_memory`, which took {after[0] / 1e6:,.0f} M; the last moment takes "
            f"{before[2] / 1e6:,.1f} M before and {after[2] / 1e6:,.1f} M after it.")


def scale_table(figures):
    rows = []
    for e in figures["scale"]["experiments"]:
        gib = 1 << 30
        rows.append([e["pattern"], f"{e['ram_bytes'] >> 40}", number(e["blocks"]),
                     number(e["preserved_bytes"] / gib, 1), number(e["node_bytes"] / (1 << 20), 1),
                     number(e["preserve_ns"], 1), number(e["walk_ns"], 2),
                     number(e["replan_ms"], 1),
                     number(e["gaps_ms"], 1) if e["gaps"] else "–", e["extents"],
                     number(e["left_bytes"] / gib, 1)])
    return table(["pattern", "TiB", "blocks", "kept GiB", "tree MiB", "preserve ns", "walk ns",
                  "re-plan ms", "gaps ms", "extents", "left GiB"], rows)


def patterns_list(figures):
    texts = {e["pattern"]: e["text"] for e in figures["scale"]["experiments"]}
    return "\n".join(f"* `{name}`: {text}." for name, text in texts.items())


def write_report(figures):
    machines = Machines(figures["machines"])
    host = figures["host"]
    plots.draw(figures, machines, DOCS)
    with open(f"{TOP}/bench/performance.in.md", encoding="utf-8") as file:
        text = file.read()
    releases = {r["side"]: r["release"] for r in figures["machines"]}
    fill = {
        "cpu": f"{host['cpus']} processors ({host['cpu']}), shared with other work",
        "tools": f"{host['compiler']}, QEMU {host['qemu']}, CRoaring {host['croaring']}",
        "kernel": releases.get("kho", "–"),
        "native": releases.get("native", "not measured: see the published figures"),
        "rounds": figures["tracker"]["rounds"],
        "targets": table(["figure", "target", "measured", "met", "why not, or how"],
                         targets.rows(figures, machines)),
        "tracker": tracker_table(figures), "cover": cover_table(figures),
        "machines": machines_table(machines), "published": published_table(figures),
        "published_source": figures["published"]["machines_source"],
        "tracker_source": figures["published"]["source"],
        "memfd": memfd_table(figures, machines), "scale": scale_table(figures),
        "patterns": patterns_list(figures),
        "shares": targets.shares(machines),
        "growth": targets.growth(machines), "parcel": targets.parcel(machines),
        "kept": kept_table(machines), "ahead": ahead_table(machines),
        "compaction": compaction(machines),
        "peers": peers_table(machines),
        "parallel": parallel_text(figures),
    }
    for key, value in fill.items():
        text = text.replace(f"@{key}@", str(value))
    with open(f"{TOP}/docs/performance.md", "w", encoding="utf-8") as file:
        file.write(text)


def main():
    os.makedirs(DOCS, exist_ok=True)
    if len(sys.argv) == 3 and sys.argv[1] == "--from":
        figures = load(sys.argv[2])
        # In its own order, which the file has lost.
        figures["published"] = load(f"{TOP}/bench/published.json")
    elif len(sys.argv) == 1:
        figures = gather()
        with open(f"{DOCS}/figures.json", "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1, sort_keys=True)
            file.write("\n")
    else:
        sys.exit(__doc__)
    write_report(figures)
    print("written: docs/performance.md, docs/performance/")


if __name__ == "__main__":
    main()
