# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("MemoryFusionHub",
    "zmq:$MFH_PORT", "health:$MFH_HEALTH_PORT", "grpc:$MFH_GRPC_PORT",
    "http:$PROMETHEUS_METRICS_PORT")
