"""By hand: pins what pages take from others. Fetches the named versions with npm, and writes web/runtime.json and the
import map in each page, which says the same to browsers.

    python tests/pin_runtime.py 0.7.31 1.28.0-6 4.13.0 2.0.4

Which files of the package load is not written anywhere: tests/test_runtime.py fails on a file that loads and is not
pinned. Add it here.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
PAGES = (WEB / "index.html", WEB / "lab" / "index.html")
PACKAGES = {
    "@pyscript/core": r"dist/(core|core-\w+|error-\w+|toml-V\w+)\.js",
    "@micropython/micropython-webassembly-pyscript": r"micropython\.(mjs|wasm)",
    "hash-wasm": r"dist/argon2\.umd\.min\.js",
    "qrcode-generator": r"dist/qrcode\.mjs",
}
# The page works without these, and loads them from its own server only: a worker's script must be of the page's origin,
# and for a picture of digits that stand beside it no page needs to trust one more folder of the CDN.
OPTIONAL = {"hash-wasm", "qrcode-generator"}


def pin(name: str, version: str) -> list[dict]:
    """The files of one package as web/runtime.json has them."""
    package = f"{name}@{version}"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", package, "--ignore-scripts", "--silent"], cwd=folder, check=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as packed:
            paths = sorted(member.name.removeprefix("package/") for member in packed)
            paths = [path for path in paths if re.fullmatch(PACKAGES[name], path)]
            hashes = {path: integrity(packed.extractfile(f"package/{path}").read()) for path in paths}
    address = f"https://cdn.jsdelivr.net/npm/{package}/"
    return [
        {"package": package, "path": path, "address": address + path, "integrity": value, "optional": name in OPTIONAL}
        for path, value in hashes.items()
    ]


def integrity(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def import_map(files: list[dict]) -> str:
    """What browsers may load from the CDN."""
    needed = [file for file in files if not file["optional"]]
    return json.dumps({"integrity": {file["address"]: file["integrity"] for file in needed}}, indent=2)


def with_import_map(page: str, text: str) -> str:
    """The page with this import map in place of its own."""
    element = r'(<script type="importmap">).*?(</script>)'
    page, count = re.subn(element, lambda found: found[1] + text + found[2], page, flags=re.DOTALL)
    if count != 1:
        raise SystemExit("each page needs one import map")
    return page


def main(versions: list[str]) -> None:
    files = [file for name, version in zip(PACKAGES, versions, strict=True) for file in pin(name, version)]
    manifest = {
        "about": "What others made, pinned. Written by tests/pin_runtime.py: address and SHA-384 of each file.",
        "files": files,
    }
    (WEB / "runtime.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    for page in PAGES:
        page.write_text(with_import_map(page.read_text("utf-8"), import_map(files)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
