# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("CloudTranslationService", "zmq:--port", "health:--health-port", "zmq:5584")
