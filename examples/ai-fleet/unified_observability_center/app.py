# SPDX-License-Identifier: Apache-2.0
from stub.agent import run

run("UnifiedObservabilityCenter", "http:$UOC_REST_PORT", "health:$UOC_HEALTH_PORT")
