"""Signed model folders: what is signed, what is refused, and why."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.cli.keys import signing_key
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import fit, load_model
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.bundle.signing import TRUSTED_KEYS
from radiomics_screen.modelling.bundle.signing_keys import KeyPair, has_password, make_keys, open_signing_key
from tests.helpers.tables import ASKED, FAST, small_table

NO_CRYPTOGRAPHY = "import sys; sys.modules['cryptography'] = None\n"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return small_table()


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> Model:
    return fit(table, **ASKED, **{**FAST, "resamples": 5})


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("keys") / "mine")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_keys(tmp_path_factory.mktemp("keys") / "other")


@pytest.fixture(autouse=True)
def _trusting_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRUSTED_KEYS, raising=False)


@pytest.fixture
def folder(model: Model, mine: KeyPair, tmp_path: Path) -> Path:
    model.save(tmp_path / "model", sign_with=mine.private)
    return tmp_path / "model"


def change_signature(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "model.json.sig"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def flip_bit(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


# --- loading ------------------------------------------------------------------------------------


def test_a_signed_model_is_loaded_by_whom_trusts_its_key(model, table, folder, mine, other):
    before = {path: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())}
    for trusted in (None, mine.public, str(mine.public), [other.public, mine.public], (mine.public,)):
        back = load_model(folder, trusted=trusted)
        np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    assert {path: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())} == before


def test_only_the_signature_is_added(model, folder, mine, tmp_path):
    model.save(tmp_path / "unsigned")
    unsigned = {path.name: path.read_bytes() for path in (tmp_path / "unsigned").iterdir()}
    signed = {path.name: path.read_bytes() for path in folder.iterdir()}
    signature = json.loads(signed.pop("model.json.sig"))
    assert signed == unsigned
    assert signature["key_id"] == mine.id
    assert signature["model_sha256"] == hashlib.sha256(signed["model.json"]).hexdigest()
    model.save(folder)  # an older signature goes with the older model
    assert not (folder / "model.json.sig").exists()


def test_the_signature_is_that_of_other_tools(folder, mine, tmp_path):
    """Held against the openssl program: no prefix, no hash of our own; the id is the digest of the key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl is not installed")
    signature = json.loads((folder / "model.json.sig").read_text())["signature"]
    (tmp_path / "raw").write_bytes(base64.b64decode(signature))
    public = ["-pubin", "-inkey", str(mine.public)]
    checked = [openssl, "pkeyutl", "-verify", *public, "-rawin", "-in", str(folder / "model.json")]
    done = subprocess.run([*checked, "-sigfile", str(tmp_path / "raw")], capture_output=True, text=True)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    der = subprocess.run(
        [openssl, "pkey", "-pubin", "-in", str(mine.public), "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    assert hashlib.sha256(der.stdout).hexdigest() == mine.id


def test_unsigned_or_signed_with_another_key_is_refused(model, folder, mine, other, tmp_path):
    model.save(tmp_path / "unsigned")
    load_model(tmp_path / "unsigned")
    with pytest.raises(ModelError, match=r"is not signed, and only signed ones are to be loaded \(trusted\)"):
        load_model(tmp_path / "unsigned", trusted=mine.public)
    with pytest.raises(
        ModelError, match=f"with the key {mine.id[:16]}, which is not trusted .*{other.id[:16]}"
    ):
        load_model(folder, trusted=other.public)
    with pytest.raises(ModelError, match="is not a model folder"):
        load_model(tmp_path / "nowhere", trusted=mine.public)


def test_a_changed_byte_in_any_file_is_refused(folder, mine):
    random = np.random.default_rng(0)
    names = sorted(path.name for path in folder.iterdir())
    assert {"metrics.csv", "predictions.csv", "model.json", "model.json.sig", "xgboost.json"} <= set(names)
    for name in names:
        whole = (folder / name).read_bytes()
        for place in (0, len(whole) - 1, *random.integers(len(whole), size=3)):
            flip_bit(folder / name, int(place))
            with pytest.raises(ModelError):
                load_model(folder, trusted=mine.public)
            (folder / name).write_bytes(whole)
        (folder / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelError, match=name.removesuffix(".sig")):
            load_model(folder, trusted=mine.public)
        (folder / name).write_bytes(whole)
    load_model(folder, trusted=mine.public)


def test_reports_may_be_taken_out_but_not_put_in(folder, mine):
    report = (folder / "metrics.csv").read_bytes()
    (folder / "metrics.csv").write_bytes(report + b"\n")
    with pytest.raises(ModelError, match=r"metrics.csv was changed or damaged after the model was signed"):
        load_model(folder, trusted=mine.public)
    (folder / "metrics.csv").unlink()
    (folder / "predictions.csv").unlink()
    assert load_model(folder, trusted=mine.public).evaluation.predictions is None
    (folder / ".DS_Store").write_bytes(b"of the desktop")
    load_model(folder, trusted=mine.public)
    (folder / "files").mkdir()
    (folder / "files" / "extra.nii").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"does not cover files/extra.nii: take that file out"):
        load_model(folder, trusted=mine.public)


def test_a_changed_manifest_is_refused_by_everybody(folder, mine):
    """Also where no key is required: the signature lies there and is of another file."""
    text = (folder / "model.json").read_text(encoding="utf-8")
    (folder / "model.json").write_text(text.replace('"threshold": 0.5', '"threshold": 0.1'), encoding="utf-8")
    for trusted in (None, mine.public):
        with pytest.raises(ModelError, match=r"model.json was changed or damaged after the model was signed"):
            load_model(folder, trusted=trusted)


def test_a_forged_signature_is_refused_before_anything_is_parsed(folder, mine, other, monkeypatch):
    """A forger changes the model and all digests, and names the trusted key."""
    text = (folder / "model.json").read_text(encoding="utf-8")
    forged = text.replace('"threshold": 0.5', '"threshold": 0.1').encode()
    assert forged != text.encode()
    (folder / "model.json").write_bytes(forged)
    digest = hashlib.sha256(forged).hexdigest()
    theirs = base64.b64encode(open_signing_key(other.private).sign(forged)).decode()
    change_signature(folder, lambda s: s.update(model_sha256=digest, signature=theirs))
    assert load_model(folder).threshold == 0.1  # who requires no key is told nothing of the origin

    def fail(*_: object) -> None:
        pytest.fail("model.json was parsed before its signature was checked")

    monkeypatch.setattr("radiomics_screen.modelling.bundle.folder.read_manifest", fail)
    with pytest.raises(
        ModelError, match=rf"forged or damaged: the key {mine.id[:16]}, which it names, has not"
    ):
        load_model(folder, trusted=mine.public)
    change_signature(folder, lambda s: s.update(key_id=other.id))
    with pytest.raises(ModelError, match="which is not trusted"):
        load_model(folder, trusted=mine.public)


def test_a_signature_of_another_model_is_refused(table, folder, mine, tmp_path):
    fit(table, **ASKED, **{**FAST, "resamples": 5, "seed": 9}).save(tmp_path / "b", sign_with=mine.private)
    shutil.copy(tmp_path / "b" / "model.json.sig", folder)
    for trusted in (None, mine.public):
        with pytest.raises(ModelError, match="changed or damaged after the model was signed"):
            load_model(folder, trusted=trusted)
    shutil.copy(tmp_path / "b" / "model.json", folder)  # signed all right, but its files are others
    with pytest.raises(ModelError, match="changed or damaged after the model was signed"):
        load_model(folder, trusted=mine.public)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda s: s.clear(), "format is None"),
        (lambda s: s.update(format_version=2), "format_version is 2, not 1.* a newer radiomics_screen"),
        (lambda s: s.update(algorithm="none"), "algorithm is 'none', not 'Ed25519'"),
        (lambda s: s.update(key_id="x"), "damaged: key_id is 'x'"),
        (lambda s: s.update(key_id=None), "damaged: key_id is 'None'"),
        (lambda s: s.update(model_sha256=["0"]), "damaged: model_sha256"),
        (lambda s: s.update(signature="!"), "damaged: signature"),
        (lambda s: s.update(signature="\u00e9"), "damaged: signature"),
        (lambda s: s.update(signature=s["signature"][:-3] + "/=="), "not as it was written"),
        (lambda s: s.update(signature=""), "signature has 0 bytes, not 64"),
        (lambda s: s.update(signature=s["signature"][:-4]), "signature has 6. bytes, not 64"),
    ],
)
def test_a_damaged_signature_is_refused_by_everybody(folder, mine, change, cause):
    change_signature(folder, change)
    for trusted in (None, mine.public):
        with pytest.raises(ModelError, match=cause):
            load_model(folder, trusted=trusted)
    for broken in (b"", b"\xff", b"[]", b"{"):
        (folder / "model.json.sig").write_bytes(broken)
        with pytest.raises(ModelError, match=r"model.json.sig is damaged"):
            load_model(folder)


