# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("EmotionSynthesisAgent", "zmq:--port", "health:--health-port", "zmq:5643")
