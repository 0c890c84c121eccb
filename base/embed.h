/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SMITH_EMBED(smith_x, "folder/file"); puts the bytes of a file of the tree into the program:
 * smith_x_begin, a NUL after them at smith_x_end. The Makefile has to know of the file, so that the
 * object is made anew when it changes. The assembler's .incbin finds it below the top folder.
 */
#define SMITH_EMBED(symbol, path)                                                                  \
	__asm__(".section .rodata\n"                                                               \
		".balign 16\n" #symbol "_begin: .incbin \"" path "\"\n" #symbol "_end: .byte 0\n"  \
		".previous\n");                                                                    \
	extern const char symbol##_begin[] __attribute__((visibility("hidden")));                  \
	extern const char symbol##_end[] __attribute__((visibility("hidden")))
