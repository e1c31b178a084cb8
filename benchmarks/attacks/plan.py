"""Which specimen has which number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.attacks import bombs, dicom_files, documents, pictures
from benchmarks.attacks.doors import OTHER_DOORS
from benchmarks.attacks.mutations import mutate
from benchmarks.attacks.specimens import Specimen
from benchmarks.attacks.structures import STRUCTURED, other_json
from benchmarks.attacks.workers import read


@dataclass(frozen=True)
class Plan:
    """Sound or finished specimens, and how many are made of them."""

    seed: int
    count: int
    roots: Sequence[Specimen]
    are_finished: bool
    _sound: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.roots) if self.are_finished else self.count

    def specimen(self, number: int) -> Specimen:
        """Return the specimen of a number, always the same."""
        root = self.roots[number % len(self.roots)]
        if self.are_finished:
            return root
        return _damaged(root, Random(f"{self.seed}:{number}"))

    def sound(self, number: int) -> str:
        """Return what the undamaged specimen gives."""
        root = number % len(self.roots)
        if root not in self._sound:
            with TemporaryDirectory() as folder:
                for name, content in self.roots[root].files.items():
                    path = Path(folder) / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                self._sound[root] = read(self.roots[root], Path(folder))[1]
        return self._sound[root]


def planned(only: str, seed: int, count: int) -> Plan:
    """Return the plan of what is asked for."""
    if only == "bombs":
        return Plan(seed, count, list(bombs.specimens()), are_finished=True)
    if only == "syntaxes":
        return Plan(seed, count, list(dicom_files.claimed_syntaxes()), are_finished=True)
    if only == "sound":
        roots = [
            *pictures.specimens(),
            *dicom_files.specimens(),
            *documents.specimens(),
            *documents.model_specimens(),
        ]
        return Plan(seed, count, roots, are_finished=True)
    if only == "doors":
        images = [*pictures.specimens(), *pictures.mask_specimens(), *dicom_files.specimens()]
        roots = [
            replace(root, kind=f"{door.__name__} {root.kind}", door=door.__name__)
            for root in images
            for door in OTHER_DOORS
        ]
        return Plan(seed, count, roots, are_finished=False)
    if only == "model":
        return Plan(seed, count, list(documents.model_specimens()), are_finished=False)
    roots = [
        *pictures.specimens(),
        *pictures.mask_specimens(),
        *dicom_files.specimens(),
        *documents.specimens(),
    ]
    if only != "mutations":
        roots = [root for root in roots if root.kind == only]
    if not roots:
        raise SystemExit(f"nothing is called {only}")
    return Plan(seed, count, roots, are_finished=False)


def _damaged(root: Specimen, random: Random) -> Specimen:
    if root.kind == "model":
        return _damaged_model(root, random)
    names = [name for name in root.files if not name.startswith(("mask.", "sound."))]
    name = random.choice(names)
    content = root.files[name]
    structured = STRUCTURED.get(root.kind.split(" ")[-1], ())
    is_summed = root.is_summed
    if structured and content and random.random() < 0.4:
        chosen = random.choice(structured)
        changed, damage, is_summed = chosen(content, random), chosen.__name__, False
    else:
        changed, damage = mutate(content, random)
    return replace(root, files={**root.files, name: changed}, damage=damage, is_summed=is_summed)


def _damaged_model(root: Specimen, random: Random) -> Specimen:
    """Damage a file of a model; in most cases the digests of the manifest are made right again."""
    files = dict(root.files)
    name = random.choice(list(files))
    if random.random() < 0.1:
        del files[name]
        return replace(root, files=files, damage=f"{name} left out")
    damage = "json value"
    if name.endswith(".json") and random.random() < 0.6:
        files[name] = other_json(json.loads(files[name]), random)
    else:
        files[name], damage = mutate(files[name], random)
    if name != "m/model.json" and random.random() < 0.8:
        manifest = json.loads(files["m/model.json"])
        manifest["files"][name[2:]] = sha256(files[name]).hexdigest()
        files["m/model.json"] = json.dumps(manifest).encode()
    return replace(root, files=files, damage=f"{name}: {damage}")
