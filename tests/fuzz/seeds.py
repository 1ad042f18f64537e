"""Collects the seeds of make_seeds.py and writes them into the packs."""
from pathlib import Path

import corpus

PACKS = Path(__file__).resolve().parent / "corpus"
SEEDS = {}  # target to name to bytes


def write(target, name, data):
    SEEDS.setdefault(target, {})["seed-" + name] = data


def write_packs():
    for target, seeds in SEEDS.items():
        pack = PACKS / f"{target}.pack"
        found = corpus.read(pack) if pack.exists() else {}
        kept = {name: data for name, data in found.items() if not name.startswith("seed-")}
        corpus.write(pack, kept | seeds)
