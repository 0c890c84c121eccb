# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("AgentTrustScorer", "zmq:--port", "health:--health-port", "zmq:5626")
