# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("SelfHealingSupervisor", "tcp:--port", "http:--health-port", "http:9108")
