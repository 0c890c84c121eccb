# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("SpeechRelayService", "grpc:--port", "http:9109")
