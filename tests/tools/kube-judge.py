#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kube-judge.py [--server] FILE...: are these manifests ones that Kubernetes accepts?

The schema is Kubernetes' OpenAPI, as the classes that python3-kubernetes has of it: every field must be one of its
object's, of its type, and those that are required must be there. --server adds what the API server asks beyond the
schema and ocismith could get wrong: names, resources, paths. Prints what is wrong; exit status 1 if anything is.
"""
import re
import sys

import yaml
from kubernetes.client import models
from kubernetes.client.configuration import Configuration

KINDS = {
    ("v1", "ConfigMap"): "V1ConfigMap",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Pod"): "V1Pod",
    ("v1", "Service"): "V1Service",
    ("apps/v1", "Deployment"): "V1Deployment",
}
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": str}
LABEL = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
QUANTITY = re.compile(r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[mkMGTPE])?$")
wrong = []


def say(path, text):
    wrong.append(f"{path}: {text}")


def check_object(value, kind, path):
    if not isinstance(value, dict):
        return say(path, f"is no {kind}")
    names = {json: name for name, json in kind.attribute_map.items()}
    known = {}
    for key, inner in value.items():
        if key not in names:
            say(path, f"has no field '{key}' ({kind.__name__})")
        else:
            check(inner, kind.openapi_types[names[key]], f"{path}.{key}")
            known[names[key]] = inner
    try:
        kind(**known, local_vars_configuration=Configuration())
    except ValueError as error:
        say(path, str(error))


def check(value, type_name, path):
    listed = re.fullmatch(r"list\[(.*)\]", type_name)
    mapped = re.fullmatch(r"dict\(str, (.*)\)", type_name)
    if type_name in PLAIN:
        if not isinstance(value, PLAIN[type_name]) or (type_name != "bool" and isinstance(value, bool)):
            say(path, f"is {value!r}, not {type_name}")
    elif type_name == "object":
        if not isinstance(value, (str, int, dict)) or isinstance(value, bool):
            say(path, f"is {value!r}")
    elif listed:
        if not isinstance(value, list):
            return say(path, "is no list")
        for number, item in enumerate(value):
            check(item, listed[1], f"{path}[{number}]")
    elif mapped:
        if not isinstance(value, dict):
            return say(path, "is no map")
        for key, item in value.items():
            check(key, "str", f"{path} key")
            check(item, mapped[1], f"{path}.{key}")
    else:
        check_object(value, getattr(models, type_name), path)


def unique(values, path, what):
    values = list(values)
    if len(set(values)) != len(values):
        say(path, f"{what} twice: {values}")


def check_metadata(metadata, path):
    if not NAME.match(metadata.get("name", "x")):
        say(path, f"name '{metadata['name']}'")
    for key, value in metadata.get("labels", {}).items():
        if not KEY.match(key) or not LABEL.match(value):
            say(path, f"label '{key}: {value}'")
    for key in metadata.get("annotations", {}):
        if not KEY.match(key.lower()):
            say(path, f"annotation '{key}'")


def check_container(container, volumes, path):
    for mount in container.get("volumeMounts", []):
        if ":" in mount["mountPath"] or mount["name"] not in volumes:
            say(path, f"mount {mount}")
    unique((mount["mountPath"] for mount in container.get("volumeMounts", [])), path, "mountPath")
    unique((port["name"] for port in container.get("ports", [])), path, "port")
    for key, amount in container.get("resources", {}).get("limits", {}).items():
        if not KEY.match(key) or not QUANTITY.match(str(amount)):
            say(path, f"limit '{key}: {amount}'")
    for probe in ("livenessProbe", "startupProbe"):
        if container.get(probe, {}).get("successThreshold", 1) != 1:
            say(path, f"{probe}: successThreshold")


def check_pod(metadata, spec, path):
    check_metadata(metadata, path)
    volumes = [volume["name"] for volume in spec.get("volumes", [])]
    unique(volumes, path, "volume")
    containers = spec.get("initContainers", []) + spec["containers"]
    unique((container["name"] for container in containers), path, "container")
    for container in containers:
        if not NAME.match(container["name"]):
            say(path, f"container '{container['name']}'")
        check_container(container, volumes, f"{path} {container['name']}")
    for name in volumes:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
            say(path, f"volume '{name}'")


def check_server(document, path):
    kind, spec = document["kind"], document.get("spec", {})
    check_metadata(document["metadata"], path)
    if kind == "Pod":
        check_pod(document["metadata"], spec, path)
    if kind == "Deployment":
        template = spec["template"]
        check_pod(template["metadata"], template["spec"], path)
        if template["spec"]["restartPolicy"] != "Always":
            say(path, "restartPolicy of a Deployment")
        labels = template["metadata"]["labels"]
        if any(labels.get(key) != value for key, value in spec["selector"]["matchLabels"].items()):
            say(path, "selects no pod of its own")
    if kind == "Service":
        unique((port["name"] for port in spec["ports"]), path, "port")
    if kind == "ConfigMap":
        for key in document["data"]:
            if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key):
                say(path, f"key '{key}'")


def main(arguments):
    server = arguments[:1] == ["--server"]
    for name in arguments[server:]:
        with open(name, encoding="utf-8") as file:
            documents = list(yaml.safe_load_all(file))
        if not documents:
            say(name, "has no documents")
        for document in documents:
            kind = (document.get("apiVersion"), document.get("kind"))
            path = f"{name}: {kind[1]} {document['metadata']['name']}"
            if kind not in KINDS:
                say(path, f"kind {kind}")
                continue
            check_object(document, getattr(models, KINDS[kind]), path)
            if server:
                check_server(document, path)
        identities = [(d["kind"], d["metadata"]["name"]) for d in documents]
        unique(identities, name, "object")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
