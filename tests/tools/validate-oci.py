#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""validate-oci.py LAYOUT: judges an OCI image layout by the image-spec's own JSON schemas.

Walks oci-layout, index.json, each index and manifest in it, their descriptors and configs: every
document must fit its schema, every blob must have the size and digest that its descriptor says,
and diff IDs must be as many as layers. Prints what it checked; exit 1 with the problems on stderr,
exit 2 when the schemas or python3-jsonschema are not installed.

Debian packages: python3-jsonschema, golang-github-opencontainers-image-spec-dev.
"""
import hashlib
import json
import pathlib
import sys

SCHEMAS = pathlib.Path(
    "/usr/share/gocode/src/github.com/opencontainers/image-spec/schema"
)
DOCKER = "application/vnd.docker.distribution."
KINDS = {
    "application/vnd.oci.image.index.v1+json": "index",
    DOCKER + "manifest.list.v2+json": "index",
    "application/vnd.oci.image.manifest.v1+json": "manifest",
    DOCKER + "manifest.v2+json": "manifest",
    "application/vnd.oci.image.config.v1+json": "config",
    "application/vnd.docker.container.image.v1+json": "config",
}
FILES = {
    "layout": "image-layout-schema.json",
    "index": "image-index-schema.json",
    "manifest": "image-manifest-schema.json",
    "config": "config-schema.json",
    "descriptor": "content-descriptor.json",
}


def refuse_duplicates(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def load_schema(path):
    """Schemas name each other by file, but carry ids from which these names do not resolve."""

    def without_id(pairs):
        return {key: value for key, value in pairs if key != "id" or isinstance(value, dict)}

    return json.loads(path.read_text(), object_pairs_hook=without_id)


class Judge:
    def __init__(self, root, jsonschema):
        self.root = root
        self.problems = []
        self.counts = {}
        self.seen = set()
        store = {path.name: load_schema(path) for path in SCHEMAS.glob("*.json")}
        self.validators = {}
        for kind, name in FILES.items():
            resolver = jsonschema.RefResolver(name, store[name], store=store)
            self.validators[kind] = jsonschema.Draft4Validator(
                store[name], resolver=resolver
            )

    def problem(self, where, text):
        self.problems.append(f"{where}: {text}")

    def check(self, kind, value, where):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        for error in self.validators[kind].iter_errors(value):
            place = "/".join(map(str, error.absolute_path))
            self.problem(where, f"{kind} breaks its schema at '{place}': {error.message}")

    def read(self, data, where):
        try:
            return json.loads(data, object_pairs_hook=refuse_duplicates)
        except ValueError as error:
            self.problem(where, f"no JSON: {error}")
            return None

    def blob(self, descriptor, where):
        """The bytes of a blob that fits its descriptor."""
        self.check("descriptor", descriptor, where)
        digest = descriptor.get("digest", "")
        algorithm, _, encoded = digest.partition(":")
        path = self.root / "blobs" / algorithm / encoded
        if algorithm != "sha256" or not path.is_file():
            self.problem(where, f"blob '{digest}' is missing")
            return None
        data = path.read_bytes()
        if len(data) != descriptor.get("size"):
            self.problem(where, f"blob '{digest}' has {len(data)} bytes")
        if hashlib.sha256(data).hexdigest() != encoded:
            self.problem(where, f"blob '{digest}' has another digest")
        self.counts["blob"] = self.counts.get("blob", 0) + 1
        return data

    def document(self, descriptor, where):
        if descriptor.get("digest") in self.seen:
            self.check("descriptor", descriptor, where)
            return None
        self.seen.add(descriptor.get("digest"))
        kind = KINDS.get(descriptor.get("mediaType"))
        data = self.blob(descriptor, where)
        if data is None or kind is None:
            return None
        name = descriptor["digest"]
        value = self.read(data, name)
        if value is None:
            return None
        self.check(kind, value, name)
        if kind == "index":
            self.index(value, name)
        elif kind == "manifest":
            self.manifest(value, name)
        return value

    def index(self, value, name):
        for entry in value.get("manifests") or []:
            self.document(entry, name)

    def manifest(self, value, name):
        config = self.document(value.get("config", {}), name)
        layers = value.get("layers") or []
        for layer in layers:
            self.blob(layer, name)
        if config and len(config["rootfs"]["diff_ids"]) != len(layers):
            self.problem(name, "diff IDs and layers differ in number")

    def run(self):
        for kind, name in (("layout", "oci-layout"), ("index", "index.json")):
            value = self.read((self.root / name).read_bytes(), name)
            if value is None:
                continue
            self.check(kind, value, name)
            if kind == "index":
                self.index(value, name)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: validate-oci.py LAYOUT")
    try:
        import jsonschema
    except ImportError:
        print("python3-jsonschema is not installed", file=sys.stderr)
        sys.exit(2)
    if not SCHEMAS.is_dir():
        print("golang-github-opencontainers-image-spec-dev is not installed", file=sys.stderr)
        sys.exit(2)
    judge = Judge(pathlib.Path(sys.argv[1]), jsonschema)
    judge.run()
    print(", ".join(f"{count} {kind}" for kind, count in sorted(judge.counts.items())))
    for problem in judge.problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if judge.problems else 0)


main()
