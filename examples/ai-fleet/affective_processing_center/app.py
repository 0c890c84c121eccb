# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("AffectiveProcessingCenter",
    "zmq:$APC_PORT", "health:$APC_HEALTH_PORT", "pub:$APC_PUB_PORT", "zmq:$APC_SYNTH_PORT")
