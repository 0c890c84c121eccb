/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of oci-probe for each architecture, nothing where it was not built, and their SHA-256
 * as text: see probe/build.sh. */
.macro part architecture
	.globl smith_probe_\architecture, smith_probe_\architecture\()_end
	.globl smith_probe_\architecture\()_sha256
	.hidden smith_probe_\architecture, smith_probe_\architecture\()_end
	.hidden smith_probe_\architecture\()_sha256
	.balign 16
smith_probe_\architecture:
	.incbin "oci-probe-\architecture"
smith_probe_\architecture\()_end:
	.byte 0
smith_probe_\architecture\()_sha256:
	.incbin "oci-probe-\architecture\().sha256"
	.byte 0
.endm

	.section .rodata
	part amd64
	part arm64
	.section .note.GNU-stack, "", %progbits
