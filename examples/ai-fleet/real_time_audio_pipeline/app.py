# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("RealTimeAudioPipeline", "zmq:$RTAP_ZMQ_PORT", "health:$RTAP_HEALTH_PORT", "grpc:$RTAP_GRPC_PORT")
