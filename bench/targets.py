# SPDX-License-Identifier: GPL-2.0
"""What the project wants to reach, beside what was measured."""

GIB = 1 << 30
ISOLATED = ("isolated-1024", "isolated-4096", "isolated-16384", "isolated-65536",
            "isolated-200000")
NEAR = ("contiguous-16384", "contiguous-131072")


def micro(figures, case, what, side="kho"):
    for f in figures["tracker"]["figures"]:
        if (f["case"], f["side"], f["what"]) == (case, side, what):
            return f["median"]
    return None


def per_block(machines, cases, what):
    """Least and most of a figure for one block over some cases."""
    values = []
    for case in cases:
        value, count = what("kho", case), machines.get("kho", case, "count")
        if value is not None and count:
            values.append(value / count)
    return (min(values), max(values)) if values else (None, None)


def verdict(value, limit):
    return "not measured" if value is None else "yes" if value <= limit else "**no**"


def span(values, unit=""):
    low, high = values
    if low is None:
        return "–"
    text = f"{low:,.0f}" if round(low) == round(high) else f"{low:,.0f} to {high:,.0f}"
    return text + unit


def whole_note(machines, cases):
    boot = per_block(machines, cases, machines.boot)
    if boot[0] is None:
        return ""
    return (f"by our module; besides, the stock kernel's boot takes {span(boot)} more than with "
            "nothing preserved")


def machine_rows(figures, machines):
    rows = []
    values = per_block(machines, ISOLATED, machines.incoming)
    rows.append(["incoming, an isolated page, any number", "≤ 300 instructions, flat",
                 span(values), verdict(values[1], 300),
                 whole_note(machines, ISOLATED)])
    values = per_block(machines, NEAR, machines.incoming)
    rows.append(["incoming, a page beside others", "≤ 300", span(values),
                 verdict(values[1], 300), whole_note(machines, NEAR)])

    def with_restore(side, case):
        incoming, restore = machines.incoming(side, case), machines.get(side, case,
                                                                        "restore_ns")
        count = machines.get(side, case, "count")
        return None if None in (incoming, restore) else incoming + restore * count
    values = per_block(machines, ("order9-256", "order9-512"), with_restore)
    rows.append(["incoming, a folio of 2 MiB, restoring included", "≤ 5,000", span(values),
                 verdict(values[1], 5000), ""])
    return rows


def kexec_rows(machines):
    """Beside kexec(8), which does not check its image either, and the system call alone."""
    rows = []
    for text, key, ours, limit in (("`kho load`", "load_ns", "nothing", 10),
                                   ("blackout with nothing preserved", "blackout", "nothing", 2)):
        theirs, value = machines.get("kho", "kexec", key), machines.get("kho", ours, key)
        if None in (theirs, value):
            continue
        share = 100 * (value - theirs) / theirs
        rows.append([f"{text}, over kexec-tools with the same image", f"≤ {limit} %", f"{share:+.1f} %",
                     verdict(share, limit),
                     f"{value / 1e6:,.1f} M against {theirs / 1e6:,.1f} M with `kexec -l -c --no-checks`; "
                     f"medians of {machines.runs('kho', 'kexec')}"])
    theirs, value = machines.get("kho", "kexec-file", "load_ns"), machines.get("kho", "file", "load_ns")
    if None not in (theirs, value):
        share = 100 * (value - theirs) / theirs
        rows.append(["`kexec_file_load(2)` of an image that is adopted, over the same without the module",
                     "≤ 3 %", f"{share:+.1f} %", verdict(share, 3),
                     f"{value / 1e6:,.1f} M against {theirs / 1e6:,.1f} M, of which the kernel's own copies "
                     f"and checksums are the most; medians of {machines.runs('kho', 'file')}"])
    return rows


def ahead_rows(machines):
    """What is done before the jump is not done in the blackout."""
    rows = []
    for kernel, limit in (("6.1", 0.90), ("6.12", 0.65), ("7.3", 0.65)):
        theirs, value = (machines.get(f"ahead-{kernel}", case, "blackout")
                         for case in ("kexec", "nothing"))
        if None not in (theirs, value):
            rows.append([f"blackout with nothing preserved, {kernel} to itself, a small initramfs: share of "
                         "kexec-tools'", f"≤ {limit:.2f}", f"{value / theirs:.2f}",
                         verdict(value / theirs, limit), "see [below](#done-ahead)"])
    return rows


