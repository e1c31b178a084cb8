"""What the IBSI's configurations of the CT phantom cost: CPU time of each, and of D by family.

    python -m benchmarks.configurations --data DATA --pictologics /path/to/python \\
        --output docs/explanation/ibsi.md

Image and mask are in memory; one thread; kernels are compiled. With `--pictologics`, the Python of an
environment in which it is installed, its own pipeline is measured on configuration D, in turns with ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import SimpleITK as sitk

from benchmarks.writing import machine, put_into, table
from radiomics_screen.extraction.measuring.describing import described, measure
from radiomics_screen.extraction.measuring.preparing import prepared
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.settings.presets import preset_path
from radiomics_screen.settings.settings import Settings, load_settings

PHANTOM = "ibsi1/ct_phantom"
PEER = Path(__file__).parent / "peers" / "configuration_d.py"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with ibsi1/")
    parser.add_argument("--pictologics", help="Python of an environment with pictologics")
    parser.add_argument("--turns", type=int, default=3, help="how often each is measured in turn (3)")
    parser.add_argument(
        "--output", type=Path, help="Markdown file whose section 'configurations' is replaced"
    )
    args = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):  # read when libraries are imported
        os.execve(
            sys.executable,
            [sys.executable, "-m", "benchmarks.configurations", *sys.argv[1:]],
            {**os.environ, **dict.fromkeys(ONE_THREAD, "1")},
        )
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    folder = args.data / PHANTOM
    image, mask = read_image(folder / "image.nii.gz"), read_mask(folder / "mask.nii.gz")
    text = "\n".join(report(image, mask, args.pictologics, folder, args.turns))
    print(text)
    if args.output:
        put_into(args.output, "configurations", text)


def report(image: sitk.Image, mask: sitk.Image, peer: str | None, folder: Path, turns: int) -> list[str]:
    """Return the tables as Markdown lines."""
    settings = {name: load_settings(preset_path(f"ibsi/config-{name}")) for name in "abcde"}
    times: dict[str, list[float]] = {name: [] for name in settings}
    theirs: list[dict[str, float]] = []
    for _ in range(turns):
        for name, chosen in settings.items():
            times[name].append(milliseconds(lambda chosen=chosen: measure(image, mask, chosen)))
        if peer:
            theirs.append(peer_milliseconds(peer, folder))
    rows = [[name.upper(), f"{statistics.median(found):.0f}"] for name, found in times.items()]
    lines = [f"Measured on: {machine()}.", "", "All families, CPU milliseconds (median):", ""]
    lines += table(["configuration", "milliseconds"], rows)
    if theirs:
        lines += ["", "Configuration D by pictologics, in the same run:", ""]
        names = list(theirs[0])
        lines += table(
            ["families", "milliseconds"],
            [[n, f"{statistics.median(found[n] for found in theirs):.0f}"] for n in names],
        )
    lines += ["", "Configuration D by family (preparing image and mask comes once):", ""]
    return [*lines, *table(["part", "milliseconds"], profile(image, mask, settings["d"])), ""]


def profile(image: sitk.Image, mask: sitk.Image, settings: Settings) -> list[list[str]]:
    """Return the CPU milliseconds of preparing and of each family by itself."""
    rows = [["preparing", f"{milliseconds(lambda: prepared(image, mask, settings)):.1f}"]]
    for family in settings.wanted:
        alone = load_settings(
            {"conventions": "ibsi", "featureClass": {family: None}, "setting": dict(settings.setting)}
        )
        lesion = prepared(image, mask, alone)
        rows.append([f"`{family}`", f"{milliseconds(lambda of=lesion, by=alone: described(of, by)):.1f}"])
    return rows


def milliseconds(work: Callable[[], object], runs: int = 7) -> float:
    """Return the median CPU time of some work, after one run that is not counted."""
    work()
    found = []
    for _ in range(runs):
        start = process_time()
        work()
        found.append(process_time() - start)
    return 1000 * statistics.median(found)


def peer_milliseconds(python: str, folder: Path) -> dict[str, float]:
    """Return what the other package takes, by what it computes."""
    done = subprocess.run([python, str(PEER), str(folder)], capture_output=True, text=True, check=True)
    pairs = (line.rsplit(" ", 1) for line in done.stdout.splitlines() if line.startswith("D: "))
    return {name.removeprefix("D: "): float(ms) for name, ms in pairs}


if __name__ == "__main__":
    main()
