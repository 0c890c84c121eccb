# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("AdvancedRouter", "zmq:--port", "health:--health-port", "zmq:5555", "zmq:5556")
