/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF objects inside the loader: one file to ship, nothing to find at run time. */
	.section .rodata
	.balign 16
	.global sleepable_start, sleepable_end, single_start, single_end
sleepable_start:
	.incbin BPF_SLEEPABLE
sleepable_end:
	.balign 16
single_start:
	.incbin BPF_SINGLE
single_end:
	.section .note.GNU-stack,"",%progbits