def test_files_of_the_settings_are_covered(table, mine, tmp_path):
    from radiomics_screen.core.column_names import is_feature
    from radiomics_screen.table.feature_table import FeatureTable

    reference = tmp_path / "typical.nii.gz"
    reference.write_bytes(b"an image")
    settings = {"preprocessing": [{"histogram_match": {"reference": str(reference)}}]}
    digest = hashlib.blake2b(b"an image", digest_size=16).hexdigest()
    provenance = {"parameters": settings, "files": {str(reference): digest}}
    features = [name for name in table if is_feature(name)]
    made = fit(FeatureTable(table, features, provenance), **ASKED, **{**FAST, "resamples": 5})
    made.save(tmp_path / "model", sign_with=mine.private)
    load_model(tmp_path / "model", trusted=mine.public)
    (copy,) = (tmp_path / "model" / "files").iterdir()
    flip_bit(copy, 3)
    with pytest.raises(ModelError, match=f"{copy.name} was changed or damaged after the model was signed"):
        load_model(tmp_path / "model", trusted=mine.public)


# --- keys that the machine requires -------------------------------------------------------------


def test_the_machine_may_require_keys(model, folder, mine, other, tmp_path, monkeypatch):
    monkeypatch.setenv(TRUSTED_KEYS, os.pathsep.join([str(other.public), str(mine.public), ""]))
    load_model(folder)
    load_model(folder, trusted=mine.public)
    with pytest.raises(ModelError, match=r"not trusted \(trusted: "):
        load_model(folder, trusted=other.public)  # one does not loosen the other, and not the other way
    monkeypatch.setenv(TRUSTED_KEYS, str(other.public))
    for trusted in (None, mine.public):
        with pytest.raises(ModelError, match=rf"not trusted \({TRUSTED_KEYS}: {other.id[:16]}"):
            load_model(folder, trusted=trusted)
    model.save(tmp_path / "unsigned")  # saving is not loading: what was learned is not lost
    with pytest.raises(ModelError, match=rf"is not signed.*{TRUSTED_KEYS}"):
        load_model(tmp_path / "unsigned")
    monkeypatch.setenv(TRUSTED_KEYS, "")
    load_model(tmp_path / "unsigned")


