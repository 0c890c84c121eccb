# SPDX-License-Identifier: Apache-2.0
"""A FastAPI service: /health for the unit's health check, / says hello and where it runs."""
import os

import fleetlib
from fastapi import FastAPI
from jinja2 import Template

from app.machine import profile

app = FastAPI(title="hello")
GREETING = Template("{{ greeting }} from uid {{ uid }}")


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/")
def hello():
    machine = profile()
    message = GREETING.render(greeting=machine.get("GREETING", "hello"), uid=os.getuid())
    return {"message": message, "fleetlib": fleetlib.__version__, "machine": machine}