def blackout_rows(machines):
    plain = machines.get("kho", "plain", "blackout")
    nothing = machines.get("kho", "nothing", "blackout")
    rows = []
    if plain and nothing:
        share = 100 * (nothing - plain) / plain
        noise = max(machines.spread("kho", case, "blackout") or 0 for case in ("plain",
                                                                               "nothing"))
        rows.append(["blackout with nothing preserved, over a plain kexec", "≤ 0.5 %",
                     f"{share:.2f} %", verdict(share, 0.5) if 100 * noise / plain <= 0.5 else
                     "not decided",
                     f"medians; repeats of one case differ by up to {100 * noise / plain:.2f} %"])
    rows += kexec_rows(machines)
    rows += ahead_rows(machines)
    over = machines.boot("kho", "order9-256")
    rows.append(["blackout, 512 MiB in folios of 2 MiB, over nothing preserved", "≤ 1.5 M",
                 "–" if over is None else f"{over / 1e6:.1f} M", verdict(over, 1.5e6),
                 "see [Where the blackout goes](#where-the-blackout-goes)"])
    many = machines.incoming("kho", "isolated-200000")
    base = machines.get("kho", "nothing", "validate_ns")
    # That machine is larger: what nothing costs there is part of what is shown.
    rows.append(["200,000 isolated pages in a machine of 6 GiB, the incoming side", "≤ 60 M",
                 "–" if many is None else f"{many / 1e6:.1f} M", verdict(many, 60e6),
                 "" if base is None else "by our module: checking, and finding 200,000 gaps in "
                 "what the extents cover"])
    return rows


def beside_peer(figures, what, value):
    """What depends on the processor says more beside what another program took on the same."""
    peer = micro(figures, "contiguous", what, "CRoaring")
    if peer is None:
        return ""
    return f"CRoaring, in the same run: {peer:.1f} ns, {peer / value:.1f} times that"


def tracker_rows(figures):
    rows = []
    for what, limit in (("preserve", 5), ("unpreserve", 4), ("walk", 1.5)):
        value = micro(figures, "contiguous", what)
        note = beside_peer(figures, what, value)
        if what == "preserve":
            note += ("; with the look for overlaps "
                     f"{micro(figures, 'contiguous', what, 'checked'):.1f} ns")
        rows.append([f"tracker, contiguous pages: {what}", f"≤ {limit} ns", f"{value:.1f} ns",
                     verdict(value, limit), note])
    native = figures["published"]["tracker"]["range-unaligned-cold"]["preserve"]
    value = micro(figures, "range-unaligned-cold", "preserve")
    rows.append(["tracker, 1 GiB that begins one page late, cold", f"≤ {native / 3:,.0f} ns, a "
                 "third of native", f"{value:,.0f} ns", verdict(value, native / 3), ""])
    return rows


def memory_rows(machines):
    standing = machines.get("kho", "nothing", "standing_bytes")
    scratch = machines.get("kho", "nothing", "scratch_bytes")
    image = machines.get("kho", "nothing", "image_bytes")
    rows = []
    if standing:
        rows.append(["memory before an image is loaded", "no scratch, ≤ 1 MiB of all",
                     f"{standing / 1024:,.0f} KiB", verdict(standing, 1 << 20),
                     "the module's code and data and the pages it holds"])
    if scratch:
        mib = 1 << 20
        rows.append(["memory while an image is loaded", "image, tree, list of extents",
                     f"{scratch / mib:,.0f} MiB for files of {image / mib:,.0f} MiB",
                     "not compared",
                     "the image is what it takes to start it: the kernel's `init_size`, many "
                     "times its file, and the initrd"])
    took = machines.get("kho", "gaps-512", "release_ns")
    gave = machines.get("kho", "gaps-512", "released_bytes")
    if took:
        rate = gave / GIB / (took / 1e9)
        rows.append(["giving back gaps of 4 MiB", "≥ 100 GiB in 10⁹ instructions",
                     f"{rate:,.0f} GiB", "yes" if rate >= 100 else "**no**",
                     f"{took / (gave / 4096):.0f} instructions a page, by a worker; seven of them are ours, the "
                     "others the stock kernel's `__free_pages()`"])
    return rows


def folio_slope(machines, key):
    """What one folio of 2 MiB takes, without what is spent whatever the size of the file."""
    small, large = (machines.get("kho", case, key) for case in ("memfd-huge-64", "memfd-huge-512"))
    return None if None in (small, large) else (large - small) / (256 - 32)


def memfd_rows(machines):
    rows = []
    pages = 512 * 256
    notes = {
        "preserve": "each page is locked, referenced and looked at by itself; only entering it is done for "
                    "runs of pages",
        "retrieve": "the stock kernel's `filemap_add_folio()` takes twice as much by itself, see "
                    "[below](#files-in-memory-through-devliveupdate)",
    }
    for what, key, limit in (("preserve", "preserve_ns", 300), ("retrieve", "retrieve_ns", 600)):
        value = machines.get("kho", "memfd-512", key)
        if value is not None:
            met = verdict(value / pages, limit)
            rows.append([f"/dev/liveupdate, a page of a file in memory: {what}", f"≤ {limit}",
                         f"{value / pages:,.0f}", met, "" if met == "yes" else notes[what]])
    preserve, retrieve = (folio_slope(machines, key) for key in ("preserve_ns", "retrieve_ns"))
    if None not in (preserve, retrieve):
        native = [machines.get("native", "memfd-huge-512", key) for key in ("preserve_ns", "retrieve_ns")]
        met = verdict(preserve + retrieve, 6000)
        rows.append(["/dev/liveupdate, a folio of 2 MiB: preserve and retrieve", "≤ 6,000",
                     f"{preserve:,.0f} and {retrieve:,.0f}", met,
                     ("" if met == "yes" else "see [below](#files-in-memory-through-devliveupdate)") +
                     ("" if None in native else f"; native: {native[0] / 256:,.0f} and "
                      f"{native[1] / 256:,.0f}")])
    return rows


