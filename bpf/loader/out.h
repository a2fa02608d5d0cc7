/* SPDX-License-Identifier: Apache-2.0 */
/* Records on standard output, gathered into large writes. */
#ifndef HTTPTRACE_OUT_H
#define HTTPTRACE_OUT_H

#include <stddef.h>

/* Append one whole record; flushes when the buffer is full. Ends the process when nobody reads. */
void out_record(const void *record, size_t len);
/* A record of only a head and one text field. */
void out_text(unsigned short type, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Answer to a command: 0 or a negative errno, and a text for a person. */
void out_reply(unsigned int seq, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void out_flush(void);

#endif
