# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""Formats the rows of compare.json as tables and sentences in Markdown, for
compare.md and for the page that figures.py writes."""

import measure

HEADINGS = ["host", "source", "sink", "loopback", "latency p50", "p99", "max",
            "CPU s/GiB", "of a core", "peak MiB"]
RATIOS = ["host", "source", "sink", "loopback", "latency p50", "CPU"]
RATES = ["source", "sink", "loopback"]
FLOOR = "libusb"
PACES = {"link": "Paced as the link",
         "off": "Not paced, as fast as the machine"}


def number(value, decimals=None):
    if value is None:
        return "failed"
    if decimals is None:
        decimals = 0 if value >= 1000 else 1 if value >= 100 else 2
    return f"{value:.{decimals}f}"


def name_of(row):
    return f"{row['host']}, {row['interpreter']}"


def worst(modes, name):
    """The largest value of a figure over the modes; None if no mode has it."""
    return max((row[name] for row in modes.values()
                if row[name] is not None), default=None)


def figure(modes, mode):
    row = modes.get(mode, {})
    return row.get("p50_us" if mode == "latency" else "mib_per_s")


def cells(host, modes):
    """A row of the table.  CPU and memory are of the mode with the largest."""
    latency = modes.get("latency", {})
    core = worst({mode: row for mode, row in modes.items()
                  if mode != "latency"}, "core_share")
    return [host, *(number(figure(modes, mode)) for mode in RATES),
            *(number(latency.get(name)) for name in
              ("p50_us", "p99_us", "max_us")),
            number(worst(modes, "cpu_s_per_gib"), 3),
            "failed" if core is None else f"{100 * core:.1f} %",
            number(worst(modes, "peak_mib"), 1)]


def by_host(rows, pace):
    """The rows by host and mode, of hosts that have at least one figure."""
    hosts = {}
    for row in rows:
        if row["pace"] == pace:
            hosts.setdefault(name_of(row), {})[row["mode"]] = row
    return {name: modes for name, modes in hosts.items()
            if any(figure(modes, mode) is not None for mode in modes)}


def ratios(host, modes, floor):
    """Figures as multiples of the floor's."""
    pairs = [(figure(modes, mode), figure(floor, mode))
             for mode in (*RATES, "latency")]
    pairs.append((worst(modes, "cpu_s_per_gib"),
                  worst(floor, "cpu_s_per_gib")))
    return [host, *("failed" if value is None or one is None
                    else f"{value / one:.2f}" for value, one in pairs)]


def tables(rows):
    """For each pace the figures, and their ratios to those of the floor."""
    text = ""
    for pace, title in PACES.items():
        hosts = by_host(rows, pace)
        if hosts:
            text += f"\n{title}:\n\n" + measure.table(
                HEADINGS, [cells(*item) for item in hosts.items()])
        floor = hosts.get(f"{FLOOR}, C")
        others = [item for item in hosts.items() if item[1] is not floor]
        if floor and others:
            text += (f"\n{title}, as multiples of libusb alone:\n\n" +
                     measure.table(RATIOS, [ratios(*item, floor)
                                            for item in others]))
    return text


def units(rows):
    return ("MiB/s and us, medians of "
            f"{max(row['repeats'] for row in rows)}; CPU, of a core (while "
            "streaming) and memory are the worst mode's. 512 B round trips; "
            "64 KiB transfers, 32 in flight. PyPy has a nursery of 4 MiB.")


def failures(rows):
    text = ""
    for row in rows:
        if row["failed"]:
            text += (f"- {name_of(row)}, {row['mode']}, "
                     f"pace {row['pace']}: {row['failed']}\n")
    return f"\nWhat failed:\n\n{text}" if text else ""


def failed_hosts(rows):
    """A sentence for each host that failed, by its name."""
    hosts = {}
    for row in rows:
        hosts.setdefault(name_of(row), []).append(row)
    sentences = {}
    for name, modes in hosts.items():
        failed = [row for row in modes if row["failed"]]
        if not failed:
            continue
        after = [row["failed_after_transfers"] for row in failed]
        # The last two clauses of a reason have the transfers and bytes.
        reasons = {row["failed"].rsplit(", after ", 1)[0] for row in failed}
        seen = "; ".join(f"`{reason}`" for reason in sorted(reasons))
        sentences[name] = (
            f"{name} failed in {len(failed)} of {len(modes)} measurements "
            f"(a pace and a mode each), after {min(after)} to {max(after)} "
            f"transfers. What was seen: {seen}.")
    return sentences


def write_table(rows, path):
    path.write_text(f"{units(rows)}\n{rows[0]['machine']}, "
                    f"{rows[0]['date']}.\n{tables(rows)}{failures(rows)}")