def kept_rows(machines):
    """A folio: what more of them take, as the first costs some of a kind of its own."""
    rows = []
    for case, than, what, way, key, count, limit in (
            ("kept-files-20000", "kept-empty", "a small file", "out", "kept_out_ns", 20000, 3000),
            ("kept-files-20000", "kept-empty", "a small file", "in", "kept_in_ns", 20000, 20000),
            ("kept-512-ahead", "kept-empty", "a page that was held ahead", "out", "kept_out_ns",
             512 * 256, 220),
            ("kept-512", "kept-empty", "a page", "in", "kept_in_ns", 512 * 256, 1500),
            ("kept-huge-1536", "kept-huge-512", "one more folio of 2 MiB", "out", "kept_out_ns",
             512, 2500),
            ("kept-huge-1536", "kept-huge-512", "one more folio of 2 MiB", "in", "kept_in_ns",
             512, 8000)):
        value = machines.over("kho", case, than, key)
        if value is not None:
            rows.append([f"kept tree, {what}: {way}", f"≤ {limit:,}", f"{value / count:,.0f}",
                         verdict(value / count, limit), "see [below](#kept-trees)"])
    return rows


def growth(machines):
    """How the cost of a file grows with its pages, and what it costs besides."""
    text = []
    for what, key in (("Preserving", "preserve_ns"), ("Retrieving", "retrieve_ns")):
        small, large = (machines.get("kho", case, key) for case in ("memfd-64", "memfd-512"))
        if None in (small, large):
            return "Not measured."
        page = (large - small) / ((512 - 64) * 256)
        text.append(f"{what} grows by {page:,.0f} a page between 64 and 512 MiB; "
                    f"{(small - page * 64 * 256) / 1e6:.0f} M are spent whatever the size.")
    return "By our module: " + " ".join(text)


def rows(figures, machines):
    return (machine_rows(figures, machines) + blackout_rows(machines) + tracker_rows(figures) +
            memory_rows(machines) + memfd_rows(machines) + kept_rows(machines))


def shares(machines):
    """Which part of the blackout of 512 MiB is whose."""
    early = machines.over_nothing("kho", "order9-256", "meminit_ns")
    late = machines.over_nothing("kho", "order9-256", "deferred_ns")
    if early is None:
        return "Not measured."
    text = (f"Where the stock kernel makes its first memory usable, between two messages of its log, it "
            f"takes {early / 1e6:.1f} M instructions more with 512 MiB preserved in 256 folios than "
            f"with nothing: {early / (512 * 256):,.0f} for each of the 131,072 reserved pages, one by "
            "one, and that before any module is there.")
    if late is not None:
        text += (f" Where it does the same for the rest of memory, later and in larger steps, it takes "
                 f"{late / 1e6:+.1f} M: together {(early + late) / 1e6:+.1f} M.")
    get = {case: machines.get("kho", case, "blackout")
           for case in ("plain", "nothing", "plain-order9-256", "order9-256")}
    if None in get.values():
        return text
    ours = get["plain-order9-256"] - get["plain"]
    all_of_it = get["order9-256"] - get["nothing"]
    most = max(machines.spread("kho", case, "blackout") or 0 for case in get)
    return text + (f" Whole blackouts say no more: repeats of one case differ by up to {most / 1e6:.1f} M of "
                   f"{get['plain'] / 1e6:,.0f} M, as boot waits for clocks here and there. For what they "
                   f"are worth, medians: preserving 512 MiB and starting the same image with a loader that "
                   f"withholds the list of extents, which leaves what our module does in the old kernel, "
                   f"{ours / 1e6:+.1f} M over a plain kexec; the whole handover {all_of_it / 1e6:+.1f} M "
                   f"over nothing preserved.")


def parcel(machines):
    mib = machines.get("kho", "parcel-64", "parcel")
    if not mib:
        return "Not measured."
    put, get = (machines.get("kho", "parcel-64", key) for key in ("put_ns", "get_ns"))
    pages = mib * 256
    return (f"A parcel of {mib:.0f} MiB takes {put / pages:,.0f} instructions a 4 KiB page to put and "
            f"{get / pages:,.0f} to get, the tool, its pipe and the checksum of all bytes included.")
