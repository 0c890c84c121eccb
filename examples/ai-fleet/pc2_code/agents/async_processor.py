# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("AsyncProcessor", "zmq:7101", "health:--health-port")
