# SPDX-License-Identifier: Apache-2.0
"""The machine profile that the image carries for its host."""
import json

PATH = "/etc/machine-profile.json"


def profile(path=PATH):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {}
