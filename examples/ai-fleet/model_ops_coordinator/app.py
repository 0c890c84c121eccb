# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("ModelOpsCoordinator",
    "zmq:$MOC_PORT", "health:$MOC_HEALTH_PORT", "zmq:$MOC_SERVER_ZMQ_PORT",
    "grpc:$MOC_SERVER_GRPC_PORT", "http:$MOC_REST_PORT")