@pytest.mark.parametrize(
    ("named", "cause"),
    [
        (os.pathsep, "names no public key"),
        ("keys/mine.pub", "names keys/mine.pub; give each key with its whole path"),
        (f"{os.sep}nowhere{os.sep}mine.pub", "mine.pub cannot be read"),
    ],
)
def test_a_list_of_keys_that_cannot_be_used_lets_nothing_through(folder, monkeypatch, named, cause):
    monkeypatch.setenv(TRUSTED_KEYS, named)
    with pytest.raises(ModelError, match=cause):
        load_model(folder)


def test_trusting_nobody_is_refused(folder):
    with pytest.raises(ModelError, match="trusted names no public key"):
        load_model(folder, trusted=[])


# --- keys ---------------------------------------------------------------------------------------


def test_keys_are_made_once_and_for_their_owner(tmp_path):
    made = make_keys(tmp_path / "unit.v2")
    assert [path.name for path in made[:2]] == ["unit.v2.key", "unit.v2.pub"]
    if os.name == "posix":
        assert stat.S_IMODE(made.private.stat().st_mode) == 0o600
    assert open_signing_key(made.private).id == made.id
    assert repr(open_signing_key(made.private)) == f"SigningKey(id={made.id!r})"
    content = made.private.read_bytes(), made.public.read_bytes()
    for gone in (None, made.private, made.public):
        kept = gone.read_bytes() if gone else b""
        if gone:
            gone.unlink()
        with pytest.raises(ModelError, match="is there already, and a key is never overwritten"):
            make_keys(tmp_path / "unit.v2")
        if gone:
            assert not gone.exists()
            gone.write_bytes(kept)
    assert (made.private.read_bytes(), made.public.read_bytes()) == content
    with pytest.raises(ModelError, match=r"absent.a\.key cannot be written"):
        make_keys(tmp_path / "absent" / "a")


