# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("ResourceManager", "zmq:7113", "health:--health-port")
