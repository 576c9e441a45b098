# SPDX-License-Identifier: 0BSD OR Apache-2.0
"""compare.json as tables for README.md."""

HEADING = ("| host | source | sink | loopback | latency p50 | p99 | max "
           "| CPU s/GiB | of a core | peak MiB |\n"
           "|---|---|---|---|---|---|---|---|---|---|\n")
PACES = {"link": "Paced as the link",
         "off": "Not paced: as fast as the machine"}


def number(value, decimals=None):
    if value is None:
        return "-"
    if decimals is None:
        decimals = 0 if value >= 1000 else 1 if value >= 100 else 2
    return f"{value:.{decimals}f}"


def line(host, modes):
    """CPU and memory are those of the mode that costs most."""
    def worst(name):
        return max((row[name] for row in modes.values()
                    if row.get(name) is not None), default=None)

    rates = [number(modes[mode]["mib_per_s"]) if mode in modes else "-"
             for mode in ("source", "sink", "loopback")]
    latency = modes.get("latency", {})
    core = max((row["core_share"] for mode, row in modes.items()
                if mode != "latency" and row["core_share"] is not None),
               default=None)
    cells = [host, *rates,
             *(number(latency.get(name)) for name in
               ("p50_us", "p99_us", "max_us")),
             number(worst("cpu_s_per_gib"), 3),
             "-" if core is None else f"{100 * core:.1f} %",
             number(worst("peak_mib"), 1)]
    return "| " + " | ".join(cells) + " |\n"


def failures(rows):
    text = ""
    for row in rows:
        if row["failed"]:
            text += (f"- {row['host']}, {row['interpreter']}, {row['mode']}, "
                     f"pace {row['pace']}: {row['failed']}\n")
    return f"\nWhat failed:\n\n{text}" if text else ""


def write_table(rows, path):
    text = ("MiB/s and us, medians of "
            f"{max(row['repeats'] for row in rows)}; CPU, of a core (while "
            "streaming) and memory are the worst mode's. 512 B round trips; "
            "64 KiB transfers, 32 in flight. PyPy has a nursery of 4 MiB.\n"
            f"{rows[0]['machine']}, {rows[0]['date']}.\n")
    for pace, title in PACES.items():
        by_host = {}
        for row in rows:
            if row["pace"] == pace:
                name = f"{row['host']}, {row['interpreter']}"
                by_host.setdefault(name, {})[row["mode"]] = row
        if by_host:
            text += f"\n{title}:\n\n{HEADING}"
            text += "".join(line(*item) for item in by_host.items())
    path.write_text(text + failures(rows))
