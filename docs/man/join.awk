# SPDX-License-Identifier: Apache-2.0
# join.awk GENERATED BODY: a man page. What `ocismith help --roff` generates falls in two parts at
# its line `.\" body`; the first goes before the body, the second where the body says `.\" options`.
FNR == NR && $0 == ".\\\" body" { part = 1; next }
FNR == NR { generated[part + 0] = generated[part + 0] $0 "\n"; next }
FNR == 1 { printf "%s", generated[0] }
$0 == ".\\\" options" { printf "%s", generated[1]; next }
{ print }