def test_no_private_key_is_left_without_its_public_one(tmp_path, monkeypatch):
    from radiomics_screen.modelling.bundle import signing_keys

    write = signing_keys._write_new

    def fail_for_the_public(path: Path, content: bytes, mode: int) -> None:
        if path.suffix == ".pub":
            raise ModelError("disk full")
        write(path, content, mode)

    monkeypatch.setattr(signing_keys, "_write_new", fail_for_the_public)
    with pytest.raises(ModelError, match="disk full"):
        make_keys(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_asked_for(model, mine, tmp_path):
    made = make_keys(tmp_path / "locked", password="süß")
    assert has_password(made.private)
    assert not has_password(mine.private)
    assert b"ENCRYPTED" in made.private.read_bytes()
    for wrong in (None, ""):
        with pytest.raises(ModelError, match=r"has a password: open it with open_signing_key"):
            open_signing_key(made.private, wrong)
    with pytest.raises(ModelError, match="password is wrong, or the file damaged"):
        open_signing_key(made.private, "sweet")
    with pytest.raises(ModelError, match=r"a password was given, but the key .* has none"):
        open_signing_key(mine.private, "süß")
    with pytest.raises(ModelError, match="the password of a key is empty"):
        make_keys(tmp_path / "empty", password="")
    with pytest.raises(ModelError, match="has a password"):
        model.save(tmp_path / "model", sign_with=made.private)
    assert not (tmp_path / "model").exists()
    model.save(tmp_path / "model", sign_with=open_signing_key(made.private, "süß"))
    load_model(tmp_path / "model", trusted=made.public)


def test_what_is_no_such_key_is_refused(model, folder, mine, tmp_path):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    curve = generate_private_key(SECP256R1())
    lock = form.NoEncryption()
    (tmp_path / "ec.key").write_bytes(curve.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock))
    public = curve.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ec.pub").write_bytes(public)
    (tmp_path / "text").write_text("no key")
    (tmp_path / "half.key").write_bytes(mine.private.read_bytes()[:60])
    for path, cause in [
        (mine.public, "is a public key; models are signed with the private one"),
        (tmp_path / "ec.key", "is no Ed25519 key"),
        (tmp_path / "text", "cannot be opened: the file is damaged, or none"),
        (tmp_path / "half.key", "cannot be opened: the file is damaged, or none"),
        (tmp_path / "nowhere", "cannot be read"),
        (tmp_path, "cannot be read"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(ModelError, match=cause):
            model.save(tmp_path / "model", sign_with=path)
        assert not (tmp_path / "model.json").exists()
    for path, cause in [
        (mine.private, "is a private key; name the public one"),
        (tmp_path / "ec.pub", "is no Ed25519 key"),
        (tmp_path / "text", "is no public key, or damaged"),
        (tmp_path / "nowhere", "cannot be read"),
    ]:
        with pytest.raises(ModelError, match=cause):
            load_model(folder, trusted=path)


def test_without_cryptography_all_but_signatures_works(folder, mine):
    code = NO_CRYPTOGRAPHY + (
        "from radiomics_screen.core.errors import ModelError\n"
        "from radiomics_screen.modelling import load_model\n"
        "from radiomics_screen.modelling.bundle.signing_keys import make_keys\n"
        "load_model(sys.argv[1])\n"
        "for needs in (lambda: make_keys('x'), lambda: load_model(sys.argv[1], trusted=sys.argv[2]),\n"
        "              lambda: load_model(sys.argv[1]).save(sys.argv[1], sign_with=sys.argv[3])):\n"
        "    try: needs()\n"
        "    except ModelError as error: print(error)\n"
    )
    arguments = [str(folder), str(mine.public), str(mine.private)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    needed = "signatures need the package cryptography: pip install 'radiomics-screen[sign]'"
    assert done.stdout.splitlines() == [needed] * 3
    load_model(folder, trusted=mine.public)


# --- commands -----------------------------------------------------------------------------------


def test_keys_are_made_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["keys", "clinic"])
    assert done.exit_code == 0
    assert open_signing_key("clinic.key").id in done.output
    again = CliRunner().invoke(app, ["keys", "clinic"])
    assert again.exit_code == 2
    assert "never overwritten" in again.output
    locked = CliRunner().invoke(app, ["keys", "locked", "--password"], input="secret\nsecret\n")
    assert locked.exit_code == 0
    assert "secret" not in locked.output
    asked: list[str] = []
    monkeypatch.setattr("typer.prompt", lambda text, **options: asked.append(text) or "secret")
    key = signing_key(Path("locked.key"))
    assert key is not None
    assert key.id == open_signing_key("locked.key", "secret").id
    assert signing_key(Path("clinic.key")) is not None
    assert signing_key(None) is None
    assert asked == ["Password of locked.key"]


@pytest.mark.usefixtures("figures_not_rendered")
def test_commands_take_trusted_keys(table, folder, mine, other, tmp_path):
    table.assign(case_id=lambda t: "n" + t["case_id"], patient_id=lambda t: "n" + t["patient_id"]).to_csv(
        tmp_path / "new.csv", index=False
    )
    (tmp_path / "cases.csv").write_text("image,mask\na.png,b.png\n")
    commands = (
        ["evaluate", str(folder), str(tmp_path / "new.csv"), "-o", str(tmp_path / "judged")],
        ["predict", str(folder), str(tmp_path / "cases.csv"), "-o", str(tmp_path / "read.csv")],
    )
    for command in commands:
        refused = CliRunner().invoke(app, [*command, "--trust", str(other.public)])
        assert refused.exit_code == 2
        assert "which is not trusted" in refused.output
        trusted = CliRunner().invoke(
            app, [*command, "--trust", str(other.public), "--trust", str(mine.public)]
        )
        assert "not trusted" not in trusted.output
    assert (tmp_path / "judged" / "evaluation.json").is_file()
    assert "does not say how its features were extracted" in trusted.output


def test_a_model_that_brings_a_program_needs_a_trusted_signature(
    model: Model, mine: KeyPair, other: KeyPair, tmp_path: Path
) -> None:
    for number, network in enumerate(("mine.pt", "MINE.TS", "/elsewhere/mine.torchscript")):
        card = model.card.model_copy(update={"settings": {"embedding": {"model": network}}})
        folder = tmp_path / f"{number}"
        replace(model, card=card).save(folder, sign_with=mine.private)
        with pytest.raises(ModelError, match="TorchScript file, a program that would be run"):
            load_model(folder)
        with pytest.raises(ModelError, match="not trusted"):
            load_model(folder, trusted=other.public)
        assert load_model(folder, trusted=mine.public).settings == card.settings
    card = model.card.model_copy(update={"settings": {"embedding": {"model": "efficientnet-lite0"}}})
    replace(model, card=card).save(tmp_path / "data")
    assert load_model(tmp_path / "data").settings == card.settings
