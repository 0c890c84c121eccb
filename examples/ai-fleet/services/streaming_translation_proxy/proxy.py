# SPDX-License-Identifier: Apache-2.0
from stub.asgi import application

app = application("StreamingTranslationProxy", 9106)
